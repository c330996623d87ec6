package hibp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // the index of the service, not a protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/port"
)

const (
	defaultBaseURL = "https://api.pwnedpasswords.com"
	defaultTimeout = 5 * time.Second
	maxAnswer      = 1 << 20 // bytes; a padded answer has about 60 KB
	maxRetries     = 3
	defaultPause   = time.Second
	maxPause       = 3 * time.Second
	maxRedirects   = 3
	prefixLength   = 5
	suffixLength   = 2*sha1.Size - prefixLength
)

// Options say whom to ask.
type Options struct {
	BaseURL string        // "" for api.pwnedpasswords.com
	Timeout time.Duration // for one password, retries included; 0 for 5 s
	Client  *http.Client  // nil for one of its own; redirects are followed on the same host only
	// Sleep pauses between retries and returns early, with an error, when ctx ends; nil for real time.
	Sleep func(ctx context.Context, pause time.Duration) error
}

// Passwords is a port.BreachedPasswords.
type Passwords struct {
	base    *url.URL
	timeout time.Duration
	client  http.Client
	sleep   func(ctx context.Context, pause time.Duration) error
}

var _ port.BreachedPasswords = (*Passwords)(nil)

// New checks the options. It doesn't connect.
func New(o Options) (*Passwords, error) {
	base, ok := outgoing.ParseURL(cmp.Or(o.BaseURL, defaultBaseURL))
	if !ok {
		return nil, errors.New("hibp: the base URL is not an http URL")
	}
	p := &Passwords{base: base, timeout: cmp.Or(o.Timeout, defaultTimeout), sleep: o.Sleep}
	p.client = *cmp.Or(o.Client, &http.Client{Transport: outgoing.Transport()})
	p.client.CheckRedirect = p.checkRedirect
	if p.sleep == nil {
		p.sleep = sleep
	}
	return p, nil
}

func (p *Passwords) checkRedirect(next *http.Request, past []*http.Request) error {
	if len(past) > maxRedirects || next.URL.Host != p.base.Host || next.URL.Scheme != p.base.Scheme {
		return errors.New("a redirect to elsewhere")
	}
	return nil
}

// Contains asks for all known hashes that begin as the password's does. An answer that is not completely understood is an
// error.
func (p *Passwords) Contains(ctx context.Context, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	known, err := p.hashes(ctx, hash[:prefixLength])
	if err != nil {
		return false, fmt.Errorf("hibp: %w", err)
	}
	found := false
	for line := range bytes.Lines(bytes.TrimSpace(known)) {
		suffix, count, err := parse(line)
		if err != nil {
			return false, fmt.Errorf("hibp: %w", err)
		}
		if count > 0 && strings.EqualFold(suffix, hash[prefixLength:]) { // padding has a count of zero
			found = true
		}
	}
	return found, nil
}

func parse(line []byte) (suffix string, count uint64, err error) {
	suffix, number, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
	if count, err = strconv.ParseUint(number, 10, 64); err != nil || len(suffix) != suffixLength {
		return "", 0, errors.New("the answer is not a list of hashes and counts")
	}
	return suffix, count, nil
}

// hashes returns the lines for a prefix, and asks again while the service says that it was asked too often.
func (p *Passwords) hashes(ctx context.Context, prefix string) ([]byte, error) {
	for retry := 0; ; retry++ {
		body, pause, err := p.ask(ctx, prefix)
		if !errors.Is(err, errTooMany) || retry == maxRetries {
			return body, err
		}
		if err := p.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

var errTooMany = errors.New("status 429")

// ask returns errTooMany together with the pause that the service wants.
func (p *Passwords) ask(ctx context.Context, prefix string) ([]byte, time.Duration, error) {
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base.JoinPath("range", prefix).String(), nil)
	if err != nil {
		return nil, 0, err
	}
	get.Header.Set("Add-Padding", "true")
	get.Header.Set("User-Agent", "hexauth") // the service answers nobody who has none
	answer, err := p.client.Do(get)
	if err != nil {
		return nil, 0, outgoing.Cause(err) // the URL holds the beginning of the hash
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		return nil, pauseOf(answer.Header.Get("Retry-After")), errTooMany
	case answer.StatusCode != http.StatusOK:
		return nil, 0, fmt.Errorf("status %d", answer.StatusCode)
	case err != nil:
		return nil, 0, err
	case len(body) > maxAnswer:
		return nil, 0, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return body, 0, nil
}

// pauseOf reads a Retry-After in seconds (RFC 9110 §10.2.3). A date counts as the longest pause.
func pauseOf(retryAfter string) time.Duration {
	if retryAfter == "" {
		return defaultPause
	}
	seconds, err := strconv.ParseUint(retryAfter, 10, 16)
	if err != nil {
		return maxPause
	}
	return min(time.Duration(seconds)*time.Second, maxPause)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
