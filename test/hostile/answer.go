package hostile

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
)

// Answer is what a server says. The zero value is an empty 200 of JSON.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Transport answers requests without a network.
type Transport func(r *http.Request) Answer

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a := t(r)
	return &http.Response{
		StatusCode: cmp.Or(a.Status, http.StatusOK), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(a.Body)),
		Header: http.Header{"Content-Type": {cmp.Or(a.ContentType, "application/json")}}, Body: io.NopCloser(bytes.NewReader(a.Body)),
	}, nil
}

// Client returns a client that gets answers from t.
func (t Transport) Client() *http.Client { return &http.Client{Transport: t} }
