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

	"github.com/hexauth/hexauth/adapter/outgoing"
)

// Options say where Hasura is.
type Options struct {
	URL         string // of GraphQL, or of the metadata API
	AdminSecret string
	Client      *http.Client // nil for one of its own; it follows no redirects
}

// client posts JSON to one address.
type client struct {
	url, secret string
	http        *http.Client
}

func newClient(o Options) (client, error) {
	if _, ok := outgoing.ParseURL(o.URL); !ok {
		return client{}, errors.New("hasura: the URL is not an http URL")
	}
	return client{url: o.URL, secret: o.AdminSecret, http: outgoing.Direct(cmp.Or(o.Client, outgoing.Pooled()))}, nil
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
	if err != nil {
		return 0, nil, outgoing.Cause(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(answer)) > limit {
		err = fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return response.StatusCode, answer, err
}
