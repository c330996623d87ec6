package twilio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"
	messages "github.com/twilio/twilio-go/rest/api/v2010"
	verify "github.com/twilio/twilio-go/rest/verify/v2"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const defaultTimeout = 10 * time.Second

// Options say with which account to send.
type Options struct {
	AccountSID string
	AuthToken  string
	// ServiceID is a Verify service (VA…), a messaging service (MG…), or else the sender: a number, a short code or a name.
	ServiceID string
	BaseURL   string        // "" for Twilio's own hosts; otherwise both APIs are sought there
	Timeout   time.Duration // for one request; 0 for 10 s
	Client    *http.Client  // its transport is used; nil for one of its own
}

var (
	serviceSID   = regexp.MustCompile(`^(VA|MG)[0-9a-fA-F]{32}$`)
	alphanumeric = regexp.MustCompile(`^[0-9a-zA-Z]+$`)
	digits       = regexp.MustCompile(`[0-9]{4,}`) // the code in a message, should an answer repeat a part of it
	verifyCode   = regexp.MustCompile(`^[0-9]{4,10}$`)
)

// UsesVerify tells which of the two adapters a service id is for: a Verifier, or else a Sender.
func UsesVerify(serviceID string) bool {
	return strings.HasPrefix(serviceID, "VA") && serviceSID.MatchString(serviceID)
}

// account is what both adapters need.
type account struct {
	sid     string
	token   string
	service string
	base    *url.URL
	timeout time.Duration
	via     http.RoundTripper
}

func newAccount(o Options) (*account, error) {
	switch {
	case !alphanumeric.MatchString(o.AccountSID):
		return nil, errors.New("twilio: the account SID must consist of letters and digits")
	case !alphanumeric.MatchString(o.AuthToken):
		return nil, errors.New("twilio: the auth token must consist of letters and digits")
	case o.ServiceID == "":
		return nil, errors.New("twilio: no service id or sender")
	}
	a := &account{
		sid: o.AccountSID, token: o.AuthToken, service: o.ServiceID, timeout: cmp.Or(o.Timeout, defaultTimeout),
	}
	if o.Client != nil && o.Client.Transport != nil {
		a.via = o.Client.Transport
	} else {
		a.via = outgoing.Transport()
	}
	if o.BaseURL != "" {
		base, err := url.Parse(o.BaseURL)
		if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
			return nil, errors.New("twilio: the base URL is not an http URL")
		}
		a.base = base.JoinPath("/") // a path, if only a slash, for others to be joined to
	}
	return a, nil
}

// Sender is a port.SMSSender.
type Sender struct{ account *account }

var _ port.SMSSender = (*Sender)(nil)

// NewSender checks the options. It doesn't connect.
func NewSender(o Options) (*Sender, error) {
	if UsesVerify(o.ServiceID) {
		return nil, errors.New("twilio: the service id is one of Twilio Verify, which sends no messages")
	}
	a, err := newAccount(o)
	if err != nil {
		return nil, err
	}
	return &Sender{a}, nil
}

// SendSMS returns once Twilio has queued the message. Errors hold Twilio's code and message.
func (s *Sender) SendSMS(ctx context.Context, sms domain.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, s.account.timeout)
	defer cancel()
	params := new(messages.CreateMessageParams).SetTo(sms.To).SetBody(sms.Text)
	if serviceSID.MatchString(s.account.service) {
		params.SetMessagingServiceSid(s.account.service)
	} else {
		params.SetFrom(s.account.service)
	}
	e, handler := s.account.newExchange(ctx)
	message, err := messages.NewApiService(handler).CreateMessage(params)
	if err == nil && message.ErrorCode != nil {
		err = &client.TwilioRestError{Code: *message.ErrorCode, Message: deref(message.ErrorMessage)}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", domain.CannotSendSMS, e.failure(err, append([]string{sms.Text, sms.To}, digits.FindAllString(sms.Text, -1)...)...))
	}
	return nil
}

// Verifier is a port.SMSVerifier.
type Verifier struct{ account *account }

var _ port.SMSVerifier = (*Verifier)(nil)

// NewVerifier checks the options. It doesn't connect.
func NewVerifier(o Options) (*Verifier, error) {
	if !UsesVerify(o.ServiceID) {
		return nil, errors.New("twilio: the service id must be one of Twilio Verify: VA and 32 hexadecimal digits")
	}
	a, err := newAccount(o)
	if err != nil {
		return nil, err
	}
	return &Verifier{a}, nil
}

// StartVerification returns once Twilio has accepted the verification. Twilio falls back to English for locales it doesn't
// know, and chooses by the number's country when locale is "". Codes live for ten minutes.
func (v *Verifier) StartVerification(ctx context.Context, to, locale string) error {
	ctx, cancel := context.WithTimeout(ctx, v.account.timeout)
	defer cancel()
	params := new(verify.CreateVerificationParams).SetTo(to).SetChannel("sms")
	if locale != "" {
		params.SetLocale(locale)
	}
	e, handler := v.account.newExchange(ctx)
	if _, err := verify.NewApiService(handler).CreateVerification(v.account.service, params); err != nil {
		return fmt.Errorf("%w: %w", domain.CannotSendSMS, e.failure(err, to))
	}
	return nil
}

// What Twilio says of a verification that is over: there is none (expired, used or guessed at too often), or too many guesses.
const (
	codeNotFound         = 20404
	codeMaxCheckAttempts = 60202
)

// CheckVerification tells whether Twilio approves of code. Approval is given once. A code is wrong, too, when Twilio has no
// verification of that number (any longer). Errors wrap domain.Unavailable unless Twilio refused the request for good.
func (v *Verifier) CheckVerification(ctx context.Context, to, code string) (bool, error) {
	if !verifyCode.MatchString(code) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, v.account.timeout)
	defer cancel()
	e, handler := v.account.newExchange(ctx)
	params := new(verify.CreateVerificationCheckParams).SetTo(to).SetCode(code)
	check, err := verify.NewApiService(handler).CreateVerificationCheck(v.account.service, params)
	if refusal := (*client.TwilioRestError)(nil); errors.As(err, &refusal) && isOver(refusal.Code) {
		return false, nil
	}
	if err != nil {
		return false, e.unavailable(e.failure(err, to, code))
	}
	return deref(check.Status) == "approved", nil
}

func isOver(code int) bool { return code == codeNotFound || code == codeMaxCheckAttempts }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
