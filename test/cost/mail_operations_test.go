package cost

import (
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"

	"github.com/google/uuid"
)

// inbox is a real SMTP server that keeps the newest secret of each address.
type inbox struct {
	port int

	mu    sync.Mutex
	found map[string]chan secret
}

// secret is what a mail carries.
type secret struct{ link, ticket string }

func newInbox(t *testing.T) *inbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &inbox{port: listener.Addr().(*net.TCPAddr).Port, found: map[string]chan secret{}}
	server := smtp.NewServer(b)
	server.Domain, server.ErrorLog = "mx.example.net", log.New(io.Discard, "", 0)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		_ = listener.Close() // which Serve may not have seen yet
		serving.Wait()
	})
	return b
}

func (b *inbox) of(address string) chan secret {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found[address] == nil {
		b.found[address] = make(chan secret, 100)
	}
	return b.found[address]
}

// next waits for the next mail to an address. Each is returned once.
func (b *inbox) next(address string) (secret, error) {
	select {
	case s := <-b.of(address):
		return s, nil
	case <-time.After(30 * time.Second):
		return secret{}, fmt.Errorf("no mail to %s", address)
	}
}

// NewSession implements smtp.Backend.
func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return inboxSession{b}, nil }

type inboxSession struct{ inbox *inbox }

func (inboxSession) Reset()                               {}
func (inboxSession) Logout() error                        { return nil }
func (inboxSession) Mail(string, *smtp.MailOptions) error { return nil }
func (inboxSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements smtp.Session.
func (s inboxSession) Data(content io.Reader) error {
	message, err := mail.ReadMessage(content)
	if err != nil {
		return err
	}
	to, err := message.Header.AddressList("To")
	if err != nil {
		return err
	}
	link, err := (&mime.WordDecoder{}).DecodeHeader(message.Header.Get("X-Link"))
	if err != nil {
		return err
	}
	s.inbox.of(to[0].Address) <- secret{link: link, ticket: message.Header.Get("X-Ticket")}
	_, err = io.Copy(io.Discard, message.Body)
	return err
}

// startMail runs a server behind proxy that mails, requires verified addresses and creates no account at a sign-in.
func startMail(t *testing.T, proxy *Proxy, b *inbox) (*Client, *proc.Server) {
	t.Helper()
	extra := withStaticKey(t)
	for name, value := range map[string]string{
		"AUTH_SMTP_HOST": "127.0.0.1", "AUTH_SMTP_PORT": strconv.Itoa(b.port), "AUTH_SMTP_SENDER": "noreply@example.com",
		"AUTH_EMAIL_PASSWORDLESS_ENABLED": "true", "AUTH_OTP_EMAIL_ENABLED": "true",
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "true", "AUTH_DISABLE_AUTO_SIGNUP": "true",
	} {
		extra[name] = value
	}
	client, server := start(t, proxy, extra)
	client.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, server
}

// mailOperation is an operation of which every call is made ready by another that is not counted.
type mailOperation struct {
	name                   string
	statements, roundTrips int
	// prepare returns the call to count.
	prepare func(c *Client, b *inbox) (do func() error, err error)
}

const (
	resetKnown   = "POST /user/password/reset"
	resetUnknown = "POST /user/password/reset, unknown"
	linkKnown    = "POST /signin/passwordless/email"
	linkUnknown  = "POST /signin/passwordless/email, unknown"
	codeKnown    = "POST /signin/otp/email"
	codeUnknown  = "POST /signin/otp/email, unknown"
	verifyLink   = "GET /verify"
	verifyCode   = "POST /signin/otp/email/verify"
)

// mailOperations lists what the operations that have to do with mails may cost at most.
func mailOperations() []mailOperation {
	return []mailOperation{
		{"POST /signup/email-password, verification required", 1, 1, onceSignedUp},
		{"POST /signup/passwordless/email", 2, 2, onNew("/signup/passwordless/email")},
		{"POST /signup/otp/email", 2, 2, onNew("/signup/otp/email")},
		{resetKnown, 2, 2, onKnown("/user/password/reset")},
		{resetUnknown, 2, 2, onNew("/user/password/reset")},
		{linkKnown, 2, 2, onKnown("/signin/passwordless/email")},
		{linkUnknown, 2, 2, onNew("/signin/passwordless/email")},
		{codeKnown, 2, 2, onKnown("/signin/otp/email")},
		{codeUnknown, 2, 2, onNew("/signin/otp/email")},
		{verifyLink, 10, 10, openLink},
		{verifyLink + ", again", 10, 10, openLinkAgain},
		{verifyLink + ", unknown", 9, 9, openUnknownLink},
		{verifyCode, 10, 10, giveCode},
		{verifyCode + ", wrong", 4, 4, guessCode},
	}
}

func (c *Client) mailTo(path, email string) error {
	_, err := c.Call(http.StatusOK, http.MethodPost, path, "", map[string]string{"email": email})
	return err
}

// known makes an account; what it was mailed is read.
func known(c *Client, b *inbox) (string, error) {
	email := newAddress()
	if err := c.mailTo("/signup/passwordless/email", email); err != nil {
		return "", err
	}
	s, err := b.next(email)
	if err != nil {
		return "", err
	}
	return email, c.follow(s.link, "refreshToken=")
}

// follow opens a link on this server and demands something in the address that it leads to.
func (c *Client) follow(link, want string) error {
	response, err := c.HTTP.Get(c.URL + link[strings.Index(link, "/verify?"):])
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if location := response.Header.Get("Location"); response.StatusCode != http.StatusFound || !strings.Contains(location, want) {
		return fmt.Errorf("the link: %d to %q", response.StatusCode, location)
	}
	return nil
}

func onceSignedUp(c *Client, _ *inbox) (func() error, error) {
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/signup/email-password", "", map[string]string{"email": newAddress(), "password": Password})
		return err
	}, nil
}

