package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is the signature that OAuth 1.0a has
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hexauth/hexauth/port"

	"github.com/hexauth/hexauth/adapter/outgoing"
)

// oauth1 signs requests of one client (RFC 5849). There are libraries for this, but none that stops when a context ends.
type oauth1 struct {
	key    string
	secret string
	clock  port.Clock
	random port.Random
	client *http.Client
}

// credentials are a token with its secret: temporary ones, or those of a user (RFC 5849 §2).
type credentials struct{ token, secret string }

// ask sends a signed request and returns the body of a 200. extra are further parameters of the protocol.
func (o oauth1) ask(ctx context.Context, method, address string, with credentials, extra map[string]string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the address can't be used")
	}
	request.Header.Set("Authorization", o.authorization(request, with, extra))
	answer, err := o.client.Do(request)
	if err != nil {
		return nil, outgoing.Failure(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	return io.ReadAll(answer.Body)
}

// askCredentials sends a request whose answer is a form with a token.
func (o oauth1) askCredentials(ctx context.Context, address string, with credentials, extra map[string]string) (credentials, url.Values, error) {
	body, err := o.ask(ctx, http.MethodPost, address, with, extra)
	if err != nil {
		return credentials{}, nil, err
	}
	form, err := url.ParseQuery(string(body))
	got := credentials{token: form.Get("oauth_token"), secret: form.Get("oauth_token_secret")}
	if err != nil || got.token == "" || got.secret == "" {
		return credentials{}, nil, errors.New("the answer holds no token")
	}
	return got, form, nil
}

// authorization is the header of a request without a body (RFC 5849 §3.5.1).
func (o oauth1) authorization(request *http.Request, with credentials, extra map[string]string) string {
	parameters := map[string]string{
		"oauth_consumer_key": o.key, "oauth_nonce": unguessable(o.random), "oauth_signature_method": "HMAC-SHA1",
		"oauth_timestamp": strconv.FormatInt(o.clock.Now().Unix(), 10), "oauth_version": "1.0",
	}
	if with.token != "" {
		parameters["oauth_token"] = with.token
	}
	for name, value := range extra {
		parameters[name] = value
	}
	mac := hmac.New(sha1.New, []byte(escape(o.secret)+"&"+escape(with.secret)))
	mac.Write([]byte(signatureBase(request, parameters)))
	parameters["oauth_signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	var fields []string
	for name, value := range parameters {
		fields = append(fields, escape(name)+`="`+escape(value)+`"`)
	}
	slices.Sort(fields)
	return "OAuth " + strings.Join(fields, ", ")
}

// signatureBase is what is signed: method, address without the query, and all parameters in order (RFC 5849 §3.4.1).
func signatureBase(request *http.Request, parameters map[string]string) string {
	var pairs []string
	for name, value := range parameters {
		pairs = append(pairs, escape(name)+"="+escape(value))
	}
	for name, values := range request.URL.Query() {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	address := strings.ToLower(request.URL.Scheme+"://"+request.URL.Host) + request.URL.EscapedPath()
	return request.Method + "&" + escape(address) + "&" + escape(strings.Join(pairs, "&"))
}

// escape encodes everything but letters, digits and -._~ (RFC 5849 §3.6).
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
