package smtp_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// talker is a connection to a server that says its text and hangs up, whatever it is told.
type talker struct {
	io.Reader
}

func (*talker) Write(p []byte) (int, error)      { return len(p), nil }
func (*talker) Close() error                     { return nil }
func (*talker) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*talker) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*talker) SetDeadline(time.Time) error      { return nil }
func (*talker) SetReadDeadline(time.Time) error  { return nil }
func (*talker) SetWriteDeadline(time.Time) error { return nil }

// FuzzServer reads what a mail server says. A mail counts as sent only when the server took it, and no error repeats link, ticket or
// password, however the server does.
func FuzzServer(f *testing.F) {
	const good = "220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n235 2.7.0 ok\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n250 2.0.0 queued\r\n"
	f.Add(good)
	for _, cut := range []string{"250 2.1.5", "354 go", "250 2.0.0", "235 2"} {
		before, _, _ := strings.Cut(good, cut)
		f.Add(before + "550 5.1.1 no PASSWORD LINK TICKET\r\n")
		f.Add(before + "421 4.3.2 busy\r\n")
		f.Add(before + "250-" + strings.Repeat("x", 5000) + "\r\n250-\r\n")
		f.Add(before + "hello\r\n")
	}
	f.Add("220 a\r\n250 AUTH XOAUTH2 SCRAM-SHA-256\r\n334 cj1hLHM9YixpPTE=\r\n334 !\r\n")
	f.Add("220-\r\n220 \x00\xff\n500 no EHLO\r\n250 HELO\r\n")
	mail := domain.Mail{Message: domain.Message{
		ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", Template: domain.TemplateEmailVerify, To: "jane@example.com", Locale: "en",
		Link: "https://auth.example.com/verify?ticket=verifyEmail%3A1d5e3c1f6a7b", Ticket: "verifyEmail:1d5e3c1f6a7b",
	}, Subject: "Hi", HTML: "<p>Hi</p>", Text: "Hi"}
	f.Fuzz(func(t *testing.T, says string) {
		says = strings.NewReplacer("PASSWORD", password, "LINK", mail.Link, "TICKET", mail.Ticket).Replace(says)
		m, err := smtp.New(smtp.Options{
			Host: "127.0.0.1", Port: 25, User: user, Password: password, Sender: "noreply@example.com", Clock: kit.NewClock(), Timeout: 5 * time.Second,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return &talker{Reader: strings.NewReader(says)}, nil
			},
		})
		require.NoError(t, err)
		err = m.Send(t.Context(), mail)
		require.NoError(t, m.Close())
		if err == nil {
			require.Contains(t, says, "354")
			return
		}
		require.Less(t, len(err.Error()), 500)
		require.False(t, strings.ContainsAny(err.Error(), "\r\n\x00"), "%q", err)
		for _, secret := range []string{password, mail.Link, mail.Ticket} {
			require.NotContains(t, err.Error(), secret)
		}
	})
}

// chatter is a text that is said again and again.
type chatter string

func (c chatter) Read(p []byte) (int, error) { return copy(p, c), nil }

func TestServer_ThatNeverEndsItsAnswerIsLeft(t *testing.T) {
	for _, says := range []chatter{"220-hello\r\n", "x", "220 \r\n250-x\r\n"} {
		m, err := smtp.New(smtp.Options{
			Host: "127.0.0.1", Port: 25, Sender: "noreply@example.com", Clock: kit.NewClock(), Timeout: time.Minute,
			Dial: func(context.Context, string, string) (net.Conn, error) { return &talker{Reader: says}, nil },
		})
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = m.Send(t.Context(), domain.Mail{Message: domain.Message{ID: "1", To: "jane@example.com"}, Subject: "Hi", Text: "Hi"})
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, domain.Unavailable)
		require.Less(t, len(err.Error()), 500)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
	}
}
