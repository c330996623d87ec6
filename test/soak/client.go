package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// requestTimeout is longer than the server takes for anything, faults included.
const requestTimeout = 20 * time.Second

// object is the body of a request.
type object map[string]any

// request is one call of the API.
type request struct {
	operation string // for the report
	method    string // POST when it is empty
	path      string // below the prefix
	bearer    string
	admin     bool
	body      object
	wants     int // the status that is right; 200 when it is 0
}

// answer is what came of a request.
type answer struct {
	request      request
	outcome      outcome
	status       int
	header       http.Header
	body         []byte
	began, ended time.Time
	err          error // why the outcome is not done
}

// outcome says what a client knows after a request.
type outcome string

// The outcomes.
const (
	done        outcome = "done"          // the answer was the right one
	unavailable outcome = "503"           // refused for now, in the form that the contract promises; may or may not have had its effect
	broken      outcome = "broken"        // the connection ended in the middle: may or may not have had its effect
	wrong       outcome = "wrong"         // anything else: never right, whatever happens
	expectedLag         = 2 * time.Second // between the clocks of this command and of tokens
)

// judge tells the outcome of an answer that was read to its end.
func judge(wants, status int, header http.Header, body []byte) (outcome, error) {
	var refusal struct {
		Status    int    `json:"status"`
		Error     string `json:"error"`
		Message   string `json:"message"`
		RequestID string `json:"requestId"`
	}
	switch {
	case header.Get(proxyHeader) != "":
		return broken, errors.New(header.Get(proxyHeader))
	case status == wants:
		return done, nil
	case status != http.StatusServiceUnavailable:
		return wrong, fmt.Errorf("want %d, got %d %s", wants, status, body)
	case header.Get("Retry-After") == "":
		return wrong, errors.New("503 without Retry-After")
	case json.Unmarshal(body, &refusal) != nil || refusal.Status != status || refusal.Error != "service-unavailable" || refusal.Message == "" || refusal.RequestID == "":
		return wrong, fmt.Errorf("503 in another form: %s", body)
	}
	return unavailable, errors.New("503")
}

// client calls the API through the proxy and tells the record about every request.
type client struct {
	url    string // with the prefix
	secret string // of administrators
	http   *http.Client
	record *record
}

func newClient(address, secret string, record *record) *client {
	return &client{url: "http://" + address + "/v1", secret: secret, record: record, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and waits for its end.
func (c *client) do(ctx context.Context, r request) answer {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.wants == 0 {
		r.wants = http.StatusOK
	}
	a := answer{request: r, began: time.Now()}
	a.status, a.header, a.body, a.err = c.send(ctx, r)
	a.ended = time.Now()
	if a.err != nil {
		// The proxy answers whatever happens, so this is the proxy's end, or an answer that never came.
		a.outcome = broken
		if errors.Is(a.err, context.DeadlineExceeded) {
			a.outcome = wrong
		}
	} else {
		a.outcome, a.err = judge(r.wants, a.status, a.header, a.body)
	}
	c.record.add(a)
	return a
}

func (c *client) send(ctx context.Context, r request) (int, http.Header, []byte, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return 0, nil, nil, err
		}
		body = bytes.NewReader(text)
	}
	out, err := http.NewRequestWithContext(ctx, r.method, c.url+r.path, body)
	if err != nil {
		return 0, nil, nil, err
	}
	if r.body != nil {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.bearer != "" {
		out.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	if r.admin {
		out.Header.Set("X-Hexauth-Admin-Secret", c.secret)
	}
	response, err := c.http.Do(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, text, err
}

const (
	retryPause = 200 * time.Millisecond
	// retryPatience is longer than any outage, and shorter than AUTH_REFRESH_TOKEN_GRACE: whoever repeats a refresh for longer
	// has lost the session, as documented.
	retryPatience = 28 * time.Second
)

// insist repeats a request that may be repeated until it is done. It returns the last answer.
func (c *client) insist(ctx context.Context, r request) answer {
	for until := time.Now().Add(retryPatience); ; {
		a := c.do(ctx, r)
		if a.outcome == done || a.outcome == wrong || ctx.Err() != nil || time.Now().After(until) {
			return a
		}
		time.Sleep(retryPause)
	}
}

// decode reads the body of an answer that is done.
func decode[T any](a answer) (value T, err error) {
	err = json.Unmarshal(a.body, &value)
	return value, err
}
