package rest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// kitKey is the key with which test/kit signs.
const kitKey = "a key of the tests, 32 bytes long"

// forged returns a token like the product's own for the user, with changes to its claims; a claim that is changed to nil is dropped.
func forged(t testing.TB, c *client, user string, key string, changes gojwt.MapClaims) string {
	t.Helper()
	claims := gojwt.MapClaims{
		"sub": user, "iss": "https://auth.example.com", "iat": c.kit.Clock.Now().Unix(), "exp": c.kit.Clock.Now().Add(time.Hour).Unix(),
		"https://hasura.io/jwt/claims": map[string]any{
			"x-hasura-allowed-roles": []string{"user"}, "x-hasura-default-role": "user", "x-hasura-user-id": user, "x-hasura-user-is-anonymous": "false",
		},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	token, err := gojwt.NewWithClaims(gojwt.SigningMethodHS256, claims).SignedString([]byte(key))
	require.NoError(t, err)
	return token
}

func TestBearer_AForgeryWithTheRightKeyWorksSoThatTheOthersFailForTheirOwnReason(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	user := c.signUp("jane@example.com").User.ID
	got := c.do(request{method: http.MethodGet, path: "/user", bearer: forged(t, c, user, kitKey, nil)})
	require.Equal(t, http.StatusOK, got.status, got.body)
}

// badHeaders are values of the Authorization header, none of which authenticates anybody, by what is wrong with them.
func badHeaders(t testing.TB, c *client, s api.Session) map[string][]string {
	good, user := s.AccessToken, s.User.ID
	parts := strings.Split(good, ".")
	none, err := gojwt.NewWithClaims(gojwt.SigningMethodNone, gojwt.MapClaims{"sub": user}).SignedString(gojwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	es256, err := gojwt.NewWithClaims(gojwt.SigningMethodES256, gojwt.MapClaims{"sub": user}).SignedString(private)
	require.NoError(t, err)
	now := c.kit.Clock.Now()
	headers := map[string][]string{
		"no header":     nil,
		"empty":         {""},
		"scheme alone":  {"Bearer"},
		"blank token":   {"Bearer "},
		"token alone":   {good},
		"lower case":    {"bearer " + good},
		"upper case":    {"BEARER " + good},
		"two spaces":    {"Bearer  " + good},
		"a tab":         {"Bearer\t" + good},
		"space after":   {"Bearer " + good + " "},
		"two tokens":    {"Bearer " + good + " " + good},
		"a comma":       {"Bearer " + good + ", Bearer " + good},
		"two headers":   {"Bearer " + good, "Bearer " + good},
		"Basic":         {"Basic amFuZUBleGFtcGxlLmNvbTpodW50ZXIy"},
		"Token":         {"Token " + good},
		"refresh token": {"Bearer " + s.RefreshToken},
		"quoted":        {`Bearer "` + good + `"`},
		"dots":          {"Bearer " + strings.Repeat(".", 4000)},
		"endless dots":  {"Bearer " + strings.Repeat(".", 1<<20)},
		"too long":      {"Bearer " + good + strings.Repeat("A", 8<<10)},
		"no signature":  {"Bearer " + parts[0] + "." + parts[1] + "."},
		"two parts":     {"Bearer " + parts[0] + "." + parts[1]},
		"not base64":    {"Bearer " + parts[0] + ".!!!!." + parts[2]},
		"padded":        {"Bearer " + good + "="},
		"alg none":      {"Bearer " + none},
		"alg ES256":     {"Bearer " + es256},
	}
	for name, token := range map[string]string{
		"wrong key":         forged(t, c, user, "another key, also 32 bytes long..", nil),
		"expired":           forged(t, c, user, kitKey, gojwt.MapClaims{"exp": now.Unix()}),
		"never expires":     forged(t, c, user, kitKey, gojwt.MapClaims{"exp": nil}),
		"of the future":     forged(t, c, user, kitKey, gojwt.MapClaims{"iat": now.Add(2 * time.Minute).Unix()}),
		"not before":        forged(t, c, user, kitKey, gojwt.MapClaims{"nbf": now.Add(2 * time.Minute).Unix()}),
		"foreign issuer":    forged(t, c, user, kitKey, gojwt.MapClaims{"iss": "https://evil.example"}),
		"no issuer":         forged(t, c, user, kitKey, gojwt.MapClaims{"iss": nil}),
		"an audience":       forged(t, c, user, kitKey, gojwt.MapClaims{"aud": "some-client"}),
		"a scope":           forged(t, c, user, kitKey, gojwt.MapClaims{"scope": "openid email"}),
		"no Hasura claims":  forged(t, c, user, kitKey, gojwt.MapClaims{"https://hasura.io/jwt/claims": nil}),
		"no subject":        forged(t, c, user, kitKey, gojwt.MapClaims{"sub": nil}),
		"another subject":   forged(t, c, user, kitKey, gojwt.MapClaims{"sub": unknownToken}),
		"subject no UUID":   forged(t, c, "' OR 1=1 --", kitKey, nil),
		"subject a number":  forged(t, c, user, kitKey, gojwt.MapClaims{"sub": 1}),
		"claims are a list": forged(t, c, user, kitKey, gojwt.MapClaims{"https://hasura.io/jwt/claims": []string{}}),
	} {
		headers[name] = []string{"Bearer " + token}
	}
	return headers
}

func TestBearer_WhateverIsNoGoodTokenIs401WhereOneIsNeeded(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for name, header := range badHeaders(t, c, c.signUp("jane@example.com")) {
		got := c.do(request{method: http.MethodGet, path: "/user", header: http.Header{"Authorization": header}})
		require.Equal(t, http.StatusUnauthorized, got.status, name)
		require.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"), name)
		require.Equal(t, api.ErrorResponse{
			Status: 401, Error: "unauthorized", Message: "The access token is missing, invalid or expired", RequestID: got.header.Get("X-Request-Id"),
		}, got.failure().ErrorResponse, name)
	}
}

func TestBearer_IsIgnoredWhereNoneIsAskedFor(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	headers := badHeaders(t, c, session)
	headers["a good one"] = []string{"Bearer " + session.AccessToken}
	for name, header := range headers {
		for _, r := range []request{
			{method: http.MethodPost, path: "/signin/email-password", body: credentials("jane@example.com", kit.Password)},
			{method: http.MethodPost, path: "/token", body: refresh(session.RefreshToken)},
			{method: http.MethodGet, path: "/healthz"}, {method: http.MethodGet, path: "/version"},
			{method: http.MethodPost, path: "/user/password/reset", body: address("jane@example.com")},
			{method: http.MethodPost, path: "/user/email/send-verification-email", body: address("jane@example.com")},
			{method: http.MethodPost, path: "/signin/passwordless/email", body: address("jane@example.com")},
			{method: http.MethodHead, path: "/verify"},
		} {
			r.header = http.Header{"Authorization": header}
			require.Equal(t, http.StatusOK, c.do(r).status, "%s %s", name, r.path)
		}
	}
	got := c.do(request{
		method: http.MethodPost, path: "/signup/email-password", body: credentials("john@example.com", kit.Password), header: http.Header{"Authorization": {"Bearer x"}},
	})
	require.Equal(t, http.StatusOK, got.status)
}

func TestBearer_ABadOneCountsAsNoneWhereItIsOptional(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	for name, header := range badHeaders(t, c, session) {
		authorization := http.Header{"Authorization": header}
		failure := c.refused(request{method: http.MethodPost, path: "/token/verify", header: authorization}, http.StatusBadRequest, domain.InvalidRequest)
		require.Empty(t, failure.Field, name)
		all := request{method: http.MethodPost, path: "/signout", body: `{"all":true}`, header: authorization}
		require.Equal(t, "all", c.refused(all, http.StatusBadRequest, domain.InvalidRequest).Field, name)
		password := request{method: http.MethodPost, path: "/user/password", body: passwordChange(""), header: authorization}
		require.Equal(t, "ticket", c.refused(password, http.StatusBadRequest, domain.InvalidRequest).Field, name)
		one := request{method: http.MethodPost, path: "/signout", body: refresh(unknownToken), header: authorization}
		require.Equal(t, http.StatusOK, c.do(one).status, name)
	}
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
}

func TestBearer_IsLookedAtBeforeTheBody(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, body := range []string{"", "{broken", `{"unknown":1}`} {
		c.refusedPost("/user/deanonymize", body, http.StatusUnauthorized, domain.Unauthorized)
		c.refusedPost("/user/email/change", body, http.StatusUnauthorized, domain.Unauthorized)
	}
}
