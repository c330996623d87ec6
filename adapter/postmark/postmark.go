package postmark

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	defaultBaseURL = "https://api.postmarkapp.com"
	defaultTimeout = 10 * time.Second
	maxAnswer      = 64 << 10 // bytes
	maxMessage     = 300      // bytes of Postmark's message that an error repeats
)

// Options say as whom to send.
type Options struct {
	BaseURL   string        // "" for Postmark's own
	Token     string        // of the server in Postmark's sense
	Sender    string        // "noreply@example.com" or "Example <noreply@example.com>"; an address that Postmark knows
	ServerURL string        // the placeholder serverUrl
	ClientURL string        // the placeholder clientUrl
	Timeout   time.Duration // for one mail; 0 for 10 s
	Client    *http.Client  // nil for one of its own; redirects are never followed
}

// Mailer is a port.Mailer.
type Mailer struct {
	endpoint  string
	token     string
	sender    string
	serverURL string
	clientURL string
	timeout   time.Duration
	client    *http.Client
}

var _ port.Mailer = (*Mailer)(nil)

// New checks the options. It doesn't connect.
func New(o Options) (*Mailer, error) {
	base, ok := outgoing.ParseURL(cmp.Or(o.BaseURL, defaultBaseURL))
	switch {
	case !ok:
		return nil, errors.New("postmark: the base URL is not an http URL")
	case o.Token == "":
		return nil, errors.New("postmark: no server token")
	case o.Sender == "":
		return nil, errors.New("postmark: no sender")
	}
	m := &Mailer{
		endpoint: base.JoinPath("email", "withTemplate").String(), token: o.Token, sender: o.Sender,
		serverURL: o.ServerURL, clientURL: o.ClientURL, timeout: cmp.Or(o.Timeout, defaultTimeout), client: outgoing.Direct(o.Client),
	}
	return m, nil
}

// request is the body of POST /email/withTemplate.
type request struct {
	TemplateAlias string
	TemplateModel model
	From          string
	To            string
}

// model holds the placeholders of the product's templates.
type model struct {
	Link        string `json:"link"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email"`
	NewEmail    string `json:"newEmail"`
	Ticket      string `json:"ticket"`
	RedirectTo  string `json:"redirectTo"`
	Locale      string `json:"locale"`
	ServerURL   string `json:"serverUrl"`
	ClientURL   string `json:"clientUrl"`
}

// refusal is what Postmark answers instead of accepting a mail.
type refusal struct {
	ErrorCode int
	Message   string
}

// Send returns once Postmark has accepted the mail. Postmark has no notion of a repetition: a mail that is sent again after an
// answer was lost arrives twice. Errors hold Postmark's code and message; they wrap domain.Unavailable unless Postmark refused
// the mail for good.
func (m *Mailer) Send(ctx context.Context, mail domain.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	body, err := json.Marshal(request{
		TemplateAlias: mail.Locale + "." + string(mail.Template),
		TemplateModel: model{
			Link: mail.Link, DisplayName: mail.DisplayName, Email: mail.Email, NewEmail: mail.NewEmail, Ticket: mail.Ticket,
			RedirectTo: mail.RedirectTo, Locale: mail.Locale, ServerURL: m.serverURL, ClientURL: m.clientURL,
		},
		From: m.sender, To: mail.To,
	})
	if err != nil {
		return fmt.Errorf("postmark: composing: %w", err)
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("postmark: %w", err)
	}
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("Accept", "application/json")
	post.Header.Set("X-Postmark-Server-Token", m.token)
	answer, err := m.client.Do(post)
	if err != nil {
		return fmt.Errorf("postmark: %w: %w", domain.Unavailable, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode == http.StatusOK {
		return nil // accepted, whatever became of the rest of the answer
	}
	if err != nil {
		return fmt.Errorf("postmark: %w: status %d: %w", domain.Unavailable, answer.StatusCode, err)
	}
	return m.refused(mail, answer.StatusCode, text)
}

func (m *Mailer) refused(mail domain.Mail, status int, text []byte) error {
	var why refusal
	if json.Unmarshal(text, &why) != nil {
		why = refusal{Message: "the answer is not Postmark's"}
	}
	message := why.Message
	for _, secret := range []string{mail.Link, mail.Ticket, m.token} {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "…")
		}
	}
	err := fmt.Errorf("postmark: status %d, error code %d: %q", status, why.ErrorCode, message[:min(len(message), maxMessage)])
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", domain.Unavailable, err)
	}
	return err
}
