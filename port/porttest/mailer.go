package porttest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ReceivedMail is a mail as the other side got it.
type ReceivedMail struct {
	ID   string // by which the other side recognises a repetition, such as the Message-ID; "" where there is no such thing
	To   string
	Link string
}

const promptly = 5 * time.Second

// Mailer is the suite of port.Mailer. Each call of open gives a mailer whose other side works, and tells what that side has
// accepted so far, in order.
func Mailer(t *testing.T, open func(t *testing.T) (mailer port.Mailer, received func() []ReceivedMail)) {
	t.Run("a mail that was sent is delivered once", func(t *testing.T) {
		mailer, received := open(t)
		mail := newMail("jane@example.com")
		require.NoError(t, mailer.Send(t.Context(), mail))
		mails := received()
		require.Len(t, mails, 1)
		require.Equal(t, ReceivedMail{ID: mails[0].ID, To: "jane@example.com", Link: mail.Link}, mails[0])
	})
	t.Run("a repetition is recognisable, another mail is not taken for one", func(t *testing.T) {
		mailer, received := open(t)
		mail, other := newMail("jane@example.com"), newMail("jane@example.com")
		for _, next := range []domain.Mail{mail, mail, other} {
			require.NoError(t, mailer.Send(t.Context(), next))
		}
		mails := received()
		require.Len(t, mails, 3)
		require.Equal(t, mails[0].ID, mails[1].ID)
		if mails[0].ID != "" {
			require.NotEqual(t, mails[0].ID, mails[2].ID)
		}
	})
	t.Run("nothing is sent for a context that has ended", func(t *testing.T) {
		mailer, received := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantPromptError(t, context.Canceled, func() error { return mailer.Send(ctx, newMail("jane@example.com")) })
		require.Empty(t, received())
	})
	t.Run("twenty callers at once all deliver", func(t *testing.T) {
		mailer, received := open(t)
		want := map[string]string{}
		var mails []domain.Mail
		for i := range 20 {
			mail := newMail(fmt.Sprintf("jane+%d@example.com", i))
			mails, want[mail.To] = append(mails, mail), mail.Link
		}
		errs := make([]error, len(mails))
		var senders sync.WaitGroup
		for i, mail := range mails {
			senders.Go(func() { errs[i] = mailer.Send(t.Context(), mail) })
		}
		senders.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		got := map[string]string{}
		for _, mail := range received() {
			got[mail.To] = mail.Link
		}
		require.Len(t, received(), len(mails))
		require.Equal(t, want, got)
	})
}

// UnreachableMailer is the suite for a mailer whose other side is away or refuses: it says so soon, and without the secrets of
// the mail or of the adapter.
func UnreachableMailer(t *testing.T, mailer port.Mailer, secrets ...string) {
	mail := newMail("jane@example.com")
	err := wantPromptError(t, nil, func() error { return mailer.Send(t.Context(), mail) })
	for _, secret := range append(secrets, mail.Ticket) { // the link holds the ticket
		require.NotContains(t, err.Error(), secret)
	}
}

// wantPromptError calls and returns an error that comes soon and, unless want is nil, wraps want.
func wantPromptError(t *testing.T, want error, call func() error) error {
	t.Helper()
	began := time.Now()
	err := call()
	require.Error(t, err)
	require.Less(t, time.Since(began), promptly)
	if want != nil {
		require.ErrorIs(t, err, want)
	}
	return err
}

func newMail(to string) domain.Mail {
	ticket := "verifyEmail:" + uuid.NewString()
	link := "https://auth.example.com/v1/verify?ticket=" + ticket + "&type=emailVerify&redirectTo=https://app.example.com/"
	return domain.Mail{
		Message: domain.Message{
			ID: uuid.NewString(), Template: domain.TemplateEmailVerify, Locale: "en", To: to, DisplayName: "Jane", Email: to,
			Link: link, Ticket: ticket, RedirectTo: "https://app.example.com/",
		},
		Subject: "Verify your e-mail address", HTML: `<p><a href="` + link + `">Verify</a></p>`, Text: "Verify: " + link,
	}
}
