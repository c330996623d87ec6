package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// passwordless are the four operations that begin with an address alone.
func passwordless() []string {
	return []string{"/signin/passwordless/email", "/signin/otp/email", "/signup/passwordless/email", "/signup/otp/email"}
}

func TestPasswordless_CanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(func(s *kit.Settings) { s.Passwordless, s.OTP, s.SignUp.Disabled = false, false, true }))
	for _, path := range passwordless() {
		c.refusedPost(path, address("jane@example.com"), http.StatusConflict, domain.DisabledEndpoint)
	}
	require.Zero(t, c.mailsSent())
}

func TestPasswordless_NeedsSignUpForNewAddressesOnly(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	c.kit.UseCases.SignInPasswordlessEmail.SignUp.Disabled = true
	c.kit.UseCases.SignInOTPEmail.SignUp.Disabled = true
	c.kit.UseCases.SignUpPasswordlessEmail.SignUp.Disabled = true
	c.kit.UseCases.SignUpOTPEmail.SignUp.Disabled = true
	for i, path := range passwordless() {
		c.refusedPost(path, address("new@example.com"), http.StatusForbidden, domain.SignupDisabled)
		if i < 2 {
			c.accepted(request{method: http.MethodPost, path: path, body: address("JANE@example.com")})
		} else {
			c.refusedPost(path, address("jane@example.com"), http.StatusForbidden, domain.SignupDisabled)
		}
	}
	require.Equal(t, 2, c.mailsSent())
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestPasswordless_SigningInCreatesNobodyWhereThatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(func(s *kit.Settings) { s.AutoSignUpOff = true }))
	for i, path := range passwordless() {
		c.accepted(request{method: http.MethodPost, path: path, body: address(fmt.Sprintf("jane%d@example.com", i))})
	}
	require.Equal(t, 2, c.mailsSent())
	require.Equal(t, 2, c.kit.Count("SELECT count(*) FROM auth.users"))
	require.Equal(t, 2, c.kit.Count("SELECT count(*) FROM auth.users WHERE email IN ('jane2@example.com', 'jane3@example.com')"))
}

func TestPasswordless_ADisabledAccountIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	for _, path := range passwordless() {
		c.refusedPost(path, address("jane@example.com"), http.StatusUnauthorized, domain.DisabledUser)
	}
	fresh := newClientWith(t, changed(func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true }))
	for i, path := range passwordless() {
		fresh.refusedPost(path, address(fmt.Sprintf("jane%d@example.com", i)), http.StatusUnauthorized, domain.DisabledUser)
	}
	require.Zero(t, c.mailsSent()+fresh.mailsSent())
	require.Equal(t, 4, fresh.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestPasswordless_AnAddressThatAwaitsVerificationIsVerifiedByTheSignIn(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(requireVerified))
	c.mustPost("/signup/email-password", credentials("jane@example.com", kit.Password))
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	require.True(t, c.opened().User.EmailVerified)
	// Whoever chose the password before the address was proven may have been somebody else.
	c.refusedPost("/signin/email-password", credentials("jane@example.com", kit.Password), http.StatusUnauthorized, domain.InvalidEmailPassword)
}

func TestSignUpEmailPassword_MailsTheLinkThatVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(requireVerified))
	body := `{"email":"jane@example.com","password":"violet-otter-41","options":{"redirectTo":"https://app.example.com/welcome"}` + withPKCE + `}`
	require.JSONEq(t, `{}`, c.mustPost("/signup/email-password", body).body)
	mail := c.kit.LastMail()
	require.Equal(t, domain.TemplateEmailVerify, mail.Template)
	require.Equal(t, linkOf(mail, "https://app.example.com/welcome", challenge), mail.Link)
	c.refusedPost("/signin/email-password", credentials("jane@example.com", "violet-otter-41"), http.StatusUnauthorized, domain.UnverifiedUser)
	location := c.redirected(c.link())
	require.Regexp(t, `^https://app\.example\.com/welcome\?code=[A-Za-z0-9_-]{43}&type=verifyEmail$`, location)
	session := sessionIn(c.mustPost("/token/exchange", exchange(c.parameter(location, "code"), verifier)))
	require.True(t, session.User.EmailVerified)
	c.mustPost("/signin/email-password", credentials("jane@example.com", "violet-otter-41"))
}

