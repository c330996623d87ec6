package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const newPassword = "magenta-walrus-17"

func TestSendVerificationEmail_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	path := "/user/email/send-verification-email"
	c.refusedPost(path, address("nobody@example.com"), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.signUp("jane@example.com")
	c.kit.Exec("UPDATE auth.users SET email_verified = true")
	c.refusedPost(path, address("jane@example.com"), http.StatusBadRequest, domain.EmailAlreadyVerified)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost(path, address("jane@example.com"), http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("UPDATE auth.users SET disabled = false, is_anonymous = true")
	c.refusedPost(path, address("jane@example.com"), http.StatusForbidden, domain.ForbiddenAnonymous)
	require.Zero(t, c.mailsSent())
}

func TestSendVerificationEmail_LeavesEarlierLinksAsTheyAre(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	c.mustPost("/user/email/send-verification-email", address("jane@example.com"))
	earlier := c.link()
	c.mustPost("/user/email/send-verification-email", address("jane@example.com"))
	c.mustPost("/user/password/reset", address("jane@example.com"))
	require.True(t, sessionOf(c, c.redirected(earlier)).User.EmailVerified)
	require.Equal(t, "jane@example.com", c.opened().User.Email)
}

func TestSendVerificationEmail_AnswersEverybodyAlikeWhereErrorsAreConcealed(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{
		kit:     []func(*kit.Settings){func(s *kit.Settings) { s.Conceal = true }},
		options: func(o *rest.Options) { o.ConcealErrors = true },
	})
	for _, name := range []string{"waiting", "verified", "disabled"} {
		c.signUp(name + "@example.com")
	}
	c.kit.Exec("UPDATE auth.users SET email_verified = true WHERE email = 'verified@example.com'")
	c.kit.Exec("UPDATE auth.users SET disabled = true WHERE email = 'disabled@example.com'")
	for _, name := range []string{"waiting", "verified", "disabled", "nobody"} {
		c.accepted(request{method: http.MethodPost, path: "/user/email/send-verification-email", body: address(name + "@example.com")})
	}
	require.Equal(t, 1, c.mailsSent())
	require.Equal(t, "waiting@example.com", c.kit.LastMail().To)
	failure := c.refusedPost("/user/email/send-verification-email", `{}`, http.StatusBadRequest, domain.SchemaValidation)
	require.Equal(t, "email", failure.Field, "a bad request is no secret")
}

func TestConceal_TheMailOperationsTellNothingOfAnAccount(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	jane := c.signUp("jane@example.com")
	change := func(email string) request {
		return request{method: http.MethodPost, path: "/user/email/change", bearer: jane.AccessToken, body: fmt.Sprintf(`{"newEmail":%q}`, email)}
	}
	c.concealed(change("JANE@example.com"))
	c.concealed(request{method: http.MethodPost, path: "/signin/otp/email/verify", body: guess("jane@example.com", "000000")})
	c.concealed(request{method: http.MethodPost, path: "/user/password", body: passwordChange("passwordReset:" + unknownToken)})
	c.concealed(request{method: http.MethodPost, path: "/user/deanonymize", bearer: c.anonymous(), body: deanonymize("email-password", "jane@example.com", newPassword, "")})
	c.concealed(request{method: http.MethodPost, path: "/user/password", bearer: c.anonymous(), body: passwordChange("")})
	code := c.code("john@example.com")
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.concealed(change("new@example.com"))
	for _, path := range passwordless() {
		c.concealed(request{method: http.MethodPost, path: path, body: address("jane@example.com")})
	}
	c.concealed(request{method: http.MethodPost, path: "/token/exchange", body: exchange(code, verifier)})
}

// passwordChange is the body of a change to newPassword, with a ticket unless it is "".
func passwordChange(ticket string) string {
	if ticket == "" {
		return fmt.Sprintf(`{"newPassword":%q}`, newPassword)
	}
	return fmt.Sprintf(`{"newPassword":%q,"ticket":%q}`, newPassword, ticket)
}

