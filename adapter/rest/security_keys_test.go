package rest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func TestSecurityKeys_AreAddedListedRenamedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	bearer := c.signUp("jane@example.com").AccessToken
	require.Empty(t, c.keys(bearer))
	blue, red := passkey("blue"), passkey("red")
	blue.Transports, red.Eligible, red.BackedUp = []string{"usb", "nfc", "usb", "carrier-pigeon"}, true, true
	blueID := c.addKey(blue, bearer, "Blue")
	created := c.kit.Clock.Now()
	c.kit.Clock.Advance(time.Minute)
	redID := c.addKey(red, bearer, "")
	later := c.kit.Clock.Now()
	want := []api.SecurityKey{
		{ID: blueID, CredentialID: base64.RawURLEncoding.EncodeToString(blue.ID), Nickname: "Blue", Transports: []string{"usb", "nfc"}, CreatedAt: &created},
		{ID: redID, CredentialID: base64.RawURLEncoding.EncodeToString(red.ID), Transports: []string{"internal"}, BackupEligible: true, BackedUp: true, CreatedAt: &later},
	}
	require.Equal(t, want, c.keys(bearer))
	excluded := string(c.ceremony("/user/webauthn/add", bearer, ""))
	require.Contains(t, excluded, want[0].CredentialID)
	require.Contains(t, excluded, want[1].CredentialID)

	got := c.do(request{method: http.MethodPatch, path: "/user/webauthn/" + redID, bearer: bearer, body: `{"nickname":"Rot 🔑"}`})
	require.Equal(t, http.StatusOK, got.status, got.body)
	want[1].Nickname = "Rot 🔑"
	require.Equal(t, want[1], decode[api.SecurityKey](got))
	require.Equal(t, http.StatusOK, c.signInWith(red, "").status)
	remove := request{method: http.MethodDelete, path: "/user/webauthn/" + blueID, bearer: bearer}
	require.Equal(t, http.StatusOK, c.do(remove).status)
	c.refused(remove, http.StatusNotFound, domain.NotFound)
	want[1].LastUsedAt = &later
	require.Equal(t, want[1:], c.keys(bearer))
	require.Equal(t, http.StatusBadRequest, c.signInWith(blue, "").status)
}

func TestSecurityKeys_AreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane, joe := c.signUp("jane@example.com").AccessToken, c.signUp("joe@example.com").AccessToken
	id := c.addKey(passkey("jane's"), jane, "")
	require.Empty(t, c.keys(joe))
	c.refused(request{method: http.MethodPatch, path: "/user/webauthn/" + id, bearer: joe, body: `{"nickname":"x"}`}, http.StatusNotFound, domain.NotFound)
	c.refused(request{method: http.MethodDelete, path: "/user/webauthn/" + id, bearer: joe}, http.StatusNotFound, domain.NotFound)
	require.Len(t, c.keys(jane), 1)
}

func TestSecurityKeys_TheLastWayInStays(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.Passwordless, s.OTP = false, false }}})
	bearer := c.signUpWith(passkey("jane's"), "jane@example.com").AccessToken
	last := request{method: http.MethodDelete, path: "/user/webauthn/" + c.keys(bearer)[0].ID, bearer: bearer}
	c.refused(last, http.StatusConflict, domain.LastWayIn)
	require.Len(t, c.keys(bearer), 1)
	c.addKey(passkey("another"), bearer, "")
	require.Equal(t, http.StatusOK, c.do(last).status)
	last.path = "/user/webauthn/" + c.keys(bearer)[0].ID
	c.refused(last, http.StatusConflict, domain.LastWayIn)
	c.refused(request{method: http.MethodDelete, path: "/user/webauthn/0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", bearer: bearer}, http.StatusNotFound, domain.NotFound)
	c.kit.Exec("UPDATE auth.users SET phone_number = '+41791234567'")
	c.refused(last, http.StatusConflict, domain.LastWayIn)
	c.kit.Exec("UPDATE auth.users SET phone_number_verified = true")
	require.Equal(t, http.StatusOK, c.do(last).status)
	require.Empty(t, c.keys(bearer))
}

