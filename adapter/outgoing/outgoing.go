package outgoing

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// MaxAnswer is the size of the largest body that is accepted, in bytes, uncompressed.
	MaxAnswer  = 1 << 20
	maxHeaders = 64 << 10 // bytes
)

// New returns a client for requests that take no longer than timeout, through the transport of given or, where given is nil, through
// one of its own. It asks for JSON and hands out answers with their bodies in memory. Answers that are too large are errors, and so
// are redirects: no provider needs one, and one could carry a secret, or the search for a profile, to somebody else.
func New(given *http.Client, timeout time.Duration) *http.Client {
	var via http.RoundTripper
	if given != nil {
		via = cmp.Or(given.Transport, http.DefaultTransport)
	} else {
		via = Transport()
	}
	return &http.Client{Transport: strict{via}, Timeout: timeout}
}

// Transport returns a transport with connections of its own that takes no answer whose header is too large.
func Transport() *http.Transport {
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.MaxResponseHeaderBytes = maxHeaders
	return own
}

// strict is the transport that holds answers to New's promise.
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
	body, err := io.ReadAll(io.LimitReader(stream, MaxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxAnswer {
		return nil, fmt.Errorf("the answer has more than %d bytes", MaxAnswer)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// maxExpiry is as long as a token is believed to live. Nobody waits for its end, and a time beyond the year 9999 is none to JSON.
const maxExpiry = 100 * 365 * 24 * time.Hour

// Expiry is when a token expires that lives for so many seconds from now on; the zero time when the provider said none that make
// sense.
func Expiry(now time.Time, seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(min(seconds, int64(maxExpiry/time.Second))) * time.Second)
}
