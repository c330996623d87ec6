package hasura

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
)

// Options say where Hasura is.
type Options struct {
	URL         string // of GraphQL, or of the metadata API
	AdminSecret string
	Client      *http.Client // nil for one of its own; it follows no redirects
}

// maxConnections is how many connections to Hasura are open at most.
const maxConnections = 32

// client posts JSON to one address.
type client struct {
	url, secret string
	http        http.Client
}

func newClient(o Options) (client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return client{}, errors.New("hasura: the URL is not an http URL")
	}
	c := client{url: o.URL, secret: o.AdminSecret, http: *cmp.Or(o.Client, pooled())}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// pooled keeps more connections than the two to a host that are usual: every token is a question.
func pooled() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = maxConnections, maxConnections
	return &http.Client{Transport: transport}
}

// post sends question and returns the answer, of at most limit bytes.
func (c client) post(ctx context.Context, question any, limit int64) (status int, answer []byte, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("the request can't be made")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Hasura-Admin-Secret", c.secret)
	response, err := c.http.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return 0, nil, failed.Err // without the URL, which may hold a secret
	}
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(answer)) > limit {
		err = fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return response.StatusCode, answer, err
}
