package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/kit"
)

func TestWebAuthn_SignUpAsksForAPasskeyInTheShapeThatClientsKnow(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	var options map[string]any
	require.NoError(t, json.Unmarshal(c.ceremony("/signup/webauthn", "", `{"email":"jane@example.com","options":{"displayName":"Jane Doe"}}`), &options))
	user, challenge := options["user"].(map[string]any)["id"], options["challenge"]
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`, user)
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, challenge)
	delete(options, "pubKeyCredParams")
	require.Equal(t, map[string]any{
		"rp":   map[string]any{"id": "example.com", "name": "Example"},
		"user": map[string]any{"id": user, "name": "Jane Doe", "displayName": "Jane Doe"}, "challenge": challenge, "timeout": 60000.0,
		"authenticatorSelection": map[string]any{"requireResidentKey": false, "residentKey": "preferred", "userVerification": "required"},
		"attestation":            "indirect",
	}, options)
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users"), "nothing is stored about the user yet")
}

func TestWebAuthn_EveryKindOfKeySignsUpAndInByAddressAndDiscoverable(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(origin, rpID, label string) *authenticator.Key{
		"ES256": authenticator.ES256, "RS256": authenticator.RS256, "EdDSA": authenticator.EdDSA,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, key := newClient(t), make(kit.Origin, kit.RPID, name)
			key.Counts = true
			first := c.signUpWith(key, "Jane@example.com")
			require.Equal(t, "Jane@example.com", first.User.Email)
			require.Equal(t, "Jane@example.com", first.User.DisplayName)
			for _, email := range []string{"", "jane@EXAMPLE.com"} {
				session := sessionIn(c.signInWith(key, email))
				require.Equal(t, first.User, session.User)
				require.NotEqual(t, first.RefreshToken, session.RefreshToken)
				c.mustPost("/token", refresh(session.RefreshToken))
			}
			require.Equal(t, 3, c.kit.Count("SELECT counter + 1 FROM auth.user_security_keys"), "the counter of the last use is kept")
			require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.hexauth_ceremonies"))
		})
	}
}

func TestWebAuthn_SignInAsksForTheUsersKeysOrForAny(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	c.signUpWith(key, "jane@example.com")
	for body, allowed := range map[string]any{
		address("jane@example.com"): []any{map[string]any{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(key.ID)}},
		"":                          nil, "{}": nil,
	} {
		var options map[string]any
		require.NoError(t, json.Unmarshal(c.ceremony("/signin/webauthn", "", body), &options))
		want := map[string]any{"challenge": options["challenge"], "timeout": 60000.0, "rpId": "example.com", "userVerification": "required"}
		if allowed != nil {
			want["allowCredentials"] = allowed
		}
		require.Equal(t, want, options)
	}
}

func TestWebAuthn_WhatTheSecondHalfStatesGoesBeforeWhatTheFirstStated(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	options := c.ceremony("/signup/webauthn", "", `{"email":"jane@example.com","options":{"displayName":"Jane","locale":"de","metadata":{"n":1},"allowedRoles":["user","me"]}}`)
	session := sessionIn(c.mustPost("/signup/webauthn/verify", answerWith(key.Create(options), `"options":{"displayName":"Dr. Jane","allowedRoles":["user"]}`, `"nickname":"Läptop"`)))
	require.Equal(t, "Dr. Jane", session.User.DisplayName)
	require.Equal(t, "de", session.User.Locale)
	require.JSONEq(t, `{"n":1}`, string(session.User.Metadata))
	require.Equal(t, []string{"user"}, session.User.Roles)
	require.Equal(t, "Läptop", c.keys(session.AccessToken)[0].Nickname)

	options = c.ceremony("/signup/webauthn", "", address("joe@example.com"))
	c.refusedPost("/signup/webauthn/verify", answerWith(passkey("joe's").Create(options), `"options":{"allowedRoles":["admin"]}`), http.StatusBadRequest, domain.RoleNotAllowed)
	options = c.ceremony("/signup/webauthn", "", address("joe@example.com"))
	c.refusedPost("/signup/webauthn/verify", answerWith(passkey("joe's").Create(options), `"options":{"redirectTo":"https://evil.example"}`),
		http.StatusBadRequest, domain.RedirectToNotAllowed)
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestWebAuthn_ASignUpWaitsForTheAddressToBeVerified(t *testing.T) {
	t.Parallel()
	c, key := newClientWith(t, setup{kit: []func(*kit.Settings){requireVerified}}), passkey("jane's")
	got := c.mustPost("/signup/webauthn/verify", answerWith(key.Create(c.ceremony("/signup/webauthn", "", address("jane@example.com")))))
	require.JSONEq(t, `{}`, got.body)
	c.refusedPost("/signin/webauthn", address("jane@example.com"), http.StatusUnauthorized, domain.UnverifiedUser)
	c.refusedPost("/signin/webauthn/verify", answerWith(key.Get(c.ceremony("/signin/webauthn", "", ""))), http.StatusUnauthorized, domain.UnverifiedUser)
	require.Contains(t, c.redirected(c.link()), "refreshToken=")
	require.True(t, sessionIn(c.signInWith(key, "jane@example.com")).User.EmailVerified)
}

func TestWebAuthn_AKeyOfWhoeverPreparedTheAccountIsGoneOnceTheOwnerComes(t *testing.T) {
	t.Parallel()
	c, strangers := newClientWith(t, setup{kit: []func(*kit.Settings){requireVerified}}), passkey("stranger's")
	c.mustPost("/signup/webauthn/verify", answerWith(strangers.Create(c.ceremony("/signup/webauthn", "", address("jane@example.com")))))
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	bearer := decode[api.Session](c.mustPost("/token", refresh(c.parameter(c.redirected(c.link()), "refreshToken")))).AccessToken
	require.Empty(t, c.keys(bearer))
	require.Equal(t, http.StatusBadRequest, c.signInWith(strangers, "").status)
}

func TestWebAuthn_TheLinkOfASignUpIsBoundToTheChallengeOfTheApp(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){requireVerified}})
	options := c.ceremony("/signup/webauthn", "", address("jane@example.com"))
	c.mustPost("/signup/webauthn/verify", answerWith(passkey("jane's").Create(options), withPKCE[1:]))
	session := sessionIn(c.mustPost("/token/exchange", exchange(c.parameter(c.redirected(c.link()), "code"), verifier)))
	require.Equal(t, "jane@example.com", session.User.Email)
}

func TestWebAuthn_SwitchedOffAnswersNothing(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.WebAuthnOff = true }}})
	bearer := c.signUp("jane@example.com").AccessToken
	credential := answerWith(passkey("jane's").Create([]byte(`{"challenge":"AAAA","user":{"id":"AAAA"}}`)))
	assertion := answerWith(passkey("jane's").Get([]byte(`{"challenge":"AAAA"}`)))
	const id = "/user/webauthn/0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"
	for _, r := range []request{
		{path: "/signup/webauthn", body: address("joe@example.com")}, {path: "/signup/webauthn/verify", body: credential},
		{path: "/signin/webauthn"}, {path: "/signin/webauthn/verify", body: assertion},
		{path: "/elevate/webauthn"}, {path: "/elevate/webauthn/verify", body: assertion},
		{path: "/user/webauthn/add"}, {path: "/user/webauthn/verify", body: credential},
		{method: http.MethodGet, path: "/user/webauthn"}, {method: http.MethodPatch, path: id, body: `{"nickname":"x"}`}, {method: http.MethodDelete, path: id},
	} {
		if r.method == "" {
			r.method = http.MethodPost
		}
		r.bearer = bearer
		c.refused(r, http.StatusConflict, domain.DisabledEndpoint)
	}
}

func TestWebAuthn_SignUpAnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"evil.example"})
	}}})
	const begin, finish = "/signup/webauthn", "/signup/webauthn/verify"
	require.Equal(t, "email", c.refusedPost(begin, `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "email", c.refusedPost(begin, address("jane"), http.StatusBadRequest, domain.SchemaValidation).Field)
	c.refusedPost(begin, address("jane@evil.example"), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.refusedPost(begin, `{"email":"jane@example.com","options":{"allowedRoles":["admin"]}}`, http.StatusBadRequest, domain.RoleNotAllowed)
	c.refusedPost(begin, `{"email":"jane@example.com","options":{"defaultRole":"admin"}}`, http.StatusBadRequest, domain.DefaultRoleMustBeInAllowedRoles)
	c.refusedPost(begin, `{"email":"jane@example.com","options":{"redirectTo":"https://evil.example"}}`, http.StatusBadRequest, domain.RedirectToNotAllowed)
	require.Equal(t, "credential", c.refusedPost(finish, `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)

	open := c.ceremony(begin, "", address("joe@example.com"))
	c.kit.UseCases.VerifySignUpWebauthn.Enrolment.Policy.NewUsersDisabled = true
	c.refusedPost(finish, answerWith(passkey("joe's").Create(open)), http.StatusUnauthorized, domain.DisabledUser)
	c.refusedPost("/signin/webauthn", address("joe@example.com"), http.StatusUnauthorized, domain.DisabledUser)
	c.kit.UseCases.SignUpWebauthn.Policy.Disabled = true
	c.kit.UseCases.VerifySignUpWebauthn.Enrolment.Policy.Disabled = true
	c.refusedPost(begin, address("jane@example.com"), http.StatusForbidden, domain.SignupDisabled)
	c.refusedPost(finish, answerWith(passkey("jane's").Create(open)), http.StatusForbidden, domain.SignupDisabled)
}

func TestWebAuthn_ATakenAddressIsToldToWhoFinishes(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	options := c.ceremony("/signup/webauthn", "", address("JANE@example.com"))
	c.refusedPost("/signup/webauthn/verify", answerWith(passkey("joe's").Create(options)), http.StatusConflict, domain.EmailAlreadyInUse)
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.user_security_keys"))
}

func TestWebAuthn_SignInAnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	const begin, finish = "/signin/webauthn", "/signin/webauthn/verify"
	c.refusedPost(begin, address("nobody@example.com"), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.signUp("joe@example.com")
	c.refusedPost(begin, address("joe@example.com"), http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "credential", c.refusedPost(finish, `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "email", c.refusedPost(begin, address("joe"), http.StatusBadRequest, domain.SchemaValidation).Field)
	c.signUpWith(key, "jane@example.com")
	for _, state := range []struct {
		change string
		status int
		code   domain.Code
	}{
		{"is_anonymous = true", http.StatusForbidden, domain.ForbiddenAnonymous},
		{"disabled = true", http.StatusUnauthorized, domain.DisabledUser},
	} {
		open := c.ceremony(begin, "", "")
		c.kit.Exec("UPDATE auth.users SET " + state.change)
		c.refusedPost(begin, address("jane@example.com"), state.status, state.code)
		c.refusedPost(finish, answerWith(key.Get(open)), state.status, state.code)
	}
	open := c.ceremony(begin, "", "")
	c.kit.Exec("DELETE FROM auth.users")
	c.refusedPost(finish, answerWith(key.Get(open)), http.StatusBadRequest, domain.InvalidRequest)
}

func TestWebAuthn_TheOldMemberEmailIsIgnoredAndHandlesOfBothFormsAreKnown(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	jane := c.signUpWith(key, "jane@example.com").User
	require.Len(t, key.Handle, 27, "browsers take the id for base64url")
	open := c.ceremony("/signin/webauthn", "", "")
	require.Equal(t, jane, sessionIn(c.mustPost("/signin/webauthn/verify", answerWith(key.Get(open), `"email":"joe@example.com"`))).User)
	key.Handle = []byte(jane.ID)
	require.Equal(t, jane, sessionIn(c.signInWith(key, "")).User)
	key.WithoutHandle = true
	require.Equal(t, jane, sessionIn(c.signInWith(key, "jane@example.com")).User, "an old security key tells no handle")
	c.refusedPost("/signin/webauthn/verify", answerWith(key.Get(c.ceremony("/signin/webauthn", "", ""))), http.StatusBadRequest, domain.InvalidRequest)
}

func TestWebAuthn_KeysOfATakenOverServerWork(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("synced")
	jane := c.signUp("jane@example.com")
	key.Create([]byte(`{"challenge":"AAAA","user":{"id":"` + jane.User.ID + `"}}`))
	c.kit.ExecWith(`INSERT INTO auth.user_security_keys (id, user_id, credential_id, credential_public_key) VALUES ($1, $2, $3, $4)`,
		"0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", jane.User.ID, base64.RawURLEncoding.EncodeToString(key.ID), key.PublicKey())
	key.Eligible, key.BackedUp, key.Counts, key.Counter = true, true, true, 5
	listed := c.keys(jane.AccessToken)
	require.Equal(t, []api.SecurityKey{{ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", CredentialID: base64.RawURLEncoding.EncodeToString(key.ID), Transports: []string{}}}, listed)
	require.Equal(t, jane.User, sessionIn(c.signInWith(key, "")).User)
	require.Equal(t, jane.User, sessionIn(c.signInWith(key, "jane@example.com")).User)
	now := c.kit.Clock.Now()
	listed[0].BackupEligible, listed[0].BackedUp, listed[0].LastUsedAt = true, true, &now
	require.Equal(t, listed, c.keys(jane.AccessToken))
}

func TestWebAuthn_CeremoniesExpire(t *testing.T) {
	t.Parallel()
	c, key := newClient(t), passkey("jane's")
	c.signUpWith(key, "jane@example.com")
	for _, half := range []struct {
		path, body string
		answer     func([]byte) []byte
	}{
		{"/signup/webauthn", address("joe@example.com"), passkey("joe's").Create}, {"/signin/webauthn", "", key.Get},
	} {
		open := c.ceremony(half.path, "", half.body)
		c.kit.Clock.Advance(5 * time.Minute)
		c.refusedPost(half.path+"/verify", answerWith(half.answer(open)), http.StatusBadRequest, domain.InvalidRequest)
		open = c.ceremony(half.path, "", half.body)
		c.kit.Clock.Advance(5*time.Minute - time.Second)
		c.mustPost(half.path+"/verify", answerWith(half.answer(open)))
	}
}
