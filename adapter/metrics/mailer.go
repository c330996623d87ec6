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
	return m.metrics.sent(mail, m.Mailer.Send(ctx, mail))
}

// sent counts an attempt and returns its error.
func (m *Metrics) sent(mail domain.Mail, err error) error {
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	m.messages.WithLabelValues(string(mail.Template), outcome).Inc()
	return err
}

// smsSender counts what another one sends.
type smsSender struct {
	next    port.SMSSender
	metrics *Metrics
}

// SMS returns a sender that hands everything to next and counts it.
func (m *Metrics) SMS(next port.SMSSender) port.SMSSender { return smsSender{next, m} }

// SendSMS implements port.SMSSender.
func (s smsSender) SendSMS(ctx context.Context, sms domain.Mail) error {
	return s.metrics.sent(sms, s.next.SendSMS(ctx, sms))
}

// smsVerifier counts the codes that another one has sent.
type smsVerifier struct {
	port.SMSVerifier
	metrics *Metrics
}

// Verifier returns a verifier that hands everything to next and counts the codes that it has a gateway send.
func (m *Metrics) Verifier(next port.SMSVerifier) port.SMSVerifier { return smsVerifier{next, m} }

// StartVerification implements port.SMSVerifier.
func (v smsVerifier) StartVerification(ctx context.Context, to, locale string) error {
	sms := domain.Mail{Message: domain.Message{Template: domain.TemplateSignInSMS}}
	return v.metrics.sent(sms, v.SMSVerifier.StartVerification(ctx, to, locale))
}

// webhooks counts what another one sends.
type webhooks struct {
	next    port.Webhooks
	metrics *Metrics
}

// Webhooks returns a sender that hands everything to next and counts it.
func (m *Metrics) Webhooks(next port.Webhooks) port.Webhooks { return webhooks{next, m} }

// Send implements port.Webhooks.
func (w webhooks) Send(ctx context.Context, message domain.Message) error {
	return w.metrics.sent(domain.Mail{Message: message}, w.next.Send(ctx, message))
}

// Close closes the mailer behind, where it can be closed.
func (m mailer) Close() error {
	if closer, connected := m.Mailer.(io.Closer); connected {
		return closer.Close()
	}
	return nil
}
