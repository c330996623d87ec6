package oauth

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
	"regexp"
	"time"

	"golang.org/x/oauth2"
)

const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 1 << 20  // bytes, uncompressed
	maxHeaders     = 64 << 10 // bytes
)

// newClient returns the client for all requests to providers. Redirects are errors: none of the providers needs one, and one
// could carry a secret, or the search for a profile, to somebody else.
func newClient(given *http.Client, timeout time.Duration) *http.Client {
	var via http.RoundTripper
	if given != nil {
		via = cmp.Or(given.Transport, http.DefaultTransport)
	} else {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = maxHeaders
		via = own
	}
	return &http.Client{Transport: strict{via}, Timeout: timeout}
}

// strict is a transport that asks for JSON and hands out answers with their bodies in memory. Redirects and answers that are
// too large are errors.
type strict struct{ via http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s strict) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "hexauth") // GitHub answers nobody who has none
	answer, err := s.via.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	stream := answer.Body
	defer func() { _ = stream.Close() }()
	if answer.StatusCode >= http.StatusMultipleChoices && answer.StatusCode < http.StatusBadRequest {
		return nil, fmt.Errorf("status %d: redirects are not followed", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(stream, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// getJSON asks for a document and decodes it. Errors repeat neither the address nor anything of the answer.
func getJSON(client *http.Client, request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return failure(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return errors.New("the answer is not the JSON document that was expected")
	}
	return nil
}

// failure says what went wrong with a request, without its address (which can hold a secret) and without the words of the
// answer (which can repeat one), the error code of RFC 6749 §5.2 excepted.
func failure(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		if regexp.MustCompile(`^[a-z_]{1,40}$`).MatchString(refused.ErrorCode) {
			return fmt.Errorf("status %d: %s", status, refused.ErrorCode)
		}
		return fmt.Errorf("status %d", status)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errors.New("the answer holds no token")
}