func onNew(path string) func(*Client, *inbox) (func() error, error) {
	return func(c *Client, _ *inbox) (func() error, error) {
		return func() error { return c.mailTo(path, newAddress()) }, nil
	}
}

func onKnown(path string) func(*Client, *inbox) (func() error, error) {
	return func(c *Client, b *inbox) (func() error, error) {
		email, err := known(c, b)
		return func() error { return c.mailTo(path, email) }, err
	}
}

// mailed is a new account with a mail just read.
func mailed(c *Client, b *inbox, path string) (string, secret, error) {
	email := newAddress()
	if err := c.mailTo(path, email); err != nil {
		return "", secret{}, err
	}
	s, err := b.next(email)
	return email, s, err
}

func openLink(c *Client, b *inbox) (func() error, error) {
	_, s, err := mailed(c, b, "/signup/passwordless/email")
	return func() error { return c.follow(s.link, "refreshToken=") }, err
}

func openLinkAgain(c *Client, b *inbox) (func() error, error) {
	_, s, err := mailed(c, b, "/signup/passwordless/email")
	if err == nil {
		err = c.follow(s.link, "refreshToken=")
	}
	return func() error { return c.follow(s.link, "refreshToken=") }, err
}

func openUnknownLink(c *Client, _ *inbox) (func() error, error) {
	query := url.Values{"ticket": {"passwordlessEmail:" + uuid.NewString()}, "type": {"signinPasswordless"}, "redirectTo": {"https://app.example.com"}}
	return func() error { return c.follow("/verify?"+query.Encode(), "error=invalid-ticket") }, nil
}

func giveCode(c *Client, b *inbox) (func() error, error) {
	email, s, err := mailed(c, b, "/signup/otp/email")
	return func() error { return c.guess(http.StatusOK, email, s.ticket) }, err
}

func guessCode(c *Client, b *inbox) (func() error, error) {
	email, s, err := mailed(c, b, "/signup/otp/email")
	wrong := "000000"
	if s.ticket == wrong {
		wrong = "000001"
	}
	return func() error { return c.guess(http.StatusUnauthorized, email, wrong) }, err
}

func (c *Client) guess(want int, email, code string) error {
	_, err := c.Call(want, http.MethodPost, "/signin/otp/email/verify", "", map[string]string{"email": email, "otp": code})
	return err
}
