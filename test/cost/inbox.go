package cost

import (
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/mail"
	"strconv"
	"sync"
	"time"

	smtp "github.com/emersion/go-smtp"
)

// mailPatience is how long a mail may take. The outbox is looked at once a second.
const mailPatience = 30 * time.Second

// Inbox is a real SMTP server that keeps the secrets of the mails to each address. It may be used by many goroutines.
type Inbox struct {
	listener net.Listener
	server   *smtp.Server
	serving  sync.WaitGroup

	mu    sync.Mutex
	found map[string]chan secret
}

// secret is what a mail carries.
type secret struct{ link, ticket string }

// NewInbox starts an SMTP server on this machine.
func NewInbox() (*Inbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cost: %w", err)
	}
	b := &Inbox{listener: listener, found: map[string]chan secret{}}
	b.server = smtp.NewServer(b)
	b.server.Domain, b.server.ErrorLog = "mx.example.net", log.New(io.Discard, "", 0)
	b.serving.Go(func() { _ = b.server.Serve(listener) })
	return b, nil
}

// Close stops the server and returns when nothing of it runs any more.
func (b *Inbox) Close() {
	_ = b.server.Close()
	_ = b.listener.Close() // which Serve may not have seen yet
	b.serving.Wait()
}

// Environment lets a server send its mails here, links and codes to sign in with among them.
func (b *Inbox) Environment() map[string]string {
	return map[string]string{
		"AUTH_SMTP_HOST": "127.0.0.1", "AUTH_SMTP_PORT": strconv.Itoa(b.listener.Addr().(*net.TCPAddr).Port),
		"AUTH_SMTP_SENDER":                "noreply@example.com",
		"AUTH_EMAIL_PASSWORDLESS_ENABLED": "true", "AUTH_OTP_EMAIL_ENABLED": "true",
	}
}

func (b *Inbox) of(address string) chan secret {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found[address] == nil {
		b.found[address] = make(chan secret, 100)
	}
	return b.found[address]
}

// keep keeps a secret; of an address that nobody reads the oldest gives way.
func (b *Inbox) keep(address string, s secret) {
	mails := b.of(address)
	for {
		select {
		case mails <- s:
			return
		default:
		}
		select {
		case <-mails:
		default:
		}
	}
}

// next waits for the next mail to an address. Each is returned once.
func (b *Inbox) next(address string) (secret, error) {
	select {
	case s := <-b.of(address):
		return s, nil
	case <-time.After(mailPatience):
		return secret{}, fmt.Errorf("no mail to %s", address)
	}
}

// NewSession implements smtp.Backend.
func (b *Inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return inboxSession{b}, nil }

type inboxSession struct{ inbox *Inbox }

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
	s.inbox.keep(to[0].Address, secret{link: link, ticket: message.Header.Get("X-Ticket")})
	_, err = io.Copy(io.Discard, message.Body)
	return err
}
