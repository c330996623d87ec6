package smtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
)

func TestMailer_KeepsThePortsPromises(t *testing.T) {
	for name, kind := range map[string]kind{"clear": plain, "STARTTLS": startTLS, "implicit": implicitTLS} {
		t.Run(name, func(t *testing.T) {
			porttest.Mailer(t, func(t *testing.T) (port.Mailer, func() []porttest.ReceivedMail) {
				s := serve(t, kind, &mailServer{})
				o := s.options()
				o.Secure = kind == implicitTLS
				return open(t, o), func() (received []porttest.ReceivedMail) {
					for _, d := range s.mails() {
						header := parse(t, d).Header
						received = append(received, porttest.ReceivedMail{ID: header.Get("Message-ID"), To: d.to, Link: header.Get("X-Link")})
					}
					return received
				}
			})
		})
	}
}

func TestMailer_AServerThatIsAwayIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &mailServer{port: listener.Addr().(*net.TCPAddr).Port}
	require.NoError(t, listener.Close())
	o := s.options()
	o.User, o.Password = user, password
	mailer := open(t, o)
	porttest.UnreachableMailer(t, mailer, password)
	require.ErrorIs(t, mailer.Send(t.Context(), newMail("jane@example.org")), domain.Unavailable)
}

func TestConnection_ServesManyMails(t *testing.T) {
	s := serve(t, startTLS, &mailServer{})
	mailer := open(t, s.options())
	for range 5 {
		require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	}
	require.Equal(t, []int{5, 1}, []int{len(s.mails()), s.connections()})
}

func TestConnection_IsGivenBackWhenIdle(t *testing.T) {
	s := serve(t, plain, &mailServer{})
	o := s.options()
	o.Idle = 20 * time.Millisecond
	mailer := open(t, o)
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	s.awaitEnd(t)
	require.Equal(t, 1, s.count("QUIT\r\n"))
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	require.Equal(t, 2, s.connections())
	require.Len(t, s.mails(), 2)
}

func TestConnection_ThatDiedBetweenMailsIsReplacedAndNothingIsSentTwice(t *testing.T) {
	s := serve(t, startTLS, &mailServer{})
	mailer := open(t, s.options())
	for range 3 {
		require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
		s.hangUp()
	}
	require.Equal(t, 3, s.connections())
	require.Len(t, s.mails(), 3)
}

// A server may hang up at any step before it takes the content: 421 or no word at all.
func TestConnection_ThatDiesBeforeTheContentIsReplacedOnce(t *testing.T) {
	closing := func(n int, c *server.Conn) error {
		if n == 2 {
			return &server.SMTPError{Code: 421, EnhancedCode: server.EnhancedCode{4, 4, 2}, Message: "idle for too long"}
		}
		return nil
	}
	cutting := func(n int, c *server.Conn) error {
		if n == 2 {
			return c.Conn().Close()
		}
		return nil
	}
	for name, s := range map[string]*mailServer{
		"421 to MAIL": {onMail: closing}, "421 to RCPT": {onRcpt: closing},
		"cut at MAIL": {onMail: cutting}, "cut at RCPT": {onRcpt: cutting},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, plain, s)
			mailer := open(t, s.options())
			for range 2 {
				require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
			}
			require.Equal(t, []int{2, 3, 2}, []int{len(s.mails()), s.attempts(), s.connections()})
		})
	}
}

func TestConnection_AFreshOneThatDiesIsNotTriedAgain(t *testing.T) {
	s := serve(t, plain, &mailServer{onMail: func(_ int, c *server.Conn) error { return c.Conn().Close() }})
	err := open(t, s.options()).Send(t.Context(), newMail("jane@example.org"))
	require.ErrorIs(t, err, domain.Unavailable)
	require.Equal(t, 1, s.attempts())
}

// The server may have taken the mail: only the caller may decide to send it again.
func TestContent_ThatWasCutShortIsNotSentAgain(t *testing.T) {
	s := serve(t, plain, &mailServer{onData: func(n int, c *server.Conn, content io.Reader) error {
		if n != 2 {
			return nil
		}
		_, err := io.ReadFull(content, make([]byte, 100))
		return errors.Join(errors.New("out of order"), err, c.Conn().Close())
	}})
	mailer := open(t, s.options())
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	err := mailer.Send(t.Context(), newMail("jane@example.org"))
	require.ErrorIs(t, err, domain.Unavailable)
	require.ErrorContains(t, err, "smtp: content: ")
	require.Equal(t, 2, s.attempts())
	require.Len(t, s.mails(), 1)
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")), "the next mail gets a new connection")
	mails := s.mails()
	require.Equal(t, parse(t, mails[0]).Header.Get("Message-ID"), parse(t, mails[1]).Header.Get("Message-ID"))
}

