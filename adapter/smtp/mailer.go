package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Mailer is a port.Mailer for one mail server. It is safe for concurrent use; mails are sent one after the other.
type Mailer struct {
	sender  mail.Address
	smtpAPI string
	clock   port.Clock
	secrets []string // what no error may contain, whatever the server answers

	host    string
	address string
	options []gomail.Option
	secure  *tls.Config // nil unless TLS from the first byte
	dialer  func(ctx context.Context, network, address string) (net.Conn, error)
	timeout time.Duration
	idle    time.Duration

	turn   chan struct{} // holds a value while somebody has the fields below
	line   *line         // nil when there is no connection
	hangUp *time.Timer   // nil, or about to close the line
	closed bool
}

var _ port.Mailer = (*Mailer)(nil)

// New checks the options. It doesn't connect.
func New(o Options) (*Mailer, error) {
	o.Host = strings.Trim(o.Host, "[]") // of an IPv6 address
	if err := o.validate(); err != nil {
		return nil, err
	}
	sender, err := parseSender(o.Sender)
	if err != nil {
		return nil, err
	}
	options, err := o.clientOptions(cmp.Or(o.HELO, domainOf(sender.Address)))
	if err != nil {
		return nil, err
	}
	m := &Mailer{
		sender: sender, smtpAPI: clean(o.XSMTPAPI), clock: o.Clock, secrets: credentials(o.User, o.Password),
		host: o.Host, address: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)), options: options, dialer: o.Dial,
		timeout: cmp.Or(o.Timeout, defaultTimeout), idle: cmp.Or(o.Idle, defaultIdle), turn: make(chan struct{}, 1),
	}
	if o.Secure {
		m.secure = o.tlsConfig()
	}
	if m.dialer == nil {
		m.dialer = (&net.Dialer{}).DialContext
	}
	return m, nil
}

// Send waits for its turn and returns once the server has accepted the mail. Errors wrap domain.Unavailable unless the server
// refused for good (5xx) or the address is none. They tell what the server answered, but not what it answered to the content,
// which may quote the mail.
func (m *Mailer) Send(ctx context.Context, mail domain.Mail) error {
	letter, err := m.compose(mail)
	if err != nil {
		return err
	}
	if err := m.take(ctx); err != nil {
		return m.explain(ctx, mail, &failure{step: "waiting for the connection", err: err})
	}
	defer m.release()
	if m.closed {
		return errors.New("smtp: the mailer is closed")
	}
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	if f := m.deliver(ctx, letter); f != nil {
		return m.explain(ctx, mail, f)
	}
	return nil
}

// Close waits for the mail under way and says goodbye to the server. After that nothing can be sent.
func (m *Mailer) Close() error {
	m.turn <- struct{}{}
	defer m.release()
	m.closed = true
	m.quit()
	return nil
}

func (m *Mailer) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.hangUp != nil {
		m.hangUp.Stop()
	}
	return nil
}

func (m *Mailer) release() {
	m.hangUp = nil
	if m.line != nil {
		m.hangUp = time.AfterFunc(m.idle, func() {
			m.turn <- struct{}{}
			m.quit()
			m.release()
		})
	}
	<-m.turn
}

// deliver uses the connection that is there, and a new one when that turns out to be dead before it has taken the content.
func (m *Mailer) deliver(ctx context.Context, letter letter) *failure {
	if m.line != nil && m.line.reset(ctx, backstop*m.timeout) != nil {
		m.drop()
	}
	if m.line != nil {
		f := m.attempt(ctx, letter)
		if f == nil || f.begun || f.refused() || ctx.Err() != nil {
			return f
		}
	}
	fresh, err := m.dial(ctx)
	if err != nil {
		return &failure{step: "connecting", err: err}
	}
	m.line = fresh
	return m.attempt(ctx, letter)
}

// attempt keeps the connection if the server is content with the state it is in: after a success and after a refusal.
func (m *Mailer) attempt(ctx context.Context, letter letter) *failure {
	f := m.line.transmit(ctx, letter)
	if f != nil && !f.refused() {
		m.drop()
	}
	return f
}

// drop closes the connection without a word: one more command would complete content that was cut short.
func (m *Mailer) drop() {
	m.line.cut()
	m.line = nil
}

func (m *Mailer) quit() {
	if m.hangUp != nil {
		m.hangUp.Stop()
	}
	if m.line != nil {
		m.line.quit()
		m.line = nil
	}
}