func TestSecurityKeys_BadNamesAndIDsAreNamed(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	bearer := c.signUp("jane@example.com").AccessToken
	path := "/user/webauthn/" + c.addKey(passkey("jane's"), bearer, strings.Repeat("ü", 255))
	for _, body := range []string{`{}`, `{"nickname":7}`, `{"nickname":null}`, fmt.Sprintf(`{"nickname":%q}`, strings.Repeat("ü", 256))} {
		require.Equal(t, "nickname", c.refused(request{method: http.MethodPatch, path: path, bearer: bearer, body: body}, http.StatusBadRequest, domain.SchemaValidation).Field)
	}
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		c.refused(request{method: method, path: "/user/webauthn/no-uuid", bearer: bearer, body: `{"nickname":"x"}`}, http.StatusBadRequest, domain.SchemaValidation)
		c.refused(request{method: method, path: path, body: `{"nickname":"x"}`}, http.StatusUnauthorized, domain.Unauthorized)
	}
	c.refused(request{method: http.MethodGet, path: "/user/webauthn"}, http.StatusUnauthorized, domain.Unauthorized)
	anonymous := sessionIn(c.post("/signin/anonymous", "")).AccessToken
	c.refused(request{method: http.MethodPost, path: "/user/webauthn/add", bearer: anonymous}, http.StatusForbidden, domain.ForbiddenAnonymous)
	c.refused(request{method: http.MethodPost, path: "/elevate/webauthn", bearer: anonymous}, http.StatusForbidden, domain.ForbiddenAnonymous)
	c.refused(request{method: http.MethodGet, path: "/user/webauthn", bearer: anonymous}, http.StatusForbidden, domain.ForbiddenAnonymous)
}

func TestSecurityKeys_BrowsersMayRename(t *testing.T) {
	t.Parallel()
	got := newClient(t).do(request{method: http.MethodOptions, path: "/user/webauthn/0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", header: http.Header{
		"Origin": {kit.Origin}, "Access-Control-Request-Method": {"PATCH"},
	}})
	require.Equal(t, "POST, GET, PATCH", got.header.Get("Access-Control-Allow-Methods"))
}

// elevatedClaim returns whom an access token calls elevated, "" for nobody.
func elevatedClaim(t *testing.T, accessToken string) string {
	t.Helper()
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(accessToken, claims)
	require.NoError(t, err)
	user, _ := claims["https://hasura.io/jwt/claims"].(map[string]any)["x-hasura-auth-elevated"].(string)
	return user
}

func TestElevateWebAuthn_GivesANewSessionThatIsElevatedUntilItIsRefreshed(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	first := c.signUpWith(key, "jane@example.com")
	require.Empty(t, elevatedClaim(t, first.AccessToken))
	open := c.ceremony("/elevate/webauthn", first.AccessToken, "")
	require.Contains(t, string(open), `"userVerification":"preferred"`)
	elevated := sessionIn(c.do(request{method: http.MethodPost, path: "/elevate/webauthn/verify", bearer: first.AccessToken, body: answerWith(key.Get(open))}))
	require.Equal(t, first.User.ID, elevatedClaim(t, elevated.AccessToken))
	require.NotEqual(t, first.RefreshTokenID, elevated.RefreshTokenID)
	require.Empty(t, elevatedClaim(t, decode[api.Session](c.mustPost("/token", refresh(elevated.RefreshToken))).AccessToken))
	c.mustPost("/token", refresh(first.RefreshToken))
	require.Empty(t, elevatedClaim(t, sessionIn(c.signInWith(key, "")).AccessToken), "a sign-in is no elevation")
}

func TestElevateWebAuthn_OpensWhatDemandsElevation(t *testing.T) {
	t.Parallel()
	for _, mode := range []domain.ElevationMode{domain.ElevationRecommended, domain.ElevationRequired} {
		c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.Elevation.Mode = mode }}})
		bearer := c.signUp("jane@example.com").AccessToken
		c.refused(request{method: http.MethodPost, path: "/elevate/webauthn", bearer: bearer}, http.StatusBadRequest, domain.InvalidRequest)
		key := passkey("jane's")
		id := c.addKey(key, bearer, "") // the first one needs no elevation
		add, remove := request{method: http.MethodPost, path: "/user/webauthn/add", bearer: bearer}, request{method: http.MethodDelete, path: "/user/webauthn/" + id, bearer: bearer}
		c.refused(add, http.StatusUnauthorized, domain.ElevatedClaimRequired)
		c.refused(remove, http.StatusUnauthorized, domain.ElevatedClaimRequired)
		elevated := sessionIn(c.do(request{method: http.MethodPost, path: "/elevate/webauthn/verify", bearer: bearer,
			body: answerWith(key.Get(c.ceremony("/elevate/webauthn", bearer, "")))})).AccessToken
		c.addKey(passkey("another"), elevated, "")
		remove.bearer = elevated
		require.Equal(t, http.StatusOK, c.do(remove).status)
	}
}