func TestRefusal_OfTheRecipientIsFinalAndKeepsTheConnection(t *testing.T) {
	s := serve(t, plain, &mailServer{onRcpt: func(n int, _ *server.Conn) error {
		if n == 1 {
			return &server.SMTPError{Code: 550, EnhancedCode: server.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	}})
	mailer := open(t, s.options())
	err := mailer.Send(t.Context(), newMail("nobody@example.org"))
	require.EqualError(t, err, "smtp: RCPT TO: 550 5.1.1 no such user")
	require.NotErrorIs(t, err, domain.Unavailable)
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	require.Equal(t, 1, s.connections())
	mails := s.mails()
	require.Len(t, mails, 1)
	require.Equal(t, "jane@example.org", mails[0].to)
}

func TestRefusal_ForNowIsUnavailable(t *testing.T) {
	s := serve(t, plain, &mailServer{onRcpt: func(int, *server.Conn) error {
		return &server.SMTPError{Code: 451, EnhancedCode: server.EnhancedCode{4, 7, 1}, Message: "greylisted,\ncome back\tlater"}
	}})
	err := open(t, s.options()).Send(t.Context(), newMail("jane@example.org"))
	require.EqualError(t, err, "smtp: RCPT TO: 451 greylisted, 4.7.1 come backlater")
	require.ErrorIs(t, err, domain.Unavailable)
	require.Equal(t, 1, s.attempts())
}

// Filters quote what they dislike, in forms that can't be foreseen.
func TestRefusal_OfTheContentTellsTheCodesOnly(t *testing.T) {
	for code, temporary := range map[int]bool{554: false, 452: true} {
		s := serve(t, plain, &mailServer{onData: func(_ int, _ *server.Conn, content io.Reader) error {
			if _, err := io.Copy(io.Discard, content); err != nil {
				return err
			}
			return &server.SMTPError{Code: code, EnhancedCode: server.EnhancedCode{code / 100, 7, 1}, Message: "bad link " + link}
		}})
		mailer := open(t, s.options())
		err := mailer.Send(t.Context(), newMail("jane@example.org"))
		require.EqualError(t, err, "smtp: content: "+map[int]string{554: "554 5.7.1", 452: "452 4.7.1"}[code])
		require.Equal(t, temporary, errors.Is(err, domain.Unavailable))
		porttest.UnreachableMailer(t, mailer)
		require.Equal(t, []int{2, 1}, []int{s.attempts(), s.connections()})
	}
}

func TestError_RepeatsNeitherLinkNorTicketNorLongAnswers(t *testing.T) {
	s := serve(t, plain, &mailServer{onRcpt: func(int, *server.Conn) error {
		return &server.SMTPError{Code: 550, EnhancedCode: server.EnhancedCode{5, 7, 1}, Message: link + " " + ticket + " " + strings.Repeat("é", 300)}
	}})
	err := open(t, s.options()).Send(t.Context(), newMail("jane@example.org"))
	require.ErrorContains(t, err, "smtp: RCPT TO: 550 5.7.1 … … é")
	require.NotContains(t, err.Error(), "verifyEmail")
	require.Less(t, len(err.Error()), 350)
	require.True(t, strings.HasSuffix(err.Error(), "é…"))
}

func TestTimeout_CoversEveryStep(t *testing.T) {
	for _, step := range []string{"MAIL FROM", "RCPT TO", "content"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			stall := make(chan struct{})
			wait := func(int, *server.Conn) error { <-stall; return nil }
			s := serve(t, plain, map[string]*mailServer{
				"MAIL FROM": {onMail: wait}, "RCPT TO": {onRcpt: wait},
				"content": {onData: func(int, *server.Conn, io.Reader) error { <-stall; return errors.New("too late") }},
			}[step])
			t.Cleanup(func() { close(stall) })
			o := s.options()
			o.Timeout = 3 * time.Second // which the steps before this one have to do with
			began := time.Now()
			err := open(t, o).Send(t.Context(), newMail("jane@example.org"))
			require.EqualError(t, err, "smtp: "+step+": context deadline exceeded")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, domain.Unavailable)
			require.Less(t, time.Since(began), 20*time.Second)
			require.Equal(t, 1, s.attempts())
		})
	}
}

func TestTimeout_CoversGreetingAndHandshake(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, says nothing
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	for _, secure := range []bool{false, true} {
		o := (&mailServer{port: listener.Addr().(*net.TCPAddr).Port}).options()
		o.Secure, o.Timeout = secure, 100*time.Millisecond
		began := time.Now()
		err := open(t, o).Send(t.Context(), newMail("jane@example.org"))
		require.EqualError(t, err, "smtp: connecting: context deadline exceeded")
		require.Less(t, time.Since(began), 20*time.Second)
	}
}

func TestContext_EndsASendUnderWayAndOneThatWaitsForItsTurn(t *testing.T) {
	stall, busy := make(chan struct{}), make(chan struct{})
	s := serve(t, plain, &mailServer{onMail: func(int, *server.Conn) error { close(busy); <-stall; return nil }})
	t.Cleanup(func() { close(stall) })
	mailer := open(t, s.options())
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- mailer.Send(ctx, newMail("jane@example.org")) }()
	<-busy
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	require.EqualError(t, mailer.Send(short, newMail("joe@example.org")), "smtp: waiting for the connection: context deadline exceeded")
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
}

func TestServer_ThatIsNoMailServerIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { require.NoError(t, listener.Close()); <-done })
	o := (&mailServer{port: listener.Addr().(*net.TCPAddr).Port}).options()
	err = open(t, o).Send(t.Context(), newMail("jane@example.org"))
	require.EqualError(t, err, "smtp: connecting: the server's answer is not SMTP")
}

func TestClose_SaysGoodbyeAndIsFinal(t *testing.T) {
	s := serve(t, implicitTLS, &mailServer{})
	o := s.options()
	o.Secure = true
	mailer := open(t, o)
	require.NoError(t, mailer.Send(t.Context(), newMail("jane@example.org")))
	require.NoError(t, mailer.Close())
	s.awaitEnd(t)
	require.Equal(t, 1, s.count("QUIT\r\n"))
	require.EqualError(t, mailer.Send(t.Context(), newMail("jane@example.org")), "smtp: the mailer is closed")
	require.NoError(t, mailer.Close())
	require.Equal(t, 1, s.connections())
}
