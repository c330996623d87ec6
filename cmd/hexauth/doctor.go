package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/migrations"
)

type doctorCommand struct{}

// verdict is how serious a finding is.
type verdict string

const (
	fine    verdict = "ok"
	odd     verdict = "warning"
	wrong   verdict = "WRONG"
	skipped verdict = "skipped"
)

// doctor writes down what it finds.
type doctor struct {
	*invocation
	wrong int
}

// note writes a finding and, where something is to be done, what.
func (d *doctor) note(v verdict, subject, finding, remedy string) {
	if v == wrong {
		d.wrong++
	}
	fmt.Fprintf(d.stdout, "%-8s %-14s %s\n", v, subject, finding)
	if remedy != "" {
		fmt.Fprintf(d.stdout, "%23s → %s\n", "", remedy)
	}
}

var errUnwell = errors.New("something is wrong, see above")

// Run examines everything that can be examined.
func (doctorCommand) Run(i *invocation) error {
	d := &doctor{invocation: i}
	cfg, err := i.config()
	if err != nil {
		d.note(wrong, "configuration", strings.ReplaceAll(err.Error(), "\n", "\n"+strings.Repeat(" ", 23)), "correct these variables; docs/configuration.md explains them. The rest can't be looked at before")
		return errUnwell
	}
	d.configuration(cfg)
	d.database(cfg)
	d.mail(cfg)
	d.redirects(cfg)
	d.proxies(cfg)
	if d.wrong > 0 {
		return errUnwell
	}
	return nil
}

func (d *doctor) configuration(cfg config.Config) {
	mode := "production mode"
	if cfg.Development {
		mode = "development mode: not for the internet"
	}
	d.note(fine, "configuration", "complete, "+mode, "")
	for _, warning := range cfg.Warnings {
		d.note(odd, "configuration", warning, "")
	}
	for _, name := range cfg.Ignored {
		d.note(odd, "configuration", name+" is set and means nothing to this version", "look for a misspelling in docs/configuration.md, or remove it")
	}
}

func (d *doctor) database(cfg config.Config) {
	if path, ok := cfg.SQLitePath(); ok && absent(path) || cfg.EncryptionKeyFile != "" && absent(cfg.EncryptionKeyFile) {
		d.note(fine, "database", "is not there yet, the first start makes it", "") // opening would do so
		return
	}
	store, err := openStore(d.ctx, cfg)
	if err != nil {
		d.note(wrong, "database", err.Error(), "look at AUTH_DATABASE_URL and AUTH_ENCRYPTION_KEY")
		return
	}
	defer store.Close()
	before := time.Now()
	now, err := store.Clock(d.ctx)
	took := time.Since(before)
	if err != nil {
		d.note(wrong, "database", "can't be reached: "+err.Error(), "look at AUTH_DATABASE_URL, and whether the server runs and lets this machine in")
		return
	}
	d.note(fine, "database", fmt.Sprintf("answers in %s", took.Round(10*time.Microsecond)), "")
	d.clock(now.Sub(before.Add(took / 2)))
	if d.schema(cfg, store) {
		d.rights(store)
		d.keys(cfg, store)
	}
}

func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

const (
	// oddSkew is what clocks kept by NTP never reach; wrongSkew is what others who look at tokens would notice.
	oddSkew, wrongSkew = system.ClockTolerance, 10 * time.Second
)

func (d *doctor) clock(skew time.Duration) {
	finding := fmt.Sprintf("this machine and the database differ by %s", skew.Abs().Round(time.Millisecond))
	switch {
	case skew.Abs() >= wrongSkew:
		d.note(wrong, "clock", finding, "let NTP set the clocks of both: the server goes by the database's time, whoever else reads its tokens and logs by their own")
	case skew.Abs() >= oddSkew:
		d.note(odd, "clock", finding, "let NTP set the clocks of both")
	default:
		d.note(fine, "clock", finding, "")
	}
}

// schema tells whether the schema is up to date.
func (d *doctor) schema(cfg config.Config, store *bunstore.Store) bool {
	db, dialect := store.Migrations()
	status, err := migrations.Inspect(d.ctx, db, dialect)
	switch {
	case err != nil:
		d.note(wrong, "schema", "can't be read: "+err.Error(), "let the role of AUTH_DATABASE_URL read the schema auth")
	case status.Refusal != nil:
		d.note(wrong, "schema", status.Refusal.Error(), "see hexauth migrate status")
	case len(status.Pending) > 0 && cfg.Migrate:
		d.note(odd, "schema", fmt.Sprintf("%d steps are missing", len(status.Pending)), "the next start of the server takes them; or run hexauth migrate up")
	case len(status.Pending) > 0:
		d.note(wrong, "schema", fmt.Sprintf("%d steps are missing", len(status.Pending)), "run hexauth migrate up: AUTH_MIGRATE is off")
	default:
		d.note(fine, "schema", "up to date", "")
		return true
	}
	return false
}

