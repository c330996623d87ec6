package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func newConcealing(t *testing.T, changes ...func(*kit.Settings)) *client {
	return newClientWith(t, setup{kit: changes, options: func(o *rest.Options) { o.ConcealErrors = true }})
}

// concealed sends a request whose answer must tell nothing.
func (c *client) concealed(r request) {
	c.t.Helper()
	got := c.do(r)
	require.Equal(c.t, api.ErrorResponse{
		Status: http.StatusBadRequest, Error: "invalid-request", Message: "The request payload is incorrect", RequestID: got.header.Get("X-Request-Id"),
	}, got.failure().ErrorResponse)
	require.Empty(c.t, got.header.Get("WWW-Authenticate"))
}

func TestConceal_WhatWouldTellOfAnAccountIsInvalidRequest(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	session := c.signUp("jane@example.com")
	signIn := func(email, password string) request {
		return request{method: http.MethodPost, path: "/signin/email-password", body: credentials(email, password)}
	}
	signUp := request{method: http.MethodPost, path: "/signup/email-password", body: credentials("jane@example.com", kit.Password)}
	user := request{method: http.MethodGet, path: "/user", bearer: session.AccessToken}
	c.concealed(signUp)
	c.concealed(signIn("jane@example.com", "not the password"))
	c.concealed(signIn("nobody@example.com", kit.Password))
	c.kit.UseCases.SignInEmailPassword.Policy.RequireVerified = true
	c.concealed(signIn("jane@example.com", kit.Password))
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.concealed(signIn("jane@example.com", kit.Password))
	c.concealed(user)
	c.concealed(request{method: http.MethodPost, path: "/token", body: refresh(session.RefreshToken)})
	c.kit.Exec("DELETE FROM auth.users")
	c.concealed(user)
	anonymous := sessionIn(c.post("/signin/anonymous", ""))
	c.concealed(request{method: http.MethodGet, path: "/user", bearer: anonymous.AccessToken})
	c.kit.UseCases.SignUpEmailPassword.Policy.Disabled = true
	c.concealed(signUp)
}

func TestConceal_WhatTellsNothingStaysAsItIs(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	c.refusedPost("/token", refresh(unknownToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	c.refused(request{method: http.MethodGet, path: "/user"}, http.StatusUnauthorized, domain.Unauthorized)
	c.refused(request{method: http.MethodGet, path: "/nothing"}, http.StatusNotFound, domain.NotFound)
	c.refusedPost("/signup/email-password", credentials("jane@example.com", "short"), http.StatusBadRequest, domain.PasswordTooShort)
	failure := c.refusedPost("/signup/email-password", `{}`, http.StatusBadRequest, domain.SchemaValidation)
	require.Equal(t, "email", failure.Field)
	c.refusedPost("/signup/email-password", withOptions(`"redirectTo":"https://evil.example"`), http.StatusBadRequest, domain.RedirectToNotAllowed)
	c.kit.ChangeUserMFA.Enabled = false
	c.refused(request{method: http.MethodGet, path: "/mfa/totp/generate", bearer: c.signUp("john@example.com").AccessToken}, http.StatusConflict, domain.DisabledEndpoint)
}

func TestConceal_TheLogStillHasTheCause(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	c.concealed(request{method: http.MethodPost, path: "/signin/email-password", body: credentials("nobody@example.com", kit.Password)})
	lines := c.log.lines(t, "request refused")
	require.Len(t, lines, 1)
	require.Equal(t, "invalid-email-password", lines[0]["cause"])
}
