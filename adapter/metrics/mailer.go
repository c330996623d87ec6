package metrics

import (
	"context"
	"io"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// mailer counts what another one sends.
type mailer struct {
	port.Mailer
	metrics *Metrics
}

// Mailer returns a mailer that hands everything to next and counts it.
func (m *Metrics) Mailer(next port.Mailer) port.Mailer { return mailer{next, m} }

// Send implements port.Mailer.
func (m mailer) Send(ctx context.Context, mail domain.Mail) error {
	err := m.Mailer.Send(ctx, mail)
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	m.metrics.messages.WithLabelValues(string(mail.Template), outcome).Inc()
	return err
}

// Close closes the mailer behind, where it can be closed.
func (m mailer) Close() error {
	if closer, connected := m.Mailer.(io.Closer); connected {
		return closer.Close()
	}
	return nil
}
