package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/hexauth/hexauth/domain"
)

// line is a connection on which the server has accepted us.
type line struct {
	client *gosmtp.Client
	conn   *listener
}

// maxSaid is how much a server may say during one mail, TLS included, in bytes: an answer may have any number of lines (RFC 5321
// §4.2.1), and the library keeps them all.
const maxSaid = 1 << 20

var errTalkative = errors.New("the server says too much")

// listener is a connection, below TLS so that closing it never blocks, that is read for so long only.
type listener struct {
	net.Conn
	left atomic.Int64 // bytes
}

// Read implements net.Conn.
func (l *listener) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.left.Add(-int64(n)) < 0 {
		return 0, errTalkative
	}
	return n, err
}

const goodbye = time.Second // for QUIT and its answer

// dial connects, greets, encrypts and authenticates, all before ctx ends.
func (m *Mailer) dial(ctx context.Context) (*line, error) {
	var conn *listener
	keep := func() bool { return true }
	connect := func(context.Context, string, string) (net.Conn, error) {
		dialled, err := m.dialer(ctx, "tcp", m.address)
		if err != nil {
			return nil, err
		}
		conn = &listener{Conn: dialled}
		conn.left.Store(maxSaid)
		keep = context.AfterFunc(ctx, func() { _ = conn.Close() })
		if m.secure == nil {
			return conn, nil
		}
		secured := tls.Client(conn, m.secure)
		return secured, secured.HandshakeContext(ctx)
	}
	client, err := gomail.NewClient(m.host, slices.Concat(m.options, []gomail.Option{gomail.WithDialContextFunc(connect)})...)
	if err != nil {
		return nil, err
	}
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	keep()
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	return &line{client: conversation, conn: conn}, nil
}

// cut ends every read and write under way.
func (l *line) cut() { _ = l.conn.Close() }

// reset asks a used connection whether it is still there, and makes the server forget the previous mail (RFC 5321 §4.1.1.5).
func (l *line) reset(ctx context.Context, deadline time.Duration) error {
	defer context.AfterFunc(ctx, l.cut)()
	l.conn.left.Store(maxSaid)
	if err := l.client.UpdateDeadline(deadline); err != nil {
		return err
	}
	return l.client.Reset()
}

// transmit has the server take a letter (RFC 5321 §3.3).
func (l *line) transmit(ctx context.Context, letter letter) *failure {
	defer context.AfterFunc(ctx, l.cut)()
	if err := l.client.Mail(letter.from); err != nil {
		return &failure{step: "MAIL FROM", err: err}
	}
	if err := l.client.Rcpt(letter.to); err != nil {
		return &failure{step: "RCPT TO", err: err}
	}
	content, err := l.client.Data()
	if err != nil {
		return &failure{step: "DATA", err: err}
	}
	if _, err := content.Write(letter.content); err != nil {
		return &failure{step: "content", begun: true, err: err}
	}
	if err := content.Close(); err != nil {
		return &failure{step: "content", begun: true, err: err}
	}
	return nil
}

func (l *line) quit() {
	if l.client.UpdateDeadline(goodbye) == nil {
		_ = l.client.Quit()
	}
	l.cut()
}

// Check connects as for a mail, encrypts and authenticates where that is configured, and says goodbye. It tells whether the connection
// was encrypted.
func (m *Mailer) Check(ctx context.Context) (encrypted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	line, err := m.dial(ctx)
	if err != nil {
		return false, m.explain(ctx, domain.Mail{}, &failure{step: "connecting", err: err})
	}
	defer line.quit()
	_, encrypted = line.client.TLSConnectionState()
	return encrypted, nil
}
