package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/kit"
)

func passkey(label string) *authenticator.Key {
	return authenticator.ES256(kit.Origin, kit.RPID, label)
}

// answerWith makes the body of a second half: the credential and more members, each written as "name":value.
func answerWith(credential []byte, more ...string) string {
	body := `{"credential":` + string(credential)
	for _, member := range more {
		body += "," + member
	}
	return body + "}"
}

// options sends a first half and returns its options.
func (c *client) ceremony(path, bearer, body string) []byte {
	c.t.Helper()
	got := c.do(request{method: http.MethodPost, path: path, bearer: bearer, body: body})
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	return []byte(got.body)
}

// signUpWith creates an account with a passkey.
func (c *client) signUpWith(key *authenticator.Key, email string) api.Session {
	c.t.Helper()
	return sessionIn(c.mustPost("/signup/webauthn/verify", answerWith(key.Create(c.ceremony("/signup/webauthn", "", address(email))))))
}

// signInWith signs in with a passkey; without an address as a discoverable one.
func (c *client) signInWith(key *authenticator.Key, email string) response {
	c.t.Helper()
	body := ""
	if email != "" {
		body = address(email)
	}
	return c.post("/signin/webauthn/verify", answerWith(key.Get(c.ceremony("/signin/webauthn", "", body))))
}

// addKey adds a passkey to a user's account and returns its id.
func (c *client) addKey(key *authenticator.Key, bearer, nickname string) string {
	c.t.Helper()
	got := c.do(request{
		method: http.MethodPost, path: "/user/webauthn/verify", bearer: bearer,
		body: answerWith(key.Create(c.ceremony("/user/webauthn/add", bearer, "")), fmt.Sprintf(`"nickname":%q`, nickname)),
	})
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	added := decode[api.VerifyAddSecurityKeyResponse](got)
	require.Equal(c.t, nickname, added.Nickname)
	return added.ID
}

// keys lists a user's security keys.
func (c *client) keys(bearer string) []api.SecurityKey {
	c.t.Helper()
	got := c.do(request{method: http.MethodGet, path: "/user/webauthn", bearer: bearer})
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	return decode[api.ListSecurityKeysResponse](got).SecurityKeys
}

// without returns an answer with members of its response taken away or put in.
func edited(answer []byte, change func(credential, response map[string]any)) []byte {
	var credential map[string]any
	if err := json.Unmarshal(answer, &credential); err != nil {
		panic(err)
	}
	change(credential, credential["response"].(map[string]any))
	text, err := json.Marshal(credential)
	if err != nil {
		panic(err)
	}
	return text
}
