package smtp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	server "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "mailer"
	password = "pa55-of-the-mail-server"
)

// delivery is a mail that the server has accepted.
type delivery struct {
	from, to string
	content  []byte
	tls      bool
	as       string // who authenticated
}

// mailServer is a real SMTP server. The hooks let it misbehave; they get the number of the mail, from 1.
type mailServer struct {
	onMail, onRcpt func(n int, c *server.Conn) error
	onData         func(n int, c *server.Conn, content io.Reader) error
	mechanisms     []string

	port int
	ca   *x509.CertPool

	mu         sync.Mutex
	begun      int // MAIL commands
	accepted   []delivery
	conns      []*server.Conn
	presented  [][]byte // answers to AUTH
	inner      *server.Server
	transcript transcript
	live       int // sessions
}

type kind int

const (
	plain kind = iota
	startTLS
	implicitTLS
)

// serve starts the server; it stops with the test.
func serve(t *testing.T, kind kind, s *mailServer) *mailServer {
	t.Helper()
	certificate, pool := selfSigned(t)
	s.ca = pool
	s.inner = server.NewServer(s)
	s.inner.Domain, s.inner.AllowInsecureAuth, s.inner.ErrorLog = "mx.example.net", true, log.New(io.Discard, "", 0)
	s.inner.EnableSMTPUTF8, s.inner.Debug = true, &s.transcript
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.port = listener.Addr().(*net.TCPAddr).Port
	switch kind {
	case plain:
	case startTLS:
		s.inner.TLSConfig = config
	case implicitTLS:
		listener = tls.NewListener(listener, config)
	}
	done := make(chan struct{})
	go func() { _ = s.inner.Serve(listener); close(done) }()
	t.Cleanup(func() {
		_ = s.inner.Close()
		_ = listener.Close() // which Serve may not have seen yet
		<-done
	})
	return s
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"mx.example.net"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func (s *mailServer) mails() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery(nil), s.accepted...)
}

// connections returns how many there were.
func (s *mailServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// awaitEnd waits until no connection is left.
func (s *mailServer) awaitEnd(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.live == 0
	}, 5*time.Second, time.Millisecond)
}

// count returns how often a text went over the wire, below or above TLS.
func (s *mailServer) count(text string) int {
	s.transcript.mu.Lock()
	defer s.transcript.mu.Unlock()
	return strings.Count(s.transcript.String(), text)
}

type transcript struct {
	mu sync.Mutex
	bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Buffer.Write(p)
}

func (s *mailServer) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

func (s *mailServer) credentials() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.Join(s.presented, []byte("|")))
}

// hangUp closes all connections without a word.
func (s *mailServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Conn().Close()
	}
}

func (s *mailServer) NewSession(c *server.Conn) (server.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.conns, c) { // there is one session before STARTTLS and one after it
		s.conns = append(s.conns, c)
	}
	s.live++
	return &session{server: s, conn: c}, nil
}

type session struct {
	server *mailServer
	conn   *server.Conn
	number int
	as     string
	letter delivery
}

func (s *session) Reset() {}

func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.live--
	return nil
}

func (s *session) Mail(from string, o *server.MailOptions) error {
	s.server.mu.Lock()
	s.server.begun++
	s.number = s.server.begun
	s.server.mu.Unlock()
	if o.UTF8 {
		return errors.New("SMTPUTF8 was asked for")
	}
	s.letter = delivery{from: from}
	if s.server.onMail != nil {
		return s.server.onMail(s.number, s.conn)
	}
	return nil
}

func (s *session) Rcpt(to string, _ *server.RcptOptions) error {
	s.letter.to = to
	if s.server.onRcpt != nil {
		return s.server.onRcpt(s.number, s.conn)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.server.onData != nil {
		if err := s.server.onData(s.number, s.conn, r); err != nil {
			return err
		}
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, s.letter.tls = s.conn.TLSConnectionState()
	s.letter.content, s.letter.as = content, s.as
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted = append(s.server.accepted, s.letter)
	return nil
}

func (s *session) AuthMechanisms() []string { return s.server.mechanisms }

// Auth speaks PLAIN, LOGIN and CRAM-MD5.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(name, secret string) error {
		if name != user || secret != password {
			return &server.SMTPError{Code: 535, EnhancedCode: server.EnhancedCode{5, 7, 8}, Message: "no: " + name + " " + secret}
		}
		s.as = mechanism + " " + name
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		inner := sasl.NewPlainServer(func(_, name, secret string) error { return check(name, secret) })
		return &recording{s.server, inner.Next}, nil
	case sasl.Login:
		return &recording{s.server, login(check)}, nil
	}
	return &recording{s.server, cram(check)}, nil
}

type recording struct {
	server *mailServer
	next   func(response []byte) ([]byte, bool, error)
}

func (r *recording) Next(response []byte) ([]byte, bool, error) {
	r.server.mu.Lock()
	r.server.presented = append(r.server.presented, response)
	r.server.mu.Unlock()
	return r.next(response)
}

func login(check func(name, secret string) error) func([]byte) ([]byte, bool, error) {
	var answers []string
	asked := false
	return func(response []byte) ([]byte, bool, error) {
		if asked {
			answers = append(answers, string(response))
		}
		asked = true
		if len(answers) < 2 {
			return []byte([]string{"Username:", "Password:"}[len(answers)]), false, nil
		}
		return nil, true, check(answers[0], answers[1])
	}
}

func cram(check func(name, secret string) error) func([]byte) ([]byte, bool, error) {
	const challenge = "<1896.697170952@mx.example.net>"
	asked := false
	return func(response []byte) ([]byte, bool, error) {
		if !asked {
			asked = true
			return []byte(challenge), false, nil
		}
		mac := hmac.New(md5.New, []byte(password))
		mac.Write([]byte(challenge))
		name, digest, _ := strings.Cut(string(response), " ")
		if digest != hex.EncodeToString(mac.Sum(nil)) {
			return nil, true, check(name, "another")
		}
		return nil, true, check(name, password)
	}
}

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Date(2026, time.March, 1, 12, 30, 0, 0, time.UTC) }

// options are those of a mailer for the server; change them before mailer.
func (s *mailServer) options() smtp.Options {
	return smtp.Options{
		Host: "127.0.0.1", Port: s.port, Sender: "Example <noreply@example.com>", Clock: fixedClock{},
		TLSConfig: &tls.Config{RootCAs: s.ca, MinVersion: tls.VersionTLS12},
	}
}

// remote makes the options reach the server under a name that is not a loopback address.
func (s *mailServer) remote(name string) smtp.Options {
	o := s.options()
	o.Host = name
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return o
}

func open(t *testing.T, o smtp.Options) *smtp.Mailer {
	t.Helper()
	mailer, err := smtp.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mailer.Close()) })
	return mailer
}
