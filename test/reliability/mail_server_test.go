package reliability

import (
	"io"
	"log"
	"mime"
	"net"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	smtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

// letter is a mail as it came in.
type letter struct {
	to, id, template, link, ticket string
}

// mailServer is a real SMTP server that can be away, and misbehave.
type mailServer struct {
	port int

	mu          sync.Mutex
	inner       *smtp.Server
	behave      func(l letter, c *smtp.Conn) error // with a letter whose content is there in full; nil is content with all
	received    []letter                           // in full, whatever became of them
	accepted    []letter
	connections int
}

// absentMailServer is a mail server that does not run yet.
func absentMailServer() *mailServer { return &mailServer{port: pgtest.FreePort()} }

func newMailServer(t testing.TB) *mailServer {
	t.Helper()
	s := absentMailServer()
	s.start(t)
	return s
}

func (s *mailServer) start(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
	require.NoError(t, err)
	inner := smtp.NewServer(s)
	inner.Domain, inner.ErrorLog = "mx.example.net", log.New(io.Discard, "", 0)
	s.mu.Lock()
	s.inner = inner
	s.mu.Unlock()
	var serving sync.WaitGroup
	serving.Go(func() { _ = inner.Serve(listener) })
	t.Cleanup(func() {
		_ = inner.Close()
		_ = listener.Close() // which Serve may not have seen yet
		serving.Wait()
	})
}

// env are the variables with which a server sends its mails here, on top of environment.
func (s *mailServer) env(database string, more ...string) map[string]string {
	return environment(database, append([]string{
		"AUTH_SMTP_HOST", "127.0.0.1", "AUTH_SMTP_PORT", strconv.Itoa(s.port), "AUTH_SMTP_SENDER", "Example <noreply@example.com>",
		"AUTH_CLIENT_URL", "https://app.example.com", "AUTH_EMAIL_PASSWORDLESS_ENABLED", "true", "AUTH_OTP_EMAIL_ENABLED", "true",
	}, more...)...)
}

// will sets what becomes of letters from now on.
func (s *mailServer) will(behave func(l letter, c *smtp.Conn) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behave = behave
}

func (s *mailServer) letters() (received, accepted []letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.received...), append([]letter(nil), s.accepted...)
}

func (s *mailServer) countAccepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.accepted)
}

func (s *mailServer) countReceived() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.received)
}

// letterTo waits for the newest letter to an address that was not there before.
func (s *mailServer) letterTo(t testing.TB, to string, before int) letter {
	t.Helper()
	var found []letter
	eventually(t, limit, "the mail to "+to, func() bool {
		_, accepted := s.letters()
		found = nil
		for _, l := range accepted {
			if l.to == to {
				found = append(found, l)
			}
		}
		return len(found) > before
	})
	return found[len(found)-1]
}

// NewSession implements smtp.Backend.
func (s *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	return &mailSession{server: s, conn: c}, nil
}

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
}

func (*mailSession) Reset()                               {}
func (*mailSession) Logout() error                        { return nil }
func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements smtp.Session.
func (s *mailSession) Data(content io.Reader) error {
	l, err := readLetter(content)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.received = append(s.server.received, l)
	behave := s.server.behave
	s.server.mu.Unlock()
	if behave != nil {
		if err := behave(l, s.conn); err != nil {
			return err
		}
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted = append(s.server.accepted, l)
	return nil
}

func readLetter(content io.Reader) (letter, error) {
	message, err := mail.ReadMessage(content)
	if err != nil {
		return letter{}, err
	}
	to, err := message.Header.AddressList("To")
	if err != nil {
		return letter{}, err
	}
	l := letter{to: to[0].Address, id: message.Header.Get("Message-Id")}
	for name, into := range map[string]*string{"X-Email-Template": &l.template, "X-Link": &l.link, "X-Ticket": &l.ticket} {
		if *into, err = (&mime.WordDecoder{}).DecodeHeader(message.Header.Get(name)); err != nil {
			return letter{}, err
		}
	}
	_, err = io.Copy(io.Discard, message.Body)
	return l, err
}

// requireOnce demands that each address got one letter, and nobody else any.
func requireOnce(t testing.TB, addresses []string, letters []letter) {
	t.Helper()
	var got []string
	for _, l := range letters {
		got = append(got, l.to)
	}
	require.ElementsMatch(t, addresses, got)
}

// requireSecret demands that a text, a log for instance, holds no secret of the letters.
func requireSecret(t testing.TB, letters []letter, what, text string) {
	t.Helper()
	for _, l := range letters {
		require.NotEmpty(t, l.ticket)
		_, bare, isTicket := strings.Cut(l.ticket, ":")
		if !isTicket { // a code: six digits can be a part of any number
			require.NotRegexp(t, `(^|[^0-9A-Za-z.-])`+regexp.QuoteMeta(l.ticket)+`([^0-9A-Za-z]|$)`, text, what)
			continue
		}
		require.Contains(t, l.link, bare)
		require.NotContains(t, text, bare, what)
	}
}

// blackHole accepts connections and never says a word.
func blackHole(t testing.TB) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
	})
	return &mailServer{port: listener.Addr().(*net.TCPAddr).Port}
}
