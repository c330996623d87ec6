package rest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longSecret is the length from which a value can't be part of an answer's own words by chance.
const longSecret = 16

// FuzzBody sends any bytes where a sign-up is expected. Whatever comes, the answer keeps to the contract, is the client's
// fault or a success, and repeats nothing.
func FuzzBody(f *testing.F) {
	for _, b := range badBodies() {
		if len(b.body) < 4096 {
			f.Add([]byte(b.body))
		}
	}
	f.Add([]byte(signUpWith("")))
	f.Add([]byte(withOptions(`"metadata":{"a":[1,"\ud83d\ude00",{"b":null}]},"allowedRoles":["me","user"],"defaultRole":"me","locale":"de"`)))
	c := newClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		got := c.serve(request{method: http.MethodPost, path: "/signup/email-password", body: string(body)}.http())
		got.t = t
		require.NotContains(t, []int{0, http.StatusInternalServerError, http.StatusServiceUnavailable}, got.status, got.body)
		inner := *c
		inner.t = t
		inner.checkContract(request{method: http.MethodPost, path: "/signup/email-password"}, got)
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
