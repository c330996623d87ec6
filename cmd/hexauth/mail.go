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
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

const (
	// deliveryPause is how long an empty outbox is left alone.
	deliveryPause = time.Second
	deliveryBatch = 10
	// deliveryLease is longer than a batch can take: each mail has ten seconds.
	deliveryLease = 3 * time.Minute
)

// mailing is how mails are worded and who takes them.
type mailing struct {
	templates port.Templates
	mailer    port.Mailer
	page      http.Handler // of the development mailbox, nil without
}

// newMail chooses the mailer: SMTP or Postmark where configured, else the mailbox in development, else nobody.
func newMail(cfg config.Config, log *slog.Logger) (mailing, error) {
	templates, err := newTemplates(cfg)
	if err != nil {
		return mailing{}, err
	}
	switch {
	case cfg.Postmark():
		mailer, err := postmark.New(postmark.Options{
			Token: cfg.SMTPPassword, Sender: cfg.SMTPSender, ServerURL: cfg.ServerURL, ClientURL: cfg.ClientURL,
		})
		return mailing{templates: templates, mailer: mailer}, err
	case cfg.SMTPHost != "":
		mailer, err := smtp.New(smtp.Options{
			Host: cfg.SMTPHost, Port: cfg.SMTPPort, Secure: cfg.SMTPSecure, User: cfg.SMTPUser, Password: cfg.SMTPPassword,
			AuthMethod: cfg.SMTPAuthMethod, Sender: cfg.SMTPSender, XSMTPAPI: cfg.SMTPAPIHeader, Clock: system.Clock{},
		})
		return mailing{templates: templates, mailer: mailer}, err
	case cfg.Development:
		box := mailbox.New(system.Clock{})
		log.Info("mails are shown at " + cfg.APIPrefix + "/dev/mailbox")
		return mailing{templates: templates, mailer: box, page: box.Handler(cfg.APIPrefix + "/dev/mailbox")}, nil
	}
	return mailing{templates: templates, mailer: nobody{}}, nil
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

func (m mailing) delivery(store port.Store, log *slog.Logger) *usecase.DeliverMessages {
	return &usecase.DeliverMessages{
		Outbox: store.Outbox(), Templates: m.templates, Mailer: m.mailer, Clock: system.Clock{}, Journal: system.Journal{Log: log},
		Batch: deliveryBatch, Lease: deliveryLease,
	}
}

// deliver empties the outbox again and again until the context ends.
func deliver(messages *usecase.DeliverMessages, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		if closer, connected := messages.Mailer.(io.Closer); connected {
			defer func() { _ = closer.Close() }()
		}
		for ctx.Err() == nil {
			sent, err := messages.Do(ctx)
			if err != nil && ctx.Err() == nil {
				log.Warn("the outbox can't be read; the next try follows", "cause", err.Error())
			}
			if sent == deliveryBatch && err == nil {
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(deliveryPause):
			}
		}
	}
}
