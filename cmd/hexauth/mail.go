package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/hexauth/hexauth/adapter/mailbox"
	"github.com/hexauth/hexauth/adapter/mailtemplate"
	"github.com/hexauth/hexauth/adapter/postmark"
	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

const (
	// deliveryPause is how long an empty outbox is left alone.
	deliveryPause = time.Second
	deliveryBatch = 10
	// deliveryLease is longer than a batch can take: each message has ten seconds.
	deliveryLease = 3 * time.Minute
)

// mailing is how messages are worded and who takes them.
type mailing struct {
	usecase.Dispatch
	gatewayCodes bool         // the gateway for SMS makes the codes
	page         http.Handler // of the development mailbox, nil without
}

// newMail chooses who takes messages. In development it is the mailbox unless something else is configured.
func newMail(cfg config.Config, clock port.Clock, tracing *telemetry.Telemetry, log *slog.Logger) (mailing, error) {
	templates, err := newTemplates(cfg)
	if err != nil {
		return mailing{}, err
	}
	m := mailing{Dispatch: usecase.Dispatch{Templates: templates}}
	box := mailbox.New(clock)
	if m.Mailer, err = newMailer(cfg, clock, box, tracing); err != nil {
		return mailing{}, err
	}
	if m.SMS, m.Verifier, m.gatewayCodes, err = newSMS(cfg, box, tracing); err != nil {
		return mailing{}, err
	}
	if cfg.Development && (m.Mailer == port.Mailer(box) || m.SMS == port.SMSSender(box)) {
		path := cfg.APIPrefix + "/dev/mailbox"
		log.Info("mails and SMS are shown at "+path, "mails", m.Mailer == port.Mailer(box), "sms", m.SMS == port.SMSSender(box))
		m.page = box.Handler(path)
	}
	return m, nil
}

// newMailer chooses SMTP or Postmark where configured, else the mailbox in development, else nobody.
func newMailer(cfg config.Config, clock port.Clock, box *mailbox.Mailbox, tracing *telemetry.Telemetry) (port.Mailer, error) {
	switch {
	case cfg.Postmark():
		return postmark.New(postmark.Options{
			Token: cfg.SMTPPassword, Sender: cfg.SMTPSender, ServerURL: cfg.ServerURL, ClientURL: cfg.ClientURL, Client: tracing.Client("postmark"),
		})
	case cfg.SMTPHost != "":
		return smtp.New(smtp.Options{
			Host: cfg.SMTPHost, Port: cfg.SMTPPort, Secure: cfg.SMTPSecure, User: cfg.SMTPUser, Password: cfg.SMTPPassword,
			AuthMethod: cfg.SMTPAuthMethod, Sender: cfg.SMTPSender, XSMTPAPI: cfg.SMTPAPIHeader, Clock: clock,
		})
	case cfg.Development:
		return box, nil
	}
	return nobody{}, nil
}

// peerTemplates is where hasura-auth's image has its templates: who mounts others there need not configure anything.
const peerTemplates = "/app/email-templates"

func newTemplates(cfg config.Config) (*mailtemplate.Templates, error) {
	dir := cfg.EmailTemplatesPath
	if found, err := os.Stat(peerTemplates); dir == "" && err == nil && found.IsDir() {
		dir = peerTemplates
	}
	return mailtemplate.New(mailtemplate.Options{
		Dir: dir, DefaultLocale: cfg.DefaultLocale, ServerURL: cfg.ServerURL, ClientURL: cfg.ClientURL,
	})
}

// nobody is the mailer of a server without one: mails wait in the outbox.
type nobody struct{}

// Send refuses the mail.
func (nobody) Send(context.Context, domain.Mail) error {
	return errors.New("no mail server is configured (AUTH_SMTP_HOST)")
}

func (m mailing) delivery(store port.Store, clock port.Clock, log *slog.Logger) *usecase.DeliverMessages {
	return &usecase.DeliverMessages{
		Dispatch: m.Dispatch, Outbox: store.Outbox(), Clock: clock, Journal: system.Journal{Log: log},
		Batch: deliveryBatch, Lease: deliveryLease,
	}
}

// deliver empties the outbox again and again until the context ends, and leaves it alone for a pause when it is empty.
func deliver(messages *usecase.DeliverMessages, pause time.Duration, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		if closer, connected := messages.Mailer.(io.Closer); connected {
			defer func() { _ = closer.Close() }()
		}
		for ctx.Err() == nil {
			sent, err := messages.Do(ctx)
			if err != nil && ctx.Err() == nil {
				log.Warn("the outbox can't be read; the next try follows", "cause", err.Error())
			}
			if sent == messages.Batch && err == nil {
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}
