package mailbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/mailbox"
	"github.com/hexauth/hexauth/domain"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ticking is a port.Clock that is a second later each time it is read: noon when the mailbox is made, 12:00:01 for the first mail.
type ticking struct {
	mu   sync.Mutex
	next time.Time
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.next
	c.next = now.Add(time.Second)
	return now.In(time.FixedZone("", 3600))
}

func newMailbox() *mailbox.Mailbox {
	return mailbox.New(&ticking{next: noon})
}

func mail(id, to string) domain.Mail {
	return domain.Mail{
		Message: domain.Message{
			ID: id, Template: domain.TemplateEmailVerify, Locale: "fr", To: to, DisplayName: "Jane", Email: to,
			Link: "http://localhost:4000/verify?ticket=verifyEmail%3A1&type=emailVerify", Ticket: "verifyEmail:1", RedirectTo: "http://localhost:3000",
		},
		Subject: "Vérifiez", HTML: "<p>Bonjour & bienvenue</p>", Text: "Bonjour",
	}
}

func sms(id, to, code string) domain.Mail {
	return domain.Mail{
		Message: domain.Message{ID: id, Template: domain.TemplateSignInSMS, Locale: "en", To: to, Ticket: code},
		Text:    "Your code is " + code,
	}
}

func send(t *testing.T, box *mailbox.Mailbox, mails ...domain.Mail) {
	t.Helper()
	for _, m := range mails {
		require.NoError(t, box.Send(context.Background(), m))
	}
}

func ids(messages []mailbox.Message) []string {
	found := []string{}
	for _, m := range messages {
		found = append(found, m.ID)
	}
	return found
}

func TestMailbox_KeepsAMailWithAllThatAServerWouldGet(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"))
	link := "http://localhost:4000/verify?ticket=verifyEmail%3A1&type=emailVerify"
	require.Equal(t, []mailbox.Message{{
		ID: "1", Kind: mailbox.KindEmail, To: "jane@example.com", Template: domain.TemplateEmailVerify, Locale: "fr", Subject: "Vérifiez",
		Link: link, Ticket: "verifyEmail:1", RedirectTo: "http://localhost:3000", Text: "Bonjour", HTML: "<p>Bonjour & bienvenue</p>",
		Headers: map[string]string{
			"To": "jane@example.com", "Subject": "Vérifiez", "Date": "Sun, 01 Mar 2026 12:00:01 +0000", "X-Email-Template": "email-verify",
			"X-Link": link, "X-Ticket": "verifyEmail:1", "X-Redirect-To": "http://localhost:3000",
		},
		ReceivedAt: noon.Add(time.Second),
	}}, box.Messages())
}

func TestMailbox_KeepsAnSMSWithoutHeaders(t *testing.T) {
	box := newMailbox()
	send(t, box, sms("1", "+41791234567", "123456"))
	require.Equal(t, []mailbox.Message{{
		ID: "1", Kind: mailbox.KindSMS, To: "+41791234567", Template: domain.TemplateSignInSMS, Locale: "en", Ticket: "123456",
		Text: "Your code is 123456", Headers: map[string]string{}, ReceivedAt: noon.Add(time.Second),
	}}, box.Messages())
}

func TestMailbox_ListsTheNewestFirstAndForgetsTheOldestAfter500(t *testing.T) {
	box, want := newMailbox(), []string{}
	for i := range 503 {
		send(t, box, mail(fmt.Sprint(i), "jane@example.com"))
		if i >= 3 {
			want = append([]string{fmt.Sprint(i)}, want...)
		}
	}
	require.Len(t, want, 500)
	require.Equal(t, want, ids(box.Messages()))
}

func TestMailbox_TakesAMailSentAgainForTheSame(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"), mail("2", "jane@example.com"), mail("1", "jane@example.com"))
	require.Equal(t, []string{"2", "1"}, ids(box.Messages()))
	require.Equal(t, noon.Add(time.Second), box.Messages()[1].ReceivedAt)
}

func TestMailbox_RefusesAMailWithoutAnIDAndTellsNothingOfIt(t *testing.T) {
	box := newMailbox()
	require.EqualError(t, box.Send(context.Background(), mail("", "jane@example.com")), "mailbox: a mail without an ID")
	require.Empty(t, box.Messages())
}

func TestMailbox_GivesItsMessagesAway(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"))
	mine := box.Messages()
	mine[0].To, mine[0].Headers["To"] = "else", "else"
	require.Equal(t, "jane@example.com", box.Messages()[0].To)
	require.Equal(t, "jane@example.com", box.Messages()[0].Headers["To"])
}

func TestMailbox_HeadersHaveOneLine(t *testing.T) {
	box, hostile := newMailbox(), mail("1", "jane@example.com\r\nBcc: eve@example.com")
	hostile.Subject, hostile.RedirectTo = "Hi\nX-Link: http://evil.example", "http://localhost:3000\r\r\n"
	send(t, box, hostile)
	headers := box.Messages()[0].Headers
	require.Equal(t, "jane@example.comBcc: eve@example.com", headers["To"])
	require.Equal(t, "HiX-Link: http://evil.example", headers["Subject"])
	require.Equal(t, "http://localhost:3000", headers["X-Redirect-To"])
}

func TestMailbox_CanBeEmptied(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"))
	box.Empty()
	require.Equal(t, []mailbox.Message{}, box.Messages())
	send(t, box, mail("1", "jane@example.com"))
	require.Equal(t, []string{"1"}, ids(box.Messages()))
}

func TestMailbox_IsSafeForConcurrentUse(t *testing.T) {
	box := newMailbox()
	var all sync.WaitGroup
	for sender := range 8 {
		all.Go(func() {
			for i := range 100 {
				_ = box.Send(context.Background(), mail(fmt.Sprintf("%d-%d", sender, i), "jane@example.com"))
				if i%10 == 0 {
					box.Messages()[0].Headers["To"] = ""
				}
			}
		})
	}
	all.Wait()
	found := ids(box.Messages())
	require.Len(t, found, 500)
	distinct := map[string]bool{}
	for _, id := range found {
		distinct[id] = true
	}
	require.Len(t, distinct, 500)
}