func TestSignUpEmailPassword_RefusesAChallengeThatIsNone(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	failure := c.refusedPost("/signup/email-password", signUpWith(`,"codeChallenge":"`+challenge[1:]+`"`), http.StatusBadRequest, domain.SchemaValidation)
	require.Equal(t, "codeChallenge", failure.Field)
}

func TestVerifySignInOTPEmail_AnswersASessionOnceAndVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	otp := c.otp("jane@example.com")
	got := c.mustPost("/signin/otp/email/verify", guess("JANE@example.com", otp))
	session := decode[api.SignInOTPEmailVerifyResponse](got).Session
	require.Equal(t, "jane@example.com", session.User.Email)
	require.True(t, session.User.EmailVerified)
	require.Equal(t, int64(900), session.AccessTokenExpiresIn)
	c.mustPost("/token", refresh(session.RefreshToken))
	c.refusedPost("/signin/otp/email/verify", guess("jane@example.com", otp), http.StatusUnauthorized, domain.InvalidTicket)
}

func TestVerifySignInOTPEmail_RefusesWhatIsNoCodeOrNotItsCode(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	path, otp := "/signin/otp/email/verify", c.otp("jane@example.com")
	for _, malformed := range []string{"", "x", otp[1:], otp + "0", otp + " ", " " + otp, otp[:5] + "x", "+" + otp[1:], "１２３４５６"} {
		c.refusedPost(path, guess("jane@example.com", malformed), http.StatusUnauthorized, domain.InvalidTicket)
	}
	c.refusedPost(path, guess("nobody@example.com", otp), http.StatusUnauthorized, domain.InvalidTicket)
	for range domain.OTPAttempts - 1 {
		c.refusedPost(path, guess("jane@example.com", otherThan(otp)), http.StatusUnauthorized, domain.InvalidTicket)
	}
	c.mustPost(path, guess("jane@example.com", otp))
}

// otherThan is another code.
func otherThan(otp string) string { return otp[:5] + string('0'+(otp[5]-'0'+1)%10) }

func TestVerifySignInOTPEmail_AfterTheLastAttemptEvenTheRightOrANewCodeIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	path, otp := "/signin/otp/email/verify", c.otp("jane@example.com")
	for range domain.OTPAttempts {
		c.refusedPost(path, guess("jane@example.com", otherThan(otp)), http.StatusUnauthorized, domain.InvalidTicket)
	}
	c.refusedPost(path, guess("jane@example.com", otp), http.StatusUnauthorized, domain.InvalidTicket)
	again := c.otp("jane@example.com")
	c.refusedPost(path, guess("jane@example.com", again), http.StatusUnauthorized, domain.InvalidTicket)
	c.kit.Clock.Advance(domain.OTPWindow + time.Second)
	c.mustPost(path, guess("jane@example.com", c.otp("jane@example.com")))
}

func TestVerifySignInOTPEmail_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	path, otp := "/signin/otp/email/verify", c.otp("john@example.com")
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost(path, guess("john@example.com", otp), http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("UPDATE auth.users SET disabled = false")
	c.kit.UseCases.VerifySignInOTPEmail.Policy.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"example.com"})
	c.refusedPost(path, guess("john@example.com", otp), http.StatusUnauthorized, domain.InvalidEmailPassword)
	c.kit.UseCases.VerifySignInOTPEmail.Policy.Emails = domain.EmailAccessPolicy{}
	c.kit.Clock.Advance(domain.OTPLifetime + time.Second)
	c.refusedPost(path, guess("john@example.com", otp), http.StatusUnauthorized, domain.InvalidTicket)
	for body, field := range map[string]string{
		`{"email":"lucy@example.com"}`: "otp", `{"otp":"123456"}`: "email", `{"email":"lucy@example.com","otp":123456}`: "otp",
		`{"email":"lucy@example.com","otp":null}`: "otp", `{"email":"lucy@example.com","otp":"123456","options":{}}`: "options",
		`{"email":"lucy","otp":"123456"}`: "email", `{"email":"lucy@example.com","otp":"12345\u0000"}`: "otp",
	} {
		require.Equal(t, field, c.refusedPost(path, body, http.StatusBadRequest, domain.SchemaValidation).Field, body)
	}
	c.refused(request{method: http.MethodPost, path: path, body: guess("john@example.com", otp), contentType: "text/plain"}, http.StatusUnsupportedMediaType, domain.UnsupportedMediaType)
}
