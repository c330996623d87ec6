package modica

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	defaultBaseURL = "https://api.modicagroup.com"
	defaultTimeout = 30 * time.Second
	maxAnswer      = 4 << 10 // bytes read of a refusal
	maxExcerpt     = 300     // bytes of it that an error repeats
)

// digits finds the code in a message, should an answer repeat a part of it.
var digits = regexp.MustCompile(`[0-9]{4,}`)

// Options say with which account to send.
type Options struct {
	BaseURL  string // "" for Modica's own; the path /rest/sms/v2/messages is added
	Username string
	Password string
	Timeout  time.Duration // for one message; 0 for 30 s
	Client   *http.Client  // nil for one of its own; redirects are never followed
}

// Sender is a port.SMSSender.
type Sender struct {
	endpoint string
	username string
	password string
	timeout  time.Duration
	client   *http.Client
}

var _ port.SMSSender = (*Sender)(nil)

// New checks the options. It doesn't connect.
func New(o Options) (*Sender, error) {
	base, ok := outgoing.ParseURL(cmp.Or(o.BaseURL, defaultBaseURL))
	switch {
	case !ok:
		return nil, errors.New("modica: the base URL is not an http URL")
	case o.Username == "" || strings.Contains(o.Username, ":"): // RFC 7617 §2
		return nil, errors.New("modica: the user name is missing or has a colon")
	case o.Password == "":
		return nil, errors.New("modica: no password")
	}
	s := &Sender{
		endpoint: base.JoinPath("rest", "sms", "v2", "messages").String(), username: o.Username, password: o.Password,
		timeout: cmp.Or(o.Timeout, defaultTimeout), client: outgoing.Direct(o.Client),
	}
	return s, nil
}

// message is the body of POST /rest/sms/v2/messages.
type message struct {
	Destination string `json:"destination"`
	Content     string `json:"content"`
}

// SendSMS returns once Modica has accepted the message (202). Only numbers that begin with + are sent. Errors hold the beginning
// of Modica's answer.
func (s *Sender) SendSMS(ctx context.Context, sms domain.Mail) error {
	if err := s.send(ctx, sms.To, sms.Text); err != nil {
		return fmt.Errorf("%w: modica: %w", domain.CannotSendSMS, err)
	}
	return nil
}

func (s *Sender) send(ctx context.Context, to, text string) error {
	if !strings.HasPrefix(to, "+") {
		return errors.New("the number doesn't begin with +")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	body, err := json.Marshal(message{Destination: to, Content: text})
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("Accept", "application/json")
	post.SetBasicAuth(s.username, s.password)
	answer, err := s.client.Do(post)
	if err != nil {
		return outgoing.Cause(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusAccepted {
		return nil // accepted, whatever becomes of the rest of the answer
	}
	excerpt, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("status %d: %w", answer.StatusCode, err)
	}
	secrets := append([]string{text, strings.TrimPrefix(to, "+"), s.password}, digits.FindAllString(text, -1)...)
	return fmt.Errorf("status %d: %q", answer.StatusCode, redact(string(excerpt), secrets))
}

// redact takes secrets out of the beginning of an answer. Where the answer was cut, so may be the last secret: its length goes, too.
func redact(excerpt string, secrets []string) string {
	cut, longest := len(excerpt) == maxAnswer, 0
	for _, secret := range secrets {
		if secret != "" {
			excerpt, longest = strings.ReplaceAll(excerpt, secret, "…"), max(longest, len(secret))
		}
	}
	if cut {
		excerpt = excerpt[:max(0, len(excerpt)-longest)]
	}
	return excerpt[:min(len(excerpt), maxExcerpt)]
}