// resetTicket asks for a reset and returns its ticket.
func (c *client) resetTicket(email string) string {
	c.t.Helper()
	c.mustPost(c.options.Prefix+"/user/password/reset", address(email))
	return c.kit.LastMail().Ticket
}

func TestChangeUserPassword_OfTheBearerKeepsTheSessionAndEndsTheOthers(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	other := c.signUp("jane@example.com")
	mine := sessionIn(c.mustPost("/signin/email-password", credentials("jane@example.com", kit.Password)))
	c.accepted(request{method: http.MethodPost, path: "/user/password", bearer: mine.AccessToken, body: passwordChange("")})
	c.mustPost("/token", refresh(mine.RefreshToken))
	c.refusedPost("/token", refresh(other.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	c.refusedPost("/signin/email-password", credentials("jane@example.com", kit.Password), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.mustPost("/signin/email-password", credentials("jane@example.com", newPassword))
}

func TestChangeUserPassword_WithATicketEndsEverySessionAndUsesTheTicketUp(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	body := passwordChange(c.resetTicket("jane@example.com"))
	bad := request{method: http.MethodPost, path: "/user/password", body: body, header: http.Header{"Authorization": {"Bearer garbage-token"}}}
	c.accepted(bad) // a bad access token counts as none
	c.refusedPost("/token", refresh(session.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	c.refusedPost("/user/password", body, http.StatusUnauthorized, domain.InvalidTicket)
	c.mustPost("/signin/email-password", credentials("jane@example.com", newPassword))
}

func TestChangeUserPassword_TheBearerWinsOverTheTicket(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane := c.signUp("jane@example.com")
	c.signUp("john@example.com")
	ticket := c.resetTicket("john@example.com")
	c.accepted(request{method: http.MethodPost, path: "/user/password", bearer: jane.AccessToken, body: passwordChange(ticket)})
	c.mustPost("/signin/email-password", credentials("jane@example.com", newPassword))
	c.mustPost("/signin/email-password", credentials("john@example.com", kit.Password))
	c.accepted(request{method: http.MethodPost, path: "/user/password", body: passwordChange(ticket)})
}

func TestChangeUserPassword_ARefusedPasswordDoesNotSpoilTheTicket(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(func(s *kit.Settings) { s.Checks.Breached = &kit.Breached{Known: "password-of-many"} }))
	session := c.signUp("jane@example.com")
	ticket := c.resetTicket("jane@example.com")
	for password, code := range map[string]domain.Code{"short": domain.PasswordTooShort, "password-of-many": domain.PasswordInHIBPDatabase} {
		c.refusedPost("/user/password", fmt.Sprintf(`{"newPassword":%q,"ticket":%q}`, password, ticket), http.StatusBadRequest, code)
		body := fmt.Sprintf(`{"newPassword":%q}`, password)
		c.refused(request{method: http.MethodPost, path: "/user/password", bearer: session.AccessToken, body: body}, http.StatusBadRequest, code)
		anonymous := request{method: http.MethodPost, path: "/user/deanonymize", bearer: c.anonymous(), body: deanonymize("email-password", "new@example.com", password, "")}
		c.refused(anonymous, http.StatusBadRequest, code)
		c.refusedPost("/signup/email-password", credentials("new@example.com", password), http.StatusBadRequest, code)
	}
	c.accepted(request{method: http.MethodPost, path: "/user/password", body: passwordChange(ticket)})
}

func TestChangeUserPassword_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane := c.signUp("jane@example.com")
	path := "/user/password"
	require.Equal(t, "ticket", c.refusedPost(path, passwordChange(""), http.StatusBadRequest, domain.InvalidRequest).Field)
	c.refusedPost(path, passwordChange("passwordReset:"+unknownToken), http.StatusUnauthorized, domain.InvalidTicket)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	require.Equal(t, "ticket", c.refusedPost(path, passwordChange(c.kit.LastMail().Ticket), http.StatusBadRequest, domain.SchemaValidation).Field, "a ticket for something else")
	c.mustPost("/user/password/reset", `{"email":"jane@example.com"`+withPKCE+`}`)
	c.refusedPost(path, passwordChange(c.kit.LastMail().Ticket), http.StatusUnauthorized, domain.InvalidTicket)
	for body, field := range map[string]string{
		`{}`: "newPassword", `{"newPassword":null}`: "newPassword", `{"newPassword":"` + marked + `","userId":"x"}`: "userId",
		`{"newPassword":"ab"}`: "newPassword", `{"newPassword":"` + marked + `\u0000"}`: "newPassword", `{"newPassword":["` + marked + `"]}`: "newPassword",
		`{"newPassword":"` + marked + `","ticket":"otp:1"}`: "ticket",
	} {
		require.Equal(t, field, c.refused(request{method: http.MethodPost, path: path, body: body, bearer: jane.AccessToken}, http.StatusBadRequest, domain.SchemaValidation).Field, body)
	}
	ticket := c.resetTicket("jane@example.com")
	both := func(status int, code domain.Code) {
		t.Helper()
		c.refused(request{method: http.MethodPost, path: path, bearer: jane.AccessToken, body: passwordChange("")}, status, code)
		c.refusedPost(path, passwordChange(ticket), status, code)
	}
	c.kit.UseCases.ChangeUserPassword.Policy.RequireVerified = true
	both(http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	both(http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("UPDATE auth.users SET disabled = false, is_anonymous = true")
	both(http.StatusForbidden, domain.ForbiddenAnonymous)
	c.kit.Clock.Advance(time.Hour + time.Second)
	c.refusedPost(path, passwordChange(ticket), http.StatusUnauthorized, domain.InvalidTicket)
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users WHERE password_hash LIKE '%"+newPassword+"%'"))
}

func TestChangeUserEmail_TakesEffectWhenTheLinkIsOpened(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane := c.signUp("jane@example.com")
	c.accepted(request{method: http.MethodPost, path: "/user/email/change", bearer: jane.AccessToken, body: `{"newEmail":"New@example.com"}`})
	user := func() api.User {
		return decode[api.User](c.must(request{method: http.MethodGet, path: "/user", bearer: jane.AccessToken}))
	}
	require.Equal(t, jane.User, user())
	require.Equal(t, "New@example.com", c.opened().User.Email)
	require.True(t, user().EmailVerified)
	c.refusedPost("/signin/email-password", credentials("jane@example.com", kit.Password), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.mustPost("/signin/email-password", credentials("new@example.com", kit.Password))
}

func TestChangeUserEmail_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane := c.signUp("jane@example.com")
	c.signUp("taken@example.com")
	change := func(bearer, email string, status int, code domain.Code) {
		t.Helper()
		c.refused(request{method: http.MethodPost, path: "/user/email/change", bearer: bearer, body: fmt.Sprintf(`{"newEmail":%q}`, email)}, status, code)
	}
	change(jane.AccessToken, "TAKEN@example.com", http.StatusConflict, domain.EmailAlreadyInUse)
	change(c.anonymous(), "new@example.com", http.StatusForbidden, domain.ForbiddenAnonymous)
	c.kit.UseCases.ChangeUserEmail.Policy.RequireVerified = true
	change(jane.AccessToken, "new@example.com", http.StatusUnauthorized, domain.UnverifiedUser)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	change(jane.AccessToken, "new@example.com", http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("DELETE FROM auth.users")
	change(jane.AccessToken, "new@example.com", http.StatusUnauthorized, domain.InvalidEmailPassword)
	require.Zero(t, c.mailsSent())
}

// deanonymize is the body of POST /user/deanonymize.
func deanonymize(method, email, password, more string) string {
	return fmt.Sprintf(`{"signInMethod":%q,"email":%q,"password":%q%s}`, method, email, password, more)
}

func TestDeanonymizeUser_WithAPasswordKeepsTheAccountAndMailsNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	before := sessionIn(c.mustPost("/signin/anonymous", ""))
	r := request{method: http.MethodPost, path: "/user/deanonymize", bearer: before.AccessToken, body: deanonymize("email-password", "jane@example.com", newPassword, `,"connection":"ignored"`)}
	c.accepted(r)
	after := sessionIn(c.mustPost("/signin/email-password", credentials("jane@example.com", newPassword)))
	require.Equal(t, before.User.ID, after.User.ID)
	require.False(t, after.User.IsAnonymous)
	require.Equal(t, []string{"me", "user"}, after.User.Roles)
	c.mustPost("/token", refresh(before.RefreshToken))
	require.Zero(t, c.mailsSent())
	c.refused(r, http.StatusBadRequest, domain.UserNotAnonymous)
}

func TestDeanonymizeUser_EndsTheSessionsUntilTheLinkWasOpened(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(requireVerified))
	for method, template := range map[string]domain.Template{"email-password": domain.TemplateEmailVerify, "passwordless": domain.TemplateSignInPasswordless} {
		before := sessionIn(c.mustPost("/signin/anonymous", ""))
		c.accepted(request{method: http.MethodPost, path: "/user/deanonymize", bearer: before.AccessToken, body: deanonymize(method, method+"@example.com", newPassword, "")})
		c.refusedPost("/token", refresh(before.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
		require.Equal(t, template, c.kit.LastMail().Template)
		session := c.opened()
		require.Equal(t, before.User.ID, session.User.ID)
		require.True(t, session.User.EmailVerified)
	}
}

func TestDeanonymizeUser_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	jane := c.signUp("jane@example.com")
	anonymous := c.anonymous()
	refused := func(bearer, body string, status int, code domain.Code) failure {
		t.Helper()
		return c.refused(request{method: http.MethodPost, path: "/user/deanonymize", bearer: bearer, body: body}, status, code)
	}
	good := deanonymize("email-password", "new@example.com", newPassword, "")
	refused(jane.AccessToken, good, http.StatusBadRequest, domain.UserNotAnonymous)
	none := refused(anonymous, `{"signInMethod":"email-password","email":"new@example.com"}`, http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "password", none.Field)
	refused(anonymous, deanonymize("email-password", "JANE@example.com", newPassword, ""), http.StatusConflict, domain.EmailAlreadyInUse)
	for body, field := range map[string]string{
		`{"email":"lucy@example.com"}`: "signInMethod", `{"signInMethod":"sms","email":"lucy@example.com"}`: "signInMethod",
		deanonymize("passwordless", "lucy@example.com", "ab", ""):                       "password",
		deanonymize("passwordless", "lucy@example.com", newPassword, `,"isAdmin":true`): "isAdmin",
	} {
		require.Equal(t, field, refused(anonymous, body, http.StatusBadRequest, domain.SchemaValidation).Field)
	}
	c.kit.UseCases.DeanonymizeUser.Passwordless = false
	refused(anonymous, deanonymize("passwordless", "new@example.com", newPassword, ""), http.StatusConflict, domain.DisabledEndpoint)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	refused(anonymous, good, http.StatusUnauthorized, domain.DisabledUser)
	c.kit.UseCases.DeanonymizeUser.SignUp.Disabled = true
	refused(anonymous, good, http.StatusForbidden, domain.SignupDisabled)
	c.kit.UseCases.DeanonymizeUser.SignUp.Disabled = false
	c.kit.Exec("DELETE FROM auth.users")
	refused(anonymous, good, http.StatusUnauthorized, domain.InvalidEmailPassword)
	require.Zero(t, c.mailsSent())
}
