package providers

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/port"
)

// Callback is what the browser brings back to hexauth: a GET with a query, or Apple's POST with a form.
type Callback struct {
	Method string
	URL    string // of the callback; without the parameters
	Values url.Values
}

// Consent does what the browser does at the provider: it opens location, the user agrees, and the answer tells where to go with
// what.
func (p *Provider) Consent(t testing.TB, location string) Callback {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(location)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	if answer.StatusCode == http.StatusOK {
		return readForm(t, string(body))
	}
	require.Equal(t, http.StatusFound, answer.StatusCode, "%s", body)
	target, err := url.Parse(answer.Header.Get("Location"))
	require.NoError(t, err)
	callback := Callback{Method: http.MethodGet, Values: target.Query()}
	target.RawQuery = ""
	callback.URL = target.String()
	return callback
}

// Port is the callback as handlers hand it on, and the state with it.
func (c Callback) Port() (callback port.ProviderCallback, state string) {
	return port.ProviderCallback{
		RedirectURI: c.URL, Code: c.Values.Get("code"), Issuer: c.Values.Get("iss"), IDToken: c.Values.Get("id_token"),
		User: c.Values.Get("user"), OAuthToken: c.Values.Get("oauth_token"), OAuthVerifier: c.Values.Get("oauth_verifier"),
	}, c.Values.Get("state")
}
