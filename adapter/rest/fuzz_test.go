package rest_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longSecret is the length from which a value can't be part of an answer's own words by chance.
const longSecret = 16

// FuzzBody sends any bytes where a sign-up is expected.
func FuzzBody(f *testing.F) {
	f.Add([]byte(signUpWith("")))
	f.Add([]byte(withOptions(`"metadata":{"a":[1,"\ud83d\ude00",{"b":null}]},"allowedRoles":["me","user"],"defaultRole":"me","locale":"de"`)))
	fuzzBody(f, "/signup/email-password", badBodies())
}

// FuzzMailBody sends any bytes where a request for a link is expected.
func FuzzMailBody(f *testing.F) {
	o := mailOperations()[0]
	f.Add([]byte(o.body("jane@example.com", withPKCE)))
	f.Add([]byte(o.body("jane@example.com", `,"options":{"redirectTo":"https://app.example.com/x?a=%20#b","displayName":"\u202ex","metadata":{"a":[]}}`)))
	fuzzBody(f, o.path, badMailBodies(o))
}

// fuzzBody sends any bytes as a body. Whatever comes, the answer keeps to the contract, is the client's fault or a success, and
// repeats nothing.
func fuzzBody(f *testing.F, path string, seeds []bad) {
	f.Helper()
	for _, b := range seeds {
		if len(b.body) < 4096 {
			f.Add([]byte(b.body))
		}
	}
	c := newClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		got := c.serve(request{method: http.MethodPost, path: path, body: string(body)}.http())
		got.t = t
		require.NotContains(t, []int{0, http.StatusInternalServerError, http.StatusServiceUnavailable}, got.status, got.body)
		inner := *c
		inner.t = t
		inner.checkContract(request{method: http.MethodPost, path: path}, got)
		if got.status < 400 {
			return
		}
		for _, value := range values(string(body)) {
			if len(value) >= longSecret && !strings.Contains(string(body), `"`+value+`":`) {
				require.NotContains(t, got.body, value)
			}
		}
	})
}

// FuzzVerify opens links with any query. Whatever comes, a redirect leads to the client and nowhere else, without a session,
// and without anything of the ticket.
func FuzzVerify(f *testing.F) {
	for _, target := range []string{clientURL, clientURL + "/x?a=1#b", "https://evil.example", "//evil.example", `https://app.example.com\@evil.example`, "javascript:alert(1)"} {
		f.Add("ticket=verifyEmail%3A" + unknownToken + "&redirectTo=" + url.QueryEscape(target) + "&type=emailVerify&codeChallenge=" + challenge)
	}
	f.Add("ticket=x&redirectTo=%0D%0ALocation%3A+https%3A%2F%2Fevil.example")
	f.Add("ticket=%zz;redirectTo=https://app.example.com&redirectTo=a&redirectTo=b")
	c := newClient(f)
	f.Fuzz(func(t *testing.T, query string) {
		sent := request{method: http.MethodGet, path: "/verify"}.http()
		sent.URL.RawQuery = query
		got := c.serve(sent)
		require.Contains(t, []int{http.StatusFound, http.StatusBadRequest}, got.status, got.body)
		if got.status == http.StatusBadRequest {
			require.Empty(t, got.header.Get("Location"))
			return
		}
		location, err := url.Parse(got.header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "https", location.Scheme)
		require.Equal(t, "app.example.com", strings.TrimSuffix(strings.ToLower(location.Host), ":443"))
		require.Nil(t, location.User)
		require.Contains(t, []string{"invalid-ticket", "redirectTo-not-allowed"}, location.Query().Get("error"))
	})
}

// FuzzAuthorization sends any header where an access token is expected. Nobody gets in, and nothing breaks.
func FuzzAuthorization(f *testing.F) {
	c := newClient(f)
	session := c.signUp("jane@example.com")
	for _, headers := range badHeaders(f, c, session) {
		if len(headers) > 0 && len(headers[0]) < 4096 {
			f.Add(headers[0])
		}
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := request{method: http.MethodGet, path: "/user", header: http.Header{"Authorization": {header}}}
		got := c.serve(r.http())
		got.t = t
		inner := *c
		inner.t = t
		inner.checkContract(r, got)
		if _, err := c.kit.Tokens.Verify(context.Background(), strings.TrimPrefix(header, "Bearer ")); err == nil {
			return // a good token written in another way: what is left to say is that it did not break anything
		}
		require.Equal(t, http.StatusUnauthorized, got.status)
		if len(header) >= longSecret {
			require.NotContains(t, got.body, header)
		}
	})
}

func TestFuzzBody_HasAGoodBodyAmongItsSeeds(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	require.Equal(t, http.StatusOK, c.post("/signup/email-password", signUpWith("")).status)
}
