package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const unknownToken = "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"

func TestSignUpEmailPassword_AnswersASessionWithEverythingThatWasAskedFor(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	got := c.post("/signup/email-password", `{"email":"Jane@Example.com","password":"violet-otter-41","options":{
		"allowedRoles":["me","user","me"],"defaultRole":"me","displayName":"Jane O'Doe-Łątka, 3rd.","locale":"de",
		"metadata":{"n":12345678901234567890.10,"nested":{"list":[1,null,true]}},"redirectTo":"https://app.example.com/welcome"}}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Contains(t, got.body, `12345678901234567890.10`, "no digit of a number is lost")
	session := decode[api.SessionPayload](got).Session
	require.Equal(t, int64(900), session.AccessTokenExpiresIn)
	metadata := session.User.Metadata
	session.User.Metadata = nil
	require.Equal(t, api.User{
		ID: session.User.ID, CreatedAt: c.kit.Clock.Now(), DefaultRole: "me", DisplayName: "Jane O'Doe-Łątka, 3rd.", Email: "Jane@Example.com",
		Locale: "de", Roles: []string{"me", "user"},
	}, session.User)
	require.JSONEq(t, `{"n":12345678901234567890.10,"nested":{"list":[1,null,true]}}`, string(metadata))
	claims, err := c.kit.Tokens.Verify(t.Context(), session.AccessToken)
	require.NoError(t, err)
	require.Equal(t, domain.UserID(session.User.ID), claims.Subject)
}

func TestSignUpEmailPassword_AnswersAnEmptyObjectWhileTheAddressAwaitsVerification(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.SignIn.RequireVerified = true }}})
	got := c.post("/signup/email-password", credentials("jane@example.com", kit.Password))
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "{}", strings.TrimSpace(got.body))
}

func TestSignUpEmailPassword_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	}}})
	c.signUp("jane@example.com")
	path := "/signup/email-password"
	with := func(options string) string {
		return `{"email":"john@example.com","password":"violet-otter-41","options":` + options + `}`
	}
	c.refusedPost(path, credentials("JANE@example.com", kit.Password), http.StatusConflict, domain.EmailAlreadyInUse)
	c.refusedPost(path, credentials("jane@blocked.example", kit.Password), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.refusedPost(path, credentials("john@example.com", "eight ch"), http.StatusBadRequest, domain.PasswordTooShort)
	c.refusedPost(path, with(`{"redirectTo":"https://evil.example/path"}`), http.StatusBadRequest, domain.RedirectToNotAllowed)
	c.refusedPost(path, with(`{"allowedRoles":["administrator"]}`), http.StatusBadRequest, domain.RoleNotAllowed)
	c.refusedPost(path, with(`{"allowedRoles":[]}`), http.StatusBadRequest, domain.DefaultRoleMustBeInAllowedRoles)
	c.refusedPost(path, with(`{"defaultRole":"administrator"}`), http.StatusBadRequest, domain.DefaultRoleMustBeInAllowedRoles)
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestSignUpEmailPassword_IsRefusedWhenSignUpIsOffOrNewUsersAreDisabled(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true }}})
	body := credentials("jane@example.com", kit.Password)
	c.refusedPost("/signup/email-password", body, http.StatusUnauthorized, domain.DisabledUser)
	c.kit.UseCases.SignUpEmailPassword.Policy.Disabled = true
	c.refusedPost("/signup/email-password", body, http.StatusForbidden, domain.SignupDisabled)
}

func TestSignInEmailPassword_AnswersASession(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	signedUp := c.signUp("jane@example.com")
	got := c.post("/signin/email-password", credentials("JANE@EXAMPLE.COM", kit.Password))
	require.Equal(t, http.StatusOK, got.status, got.body)
	answer := decode[api.SignInEmailPasswordResponse](got)
	require.Nil(t, answer.Mfa)
	require.Equal(t, signedUp.User, answer.Session.User)
	require.NotEqual(t, signedUp.RefreshTokenID, answer.Session.RefreshTokenID)
}

func TestSignInEmailPassword_TellsTheStateOfAnAccountOnlyToWhoKnowsThePassword(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	path, right, wrong := "/signin/email-password", credentials("jane@example.com", kit.Password), credentials("jane@example.com", "not the password")
	unknown := c.refusedPost(path, credentials("nobody@example.com", kit.Password), http.StatusUnauthorized, domain.InvalidEmailPassword)
	known := c.refusedPost(path, wrong, http.StatusUnauthorized, domain.InvalidEmailPassword)
	known.RequestID = unknown.RequestID
	require.Equal(t, unknown, known)

	c.kit.UseCases.SignInEmailPassword.Policy.RequireVerified = true
	c.refusedPost(path, wrong, http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.refusedPost(path, right, http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost(path, wrong, http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.refusedPost(path, right, http.StatusUnauthorized, domain.DisabledUser)
}

func TestSignInAnonymous_TakesABodyOrNone(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for body, want := range map[string]api.User{
		"":   {DisplayName: "Anonymous User", Locale: "en"},
		"{}": {DisplayName: "Anonymous User", Locale: "en"},
		`{"displayName":"Visitor 7","locale":"de","metadata":{"a":1}}`: {DisplayName: "Visitor 7", Locale: "de"},
		`{"locale":"fr"}`: {DisplayName: "Anonymous User", Locale: "en"},
	} {
		got := c.post("/signin/anonymous", body)
		require.Equal(t, http.StatusOK, got.status, got.body)
		user := decode[api.SessionPayload](got).Session.User
		require.Equal(t, want, api.User{DisplayName: user.DisplayName, Locale: user.Locale})
		require.True(t, user.IsAnonymous)
		require.Equal(t, []string{"anonymous"}, user.Roles)
		require.NotContains(t, got.body, `"email"`)
	}
}

func TestSignInAnonymous_CanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.SignUp.AnonymousEnabled = false }}})
	c.refusedPost("/signin/anonymous", "", http.StatusConflict, domain.DisabledEndpoint)
	c.kit.UseCases.SignInAnonymous.Policy.Disabled = true
	c.refusedPost("/signin/anonymous", "", http.StatusForbidden, domain.SignupDisabled)
}

func refresh(token string) string { return fmt.Sprintf(`{"refreshToken":%q}`, token) }

func TestRefreshToken_AnswersTheBareSessionWithNewTokensAndTheSameID(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	before := c.signUp("jane@example.com")
	c.kit.Clock.Advance(time.Second)
	got := c.post("/token", refresh(before.RefreshToken))
	require.Equal(t, http.StatusOK, got.status, got.body)
	after := decode[api.Session](got)
	require.Equal(t, before.RefreshTokenID, after.RefreshTokenID)
	require.NotEqual(t, before.RefreshToken, after.RefreshToken)
	require.NotEqual(t, before.AccessToken, after.AccessToken)
	require.Equal(t, before.User, after.User)
	again := decode[api.Session](c.post("/token", refresh(before.RefreshToken)))
	require.Equal(t, after.RefreshToken, again.RefreshToken)
}

func TestRefreshToken_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.refusedPost("/token", refresh(unknownToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	session := c.signUp("jane@example.com")
	c.kit.UseCases.RefreshToken.Policy.RequireVerified = true
	c.refusedPost("/token", refresh(session.RefreshToken), http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost("/token", refresh(session.RefreshToken), http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Clock.Advance(31 * 24 * time.Hour)
	c.refusedPost("/token", refresh(session.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
}

func TestRefreshToken_ALateRepetitionEndsTheSession(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	first := c.signUp("jane@example.com")
	second := decode[api.Session](c.post("/token", refresh(first.RefreshToken)))
	c.kit.Clock.Advance(31 * time.Second)
	c.refusedPost("/token", refresh(first.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	c.refusedPost("/token", refresh(second.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	require.Len(t, c.kit.Journal.Entries(), 1)
}

func TestVerifyToken_TakesTheTokenFromTheBodyOrTheHeader(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	token := c.signUp("jane@example.com").AccessToken
	for _, r := range []request{
		{body: fmt.Sprintf(`{"token":%q}`, token)},
		{body: fmt.Sprintf(`{"token":%q}`, "Bearer "+token)},
		{bearer: token},
		{bearer: token, body: `{}`},
		{bearer: "garbage-in-the-header", body: fmt.Sprintf(`{"token":%q}`, token)},
	} {
		r.method, r.path = http.MethodPost, "/token/verify"
		got := c.do(r)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, `"OK"`, strings.TrimSpace(got.body))
	}
}

func TestVerifyToken_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	token := c.signUp("jane@example.com").AccessToken
	verify := func(bearer, body string, status int, code domain.Code) failure {
		return c.refused(request{method: http.MethodPost, path: "/token/verify", bearer: bearer, body: body}, status, code)
	}
	verify("", "", http.StatusBadRequest, domain.InvalidRequest)
	verify("", "{}", http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "token", verify(token, `{"token":"no.such.token"}`, http.StatusBadRequest, domain.InvalidRequest).Field)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	verify(token, "", http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("DELETE FROM auth.users")
	verify(token, "", http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.kit.Clock.Advance(16 * time.Minute)
	verify(token, "", http.StatusBadRequest, domain.InvalidRequest)
	verify("", fmt.Sprintf(`{"token":%q}`, token), http.StatusBadRequest, domain.InvalidRequest)
}

func TestSignOut_EndsOneSessionOrAll(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	first := c.signUp("jane@example.com")
	for range 2 {
		c.post("/signin/email-password", credentials("jane@example.com", kit.Password))
	}
	for _, body := range []string{refresh(first.RefreshToken), refresh(first.RefreshToken), refresh(unknownToken), `{"refreshToken":"anything at all"}`} {
		got := c.post("/signout", body)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, `"OK"`, strings.TrimSpace(got.body))
		require.Equal(t, 2, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
	}
	got := c.do(request{method: http.MethodPost, path: "/signout", bearer: first.AccessToken, body: `{"all":true}`})
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
}

func TestSignOut_NeedsToKnowWhatToEnd(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	require.Equal(t, "refreshToken", c.refusedPost("/signout", `{}`, http.StatusBadRequest, domain.InvalidRequest).Field)
	require.Equal(t, "refreshToken", c.refusedPost("/signout", `{"all":false}`, http.StatusBadRequest, domain.InvalidRequest).Field)
	require.Equal(t, "all", c.refusedPost("/signout", `{"all":true}`, http.StatusBadRequest, domain.InvalidRequest).Field)
	require.Equal(t, "body", c.refusedPost("/signout", ``, http.StatusBadRequest, domain.RequestValidation).Field)
	require.Equal(t, "all", c.refusedPost("/signout", `{"all":"yes, please"}`, http.StatusBadRequest, domain.SchemaValidation).Field)
}

func TestSignOut_IgnoresFieldsItDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	got := c.post("/signout", `{"refreshToken":"`+unknownToken+`","device":"phone","extra":{"deep":[null]}}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
}

func TestGetUser_AnswersTheAccount(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	got := c.do(request{method: http.MethodGet, path: "/user", bearer: session.AccessToken})
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Equal(t, session.User, decode[api.User](got))
	require.Contains(t, got.body, `"activeMfaType":null`)
	require.Contains(t, got.body, `"metadata":null`)
}

func TestGetUser_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	user := func(token string, status int, code domain.Code) {
		c.refused(request{method: http.MethodGet, path: "/user", bearer: token}, status, code)
	}
	anonymous := decode[api.SessionPayload](c.post("/signin/anonymous", "")).Session.AccessToken
	user(anonymous, http.StatusForbidden, domain.ForbiddenAnonymous)
	token := c.signUp("jane@example.com").AccessToken
	c.kit.UseCases.GetUser.Policy.RequireVerified = true
	user(token, http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	user(token, http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("DELETE FROM auth.users")
	user(token, http.StatusUnauthorized, domain.InvalidEmailPassword)
}

func TestSystem_AnswersWithoutAnybodySignedIn(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for path, want := range map[string]string{
		"/healthz": `"OK"`, "/readyz": `"OK"`, "/version": `{"version":"1.2.3"}`, "/.well-known/jwks.json": `{"keys":[]}`,
	} {
		got := c.get(path)
		require.Equal(t, http.StatusOK, got.status, path)
		require.JSONEq(t, want, got.body, path)
	}
	require.Equal(t, "public, max-age=60", c.get("/.well-known/jwks.json").header.Get("Cache-Control"))
	document := c.get("/openapi.yaml")
	require.Equal(t, api.Contract(), document.body)
	require.Equal(t, "application/yaml", document.header.Get("Content-Type"))
}

func TestHealthz_AnswersHeadWithoutABody(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	require.Equal(t, http.StatusOK, c.do(request{method: http.MethodHead, path: "/healthz"}).status)
}
