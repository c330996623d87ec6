package captcha

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Provider is whose captcha it is.
type Provider string

// The providers.
const (
	Turnstile Provider = "turnstile"
	HCaptcha  Provider = "hcaptcha"
	ReCaptcha Provider = "recaptcha"
)

const (
	defaultTimeout = 5 * time.Second
	maxBody        = 64 << 10 // bytes of the provider's answer
	maxAnswer      = 16 << 10 // bytes of a visitor's answer; those of providers have a few thousand at most
)

// Options say whom to ask, and what must be true of a solved captcha beyond being solved.
type Options struct {
	Provider    Provider
	Secret      string
	URL         string        // of siteverify; "" for the provider's
	Timeout     time.Duration // of a question; 0 for 5 s
	MinScore    float64       // of reCAPTCHA version 3, from 0 (a robot) to 1; answers of version 2 have none and pass
	Hostnames   []string      // on which the captcha may be solved; empty for those that the provider allows
	Action      string        // that it must be solved for; "" for any. hCaptcha has none
	SendAddress bool          // tell the provider the client's address
	Client      *http.Client  // nil for one of its own; redirects are never followed
}

// Verifier is a port.Captcha. It is safe for concurrent use.
type Verifier struct {
	Options
	client *http.Client
}

var _ port.Captcha = (*Verifier)(nil)

// New checks the options. It does not connect.
func New(o Options) (*Verifier, error) {
	switch o.Provider {
	case Turnstile:
		o.URL = cmp.Or(o.URL, "https://challenges.cloudflare.com/turnstile/v0/siteverify")
	case HCaptcha:
		o.URL = cmp.Or(o.URL, "https://api.hcaptcha.com/siteverify")
	case ReCaptcha:
		o.URL = cmp.Or(o.URL, "https://www.google.com/recaptcha/api/siteverify")
	default:
		return nil, errors.New("captcha: the provider is unknown")
	}
	if o.Secret == "" {
		return nil, errors.New("captcha: there is no secret")
	}
	if _, ok := outgoing.ParseURL(o.URL); !ok {
		return nil, errors.New("captcha: the URL is not an http URL")
	}
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	return &Verifier{Options: o, client: outgoing.Direct(o.Client)}, nil
}

// outcome is what siteverify answers, in all dialects.
type outcome struct {
	Success  *bool    `json:"success"`
	Errors   []string `json:"error-codes"`
	Hostname string   `json:"hostname"`
	Action   string   `json:"action"`
	Score    *float64 `json:"score"`
}

// Check implements port.Captcha.
func (v *Verifier) Check(ctx context.Context, answer, address string) (domain.CaptchaVerdict, error) {
	if answer == "" || len(answer) > maxAnswer {
		return domain.CaptchaRefused, nil
	}
	result, err := v.ask(ctx, answer, address)
	if err != nil {
		return domain.CaptchaRefused, fmt.Errorf("%w: captcha: %w", domain.Unavailable, err)
	}
	if !*result.Success {
		return judge(result.Errors)
	}
	host := func(name string) bool { return strings.EqualFold(name, result.Hostname) }
	switch {
	case len(v.Hostnames) > 0 && !slices.ContainsFunc(v.Hostnames, host),
		v.Action != "" && v.Action != result.Action,
		v.Provider == ReCaptcha && result.Score != nil && *result.Score < v.MinScore:
		return domain.CaptchaRefused, nil
	}
	return domain.CaptchaPassed, nil
}

// judge tells from the codes of a failure whose it is.
func judge(codes []string) (domain.CaptchaVerdict, error) {
	verdict := domain.CaptchaRefused
	for _, code := range codes {
		switch code {
		case "missing-input-secret", "invalid-input-secret", "invalid-keys", "sitekey-secret-mismatch", "bad-request", "not-using-dummy-passcode", "not-using-dummy-secret":
			return domain.CaptchaRefused, errors.New("captcha: the provider refuses the question, is the secret right? (" + code + ")")
		case "internal-error":
			return domain.CaptchaRefused, fmt.Errorf("%w: captcha: the provider failed", domain.Unavailable)
		case "timeout-or-duplicate", "expired-input-response", "already-seen-response", "invalid-or-already-seen-response":
			verdict = domain.CaptchaExpired
		}
	}
	return verdict, nil
}

func (v *Verifier) ask(ctx context.Context, answer, address string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, v.Timeout)
	defer cancel()
	question, err := v.question(ctx, answer, address)
	if err != nil {
		return outcome{}, err
	}
	response, err := v.client.Do(question)
	if err != nil {
		return outcome{}, outgoing.Cause(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest { // some say with 400 what is wrong
		return outcome{}, fmt.Errorf("status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return outcome{}, err
	}
	var result outcome
	if len(body) > maxBody || json.Unmarshal(body, &result) != nil || result.Success == nil {
		return outcome{}, fmt.Errorf("status %d with something else than an outcome", response.StatusCode)
	}
	return result, nil
}

// question is JSON for Turnstile and a form for the others.
func (v *Verifier) question(ctx context.Context, answer, address string) (*http.Request, error) {
	fields := map[string]string{"secret": v.Secret, "response": answer}
	if v.SendAddress && address != "" {
		fields["remoteip"] = address
	}
	contentType, body := "application/json", []byte(nil)
	if v.Provider == Turnstile {
		encoded, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		body = encoded
	} else {
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		contentType, body = "application/x-www-form-urlencoded", []byte(form.Encode())
	}
	question, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	question.Header.Set("Content-Type", contentType)
	question.Header.Set("Accept", "application/json")
	return question, nil
}
