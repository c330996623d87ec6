package twilio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/twilio/twilio-go/client"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
)

const (
	maxAnswer  = 64 << 10 // bytes
	maxMessage = 300      // bytes of Twilio's message that an error repeats
)

// exchange is one request. It is the transport of twilio-go's client, which knows neither contexts nor other hosts, follows no
// redirects but takes them for success, and leaves the bodies of refusals open.
type exchange struct {
	ctx    context.Context
	base   *url.URL // nil for the host that twilio-go wants
	via    http.RoundTripper
	token  string
	status int // of the answer; 0 before there is one
}

func (a *account) newExchange(ctx context.Context) (*exchange, *client.RequestHandler) {
	e := &exchange{ctx: ctx, base: a.base, via: a.via, token: a.token}
	c := &client.Client{Credentials: client.NewCredentials(a.sid, a.token), HTTPClient: &http.Client{Transport: e}}
	c.SetAccountSid(a.sid)
	return e, &client.RequestHandler{Client: c}
}

// RoundTrip sends the request where and for as long as it should be sent, and returns the answer with its body in memory.
func (e *exchange) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(e.ctx)
	if e.base != nil {
		request.URL = e.base.JoinPath(request.URL.Path)
		request.Host = ""
	}
	answer, err := e.via.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	e.status = answer.StatusCode
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	case e.status >= http.StatusMultipleChoices && e.status < http.StatusBadRequest:
		return nil, errors.New("a redirect")
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// failure says what went wrong, in Twilio's words where there are some. It holds neither secrets nor URLs.
func (e *exchange) failure(err error, secrets ...string) error {
	if refusal := (*client.TwilioRestError)(nil); errors.As(err, &refusal) {
		return fmt.Errorf("twilio: status %d, code %d: %q", e.status, refusal.Code, redact(refusal.Message, append(secrets, e.token)))
	}
	err = outgoing.Cause(err)
	if e.status != 0 {
		return fmt.Errorf("twilio: status %d: %w", e.status, err)
	}
	return fmt.Errorf("twilio: %w", err)
}

// unavailable adds domain.Unavailable when the same request may succeed in a moment.
func (e *exchange) unavailable(err error) error {
	if e.status < http.StatusBadRequest || e.status == http.StatusTooManyRequests || e.status >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", domain.Unavailable, err)
	}
	return err
}

// redact takes the secrets, and numbers with or without their plus sign, out of Twilio's message.
func redact(message string, secrets []string) string {
	for _, secret := range secrets {
		if secret = strings.TrimPrefix(secret, "+"); secret != "" {
			message = strings.ReplaceAll(message, secret, "…")
		}
	}
	return message[:min(len(message), maxMessage)]
}
