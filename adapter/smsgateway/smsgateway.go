package smsgateway

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	placeholderTo   = "${to}"
	placeholderText = "${text}"

	defaultTimeout = 10 * time.Second
	maxAnswer      = 4 << 10 // bytes read of a refusal
	maxExcerpt     = 300     // bytes of it that an error repeats
	minSecret      = 4       // characters; what is shorter is no secret
)

// digits finds the code in a message, should an answer repeat a part of it.
var digits = regexp.MustCompile(`[0-9]{4,}`)

// Options say what to send and where to.
type Options struct {
	URL     string            // receives the POST, its query included
	Headers map[string]string // such as Authorization; Content-Type is application/json unless it is here
	// Template is a JSON document with ${to}, the number in E.164, and ${text}, both inside strings: what takes their place is
	// escaped. Example: {"to": "${to}", "message": "${text}"}
	Template string
	Timeout  time.Duration // for one message; 0 for 10 s
	Client   *http.Client  // nil for one of its own; redirects are never followed
}

// Gateway is a port.SMSSender.
type Gateway struct {
	url      string
	header   http.Header
	template string
	timeout  time.Duration
	client   *http.Client
	secrets  []string // what answers may repeat of the URL and the headers, but errors must not
}

var _ port.SMSSender = (*Gateway)(nil)

// New checks the options, the template included. It doesn't connect. Errors repeat no values.
func New(o Options) (*Gateway, error) {
	target, ok := outgoing.ParseURL(o.URL)
	if !ok {
		return nil, errors.New("smsgateway: the URL is not an http URL")
	}
	if err := checkTemplate(o.Template); err != nil {
		return nil, err
	}
	g := &Gateway{
		url: o.URL, header: http.Header{"Content-Type": {"application/json"}}, template: o.Template,
		timeout: cmp.Or(o.Timeout, defaultTimeout), client: outgoing.Direct(o.Client), secrets: secretsOf(target),
	}
	for name, value := range o.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("smsgateway: the header %q is not valid", name)
		}
		g.header.Set(name, value)
		g.secrets = append(g.secrets, strings.Fields(value)...)
	}
	return g, nil
}

func secretsOf(target *url.URL) []string {
	password, _ := target.User.Password()
	secrets := []string{password}
	for _, values := range target.Query() {
		secrets = append(secrets, values...)
	}
	return secrets
}

func checkTemplate(template string) error {
	for _, placeholder := range []string{placeholderTo, placeholderText} {
		if !strings.Contains(template, placeholder) {
			return fmt.Errorf("smsgateway: the template lacks %s", placeholder)
		}
	}
	if strings.Contains(fill(template, "", ""), "${") {
		return errors.New("smsgateway: the template has placeholders other than ${to} and ${text}")
	}
	// Outside of a string neither the letter nor the escaped line break is JSON.
	if !json.Valid([]byte(fill(template, "a\n", "a\n"))) {
		return errors.New("smsgateway: the template is not a JSON document with ${to} and ${text} inside strings")
	}
	return nil
}

// fill replaces the placeholders, once: a placeholder inside a message stays what it is.
func fill(template, to, text string) string {
	return strings.NewReplacer(placeholderTo, escape(to), placeholderText, escape(text)).Replace(template)
}

// escape returns text as the inside of a JSON string.
func escape(text string) string {
	quoted, _ := json.Marshal(text) //nolint:errchkjson // strings can always be encoded
	return string(quoted[1 : len(quoted)-1])
}

// SendSMS returns once the gateway has answered with a status of success (2xx). Errors hold the beginning of its answer.
func (g *Gateway) SendSMS(ctx context.Context, sms domain.Mail) error {
	if err := g.send(ctx, sms.To, sms.Text); err != nil {
		return fmt.Errorf("%w: smsgateway: %w", domain.CannotSendSMS, err)
	}
	return nil
}

func (g *Gateway) send(ctx context.Context, to, text string) error {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, strings.NewReader(fill(g.template, to, text)))
	if err != nil {
		return err
	}
	post.Header = g.header.Clone()
	post.Host = g.header.Get("Host") // "" for the host of the URL
	answer, err := g.client.Do(post)
	if err != nil {
		return outgoing.Cause(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= http.StatusOK && answer.StatusCode < http.StatusMultipleChoices {
		return nil // accepted, whatever becomes of the rest of the answer
	}
	excerpt, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("status %d: %w", answer.StatusCode, err)
	}
	secrets := append([]string{text, escape(text), strings.TrimPrefix(to, "+")}, digits.FindAllString(text, -1)...)
	return fmt.Errorf("status %d: %q", answer.StatusCode, redact(string(excerpt), slices.Concat(secrets, g.secrets)))
}

// redact takes secrets out of the beginning of an answer. Where the answer was cut, so may be the last secret: its length goes, too.
func redact(excerpt string, secrets []string) string {
	cut, longest := len(excerpt) == maxAnswer, 0
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			excerpt, longest = strings.ReplaceAll(excerpt, secret, "…"), max(longest, len(secret))
		}
	}
	if cut {
		excerpt = excerpt[:max(0, len(excerpt)-longest)]
	}
	return excerpt[:min(len(excerpt), maxExcerpt)]
}