func (d *doctor) rights(store *bunstore.Store) {
	missing, err := store.MissingRights(d.ctx)
	switch {
	case err != nil:
		d.note(wrong, "rights", err.Error(), "")
	case len(missing) > 0:
		d.note(wrong, "rights", "the role of AUTH_DATABASE_URL lacks "+strings.Join(missing, ", "),
			"as the owner: GRANT USAGE ON SCHEMA auth TO role; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO role")
	default:
		d.note(fine, "rights", "the role can read and write every table", "")
	}
}

func (d *doctor) keys(cfg config.Config, store *bunstore.Store) {
	if cfg.JWTSecret != nil {
		d.note(fine, "keys", "HASURA_GRAPHQL_JWT_SECRET holds the signing key ("+cfg.JWTSecret.Algorithm+")", "")
		return
	}
	cipher, err := newCipher(cfg)
	if err != nil {
		d.note(wrong, "keys", err.Error(), "look at AUTH_ENCRYPTION_KEY")
		return
	}
	keys, err := store.SigningKeys().List(d.ctx)
	if err != nil {
		d.note(wrong, "keys", err.Error(), "")
		return
	}
	for _, key := range keys {
		if _, err := cipher.Decrypt(key.PrivateKey); err != nil {
			d.note(wrong, "keys", "signing key "+key.ID+" "+err.Error(),
				"AUTH_ENCRYPTION_KEY is another one than when the key was made: bring the old one back. Everything else that is encrypted needs it, too")
			return
		}
	}
	if len(keys) == 0 {
		d.note(fine, "keys", "none yet, the first start makes one", "")
		return
	}
	d.note(fine, "keys", fmt.Sprintf("%d signing keys, all can be decrypted", len(keys)), "")
}

// mailPatience is how long the mail server may take.
const mailPatience = 15 * time.Second

func (d *doctor) mail(cfg config.Config) {
	switch {
	case cfg.Postmark():
		d.note(skipped, "mail", "Postmark looks at its token only when a mail is sent", "see hexauth outbox list after the first one")
		return
	case cfg.SMTPHost == "" && cfg.Development:
		d.note(fine, "mail", "is shown at /dev/mailbox", "")
		return
	case cfg.SMTPHost == "":
		d.note(odd, "mail", "no mail server is configured: mails wait in the outbox", "set AUTH_SMTP_HOST")
		return
	}
	mailer, err := newMailer(cfg, system.Clock{}, nil, nil)
	if err != nil {
		d.note(wrong, "mail", err.Error(), "look at the AUTH_SMTP_* variables")
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, mailPatience)
	defer cancel()
	encrypted, err := mailer.(*smtp.Mailer).Check(ctx)
	switch {
	case err != nil:
		d.note(wrong, "mail", err.Error(), "look at AUTH_SMTP_HOST, AUTH_SMTP_PORT, AUTH_SMTP_SECURE, AUTH_SMTP_USER and AUTH_SMTP_PASS, and at firewalls: many networks close port 25")
	case !encrypted:
		d.note(odd, "mail", "the server lets us in, without encryption", "mails have links that sign in: use a server with STARTTLS, or AUTH_SMTP_SECURE=true")
	default:
		d.note(fine, "mail", "the server lets us in, encrypted", "")
	}
}

func (d *doctor) redirects(cfg config.Config) {
	_, err := signUpPolicy(cfg)
	switch {
	case err != nil:
		d.note(wrong, "redirects", err.Error(), "correct AUTH_CLIENT_URL or AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS")
	case cfg.ClientURL == "" && len(cfg.AllowedRedirectURLs) == 0:
		d.note(odd, "redirects", "none is allowed: links in mails lead nowhere", "set AUTH_CLIENT_URL to the address of your app")
	default:
		d.note(fine, "redirects", fmt.Sprintf("AUTH_CLIENT_URL and %d more rules", len(cfg.AllowedRedirectURLs)), "hexauth check-redirect URL tells which rule allows or refuses one")
	}
}

func (d *doctor) proxies(cfg config.Config) {
	if len(cfg.TrustedProxies) == 0 {
		d.note(fine, "proxies", "none is trusted: clients are who connects", "")
		return
	}
	d.note(fine, "proxies", fmt.Sprintf("%d ranges may say who the client is (AUTH_TRUSTED_PROXIES)", len(cfg.TrustedProxies)),
		"send a request through your proxy: the log's client_addr must be your own address, and must stay it when you send X-Forwarded-For: 192.0.2.1 yourself")
}
