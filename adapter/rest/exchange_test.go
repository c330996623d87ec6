package rest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func TestTokenExchange_GivesTheSessionToWhoKnowsTheVerifierOnce(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	code := c.code("jane@example.com")
	wrong := c.refusedPost("/token/exchange", exchange(code, verifier+"x"), http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "code", wrong.Field)
	unknown := c.refusedPost("/token/exchange", exchange(domain.S256(code), verifier), http.StatusBadRequest, domain.InvalidRequest)
	unknown.RequestID = wrong.RequestID
	require.Equal(t, wrong, unknown, "a wrong verifier and a wrong code look alike")
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"), "no session before the exchange")
	session := sessionIn(c.mustPost("/token/exchange", exchange(code, verifier)))
	require.Equal(t, "jane@example.com", session.User.Email)
	c.mustPost("/token", refresh(session.RefreshToken))
	c.refusedPost("/token/exchange", exchange(code, verifier), http.StatusBadRequest, domain.InvalidRequest)
}

// code signs in with a challenge, up to the redirect.
func (c *client) code(email string) string {
	c.t.Helper()
	c.mustPost("/signin/passwordless/email", `{"email":"`+email+`"`+withPKCE+`}`)
	location := c.redirected(c.link())
	require.Regexp(c.t, `^https://app\.example\.com\?code=[A-Za-z0-9_-]{43}&type=passwordlessEmail$`, location)
	return c.parameter(location, "code")
}

func TestTokenExchange_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	path, body := "/token/exchange", exchange(c.code("jane@example.com"), verifier)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost(path, body, http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("UPDATE auth.users SET disabled = false, email_verified = false")
	c.kit.UseCases.TokenExchange.Policy.RequireVerified = true
	c.refusedPost(path, body, http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.UseCases.TokenExchange.Policy = domain.SignInPolicy{Emails: domain.NewEmailAccessPolicy(nil, nil, nil, []string{"example.com"})}
	c.refusedPost(path, body, http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.kit.UseCases.TokenExchange.Policy = domain.SignInPolicy{}
	c.kit.Exec("UPDATE auth.users SET is_anonymous = true")
	c.refusedPost(path, body, http.StatusForbidden, domain.ForbiddenAnonymous)
	c.kit.Exec("UPDATE auth.users SET is_anonymous = false")
	c.kit.Clock.Advance(domain.PKCECodeLifetime + time.Second)
	c.refusedPost(path, body, http.StatusBadRequest, domain.InvalidRequest)
	for body, field := range map[string]string{
		`{}`: "code", exchange("", verifier): "code", exchange("x", verifier[1:]): "codeVerifier", `{"code":"x"}`: "codeVerifier",
		`{"code":1,"codeVerifier":"` + verifier + `"}`: "code", `{"code":"x","codeVerifier":null}`: "codeVerifier",
		`{"code":"x","codeVerifier":"` + verifier + `","codeChallenge":"x"}`: "codeChallenge",
		exchange("x", verifier+verifier+verifier):                            "codeVerifier",
	} {
		require.Equal(t, field, c.refusedPost(path, body, http.StatusBadRequest, domain.SchemaValidation).Field, body)
	}
}

func TestVerify_ALinkThatWasAskedForWithAChallengeWorksWithNoOther(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", `{"email":"jane@example.com"`+withPKCE+`}`)
	want := clientURL + "?error=invalid-request&errorDescription=codeChallenge+is+not+the+one+that+the+link+was+asked+for+with"
	require.Equal(t, want, c.redirected(c.linkWith("codeChallenge", "")))
	require.Equal(t, want, c.redirected(c.linkWith("codeChallenge", domain.S256("another verifier"))))
	code := c.parameter(c.redirected(c.link()), "code")
	sessionIn(c.mustPost("/token/exchange", exchange(code, verifier)))
}
