package main

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/mailbox"
	"github.com/hexauth/hexauth/adapter/postmark"
	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
)

// chosen is what newMail makes of an environment.
func chosen(t *testing.T, environ []string) mailing {
	t.Helper()
	cfg, err := config.Load(config.FromEnviron(environ))
	require.NoError(t, err)
	mail, err := newMail(cfg, system.Clock{}, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NotNil(t, mail.Templates)
	return mail
}

func TestNewMail_ChoosesTheMailerByConfiguration(t *testing.T) {
	t.Parallel()
	const sender = "AUTH_SMTP_SENDER=Example <noreply@example.com>"
	database := "sqlite://" + t.TempDir() + "/hexauth.db"
	for name, test := range map[string]struct {
		environ []string
		mailer  any
		page    bool
	}{
		"SMTP":                    {production(database, "AUTH_SMTP_HOST=mail.example.com", sender), &smtp.Mailer{}, false},
		"Postmark":                {production(database, "AUTH_SMTP_HOST=postmark", "AUTH_SMTP_PASS=token", sender), &postmark.Mailer{}, false},
		"production without":      {production(database), nobody{}, false},
		"development":             {inFolder(t.TempDir()), &mailbox.Mailbox{}, true},
		"SMTP in development":     {inFolder(t.TempDir(), "AUTH_SMTP_HOST=127.0.0.1", "AUTH_SMTP_PORT=1025", sender), &smtp.Mailer{}, false},
		"development forced":      {production(database, "AUTH_DEV_MODE=true"), &mailbox.Mailbox{}, true},
		"not quite Postmark":      {production(database, "AUTH_SMTP_HOST=postmark.example.com", sender), &smtp.Mailer{}, false},
		"Postmark in development": {inFolder(t.TempDir(), "AUTH_SMTP_HOST=postmark", "AUTH_SMTP_PASS=token", sender), &postmark.Mailer{}, false},
	} {
		mail := chosen(t, test.environ)
		require.IsType(t, test.mailer, mail.Mailer, name)
		require.Equal(t, test.page, mail.page != nil, name)
	}
}

func TestNobody_SaysWhichVariableIsMissing(t *testing.T) {
	t.Parallel()
	require.EqualError(t, nobody{}.Send(t.Context(), domain.Mail{}), "no mail server is configured (AUTH_SMTP_HOST)")
}

func TestServe_RefusesHalfAMailServer(t *testing.T) {
	t.Parallel()
	database := "sqlite://" + t.TempDir() + "/hexauth.db"
	for variable, environ := range map[string][]string{
		"AUTH_SMTP_SENDER":      production(database, "AUTH_SMTP_HOST=mail.example.com"),
		"AUTH_SMTP_PASS":        production(database, "AUTH_SMTP_HOST=postmark", "AUTH_SMTP_SENDER=noreply@example.com"),
		"AUTH_SMTP_PORT":        production(database, "AUTH_SMTP_HOST=mail.example.com", "AUTH_SMTP_SENDER=noreply@example.com", "AUTH_SMTP_PORT=0"),
		"AUTH_SMTP_AUTH_METHOD": production(database, "AUTH_SMTP_AUTH_METHOD=GUESS"),
	} {
		_, err := execute(t, environ, "serve")
		require.ErrorContains(t, err, variable)
	}
}
