package rest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const (
	signInSMS = "/signin/passwordless/sms"
	signUpSMS = "/signup/passwordless/sms"
	verifySMS = "/signin/passwordless/sms/otp"
)

func number(text string) string {
	body, _ := json.Marshal(map[string]string{"phoneNumber": text}) // strings always marshal
	return string(body)
}

func smsGuess(text, otp string) string {
	body, _ := json.Marshal(map[string]string{"phoneNumber": text, "otp": otp})
	return string(body)
}

// smsCode asks for a code and returns it; like a mailed one it must be nowhere else.
func (c *client) smsCode(path, to string) string {
	c.t.Helper()
	require.JSONEq(c.t, `"OK"`, c.mustPost(path, number(to)).body)
	c.kit.Mails()
	received := c.kit.Phones.Received()
	require.NotEmpty(c.t, received)
	code := received[len(received)-1].Ticket
	c.secrets = append(c.secrets, code)
	return code
}

func TestSMS_SignsInAndAnswersASession(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, path := range []string{signUpSMS, signInSMS} {
		code := c.smsCode(path, "+1 (202) 555-0123")
		got := c.mustPost(verifySMS, smsGuess("001 202 555 0123", code))
		answer := decode[api.SignInPasswordlessSmsOtpResponse](got)
		require.Nil(t, answer.Mfa)
		require.Equal(t, "+12025550123", answer.Session.User.PhoneNumber)
		require.True(t, answer.Session.User.PhoneNumberVerified)
		require.Equal(t, "+12025550123", answer.Session.User.DisplayName)
		require.Empty(t, answer.Session.User.AvatarURL)
		c.mustPost("/token", refresh(answer.Session.RefreshToken))
		user := c.do(request{method: http.MethodGet, path: "/user", bearer: answer.Session.AccessToken})
		require.Equal(t, http.StatusOK, user.status, user.body)
		c.refusedPost(verifySMS, smsGuess("+12025550123", code), http.StatusBadRequest, domain.InvalidRequest)
		c.refusedPost(verifySMS, smsGuess("+12025550123", otherThan(code)), http.StatusBadRequest, domain.InvalidRequest)
	}
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestSMS_BadInputNamesItsFieldAndNeverRepeatsIt(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for body, field := range map[string]string{
		`{}`: "phoneNumber", `{"phoneNumber":1}`: "phoneNumber", `{"phoneNumber":null}`: "phoneNumber", number(""): "phoneNumber",
		number("2025550187"): "phoneNumber", number("+1"): "phoneNumber", number("jane@example.com"): "phoneNumber",
		`{"phoneNumber":"+12025550187","extra":1}`: "extra", `{"phoneNumber":"+12025550187","options":{"locale":"x"}}`: "options.locale",
	} {
		for _, path := range []string{signInSMS, signUpSMS} {
			failure := c.refusedPost(path, body, http.StatusBadRequest, domain.SchemaValidation)
			require.Equal(t, field, failure.Field, body)
			require.NotContains(t, failure.Message, "2025550187 ")
			require.NotContains(t, failure.Message, "jane")
		}
	}
	for body, field := range map[string]string{
		number("+12025550187"): "otp", `{"otp":"123456"}`: "phoneNumber", smsGuess("x", "123456"): "phoneNumber", `{"phoneNumber":"+12025550187","otp":1}`: "otp",
	} {
		require.Equal(t, field, c.refusedPost(verifySMS, body, http.StatusBadRequest, domain.SchemaValidation).Field, body)
	}
	for _, otp := range []string{"", "x", "12345", "1234567"} {
		c.refusedPost(verifySMS, smsGuess("+12025550187", otp), http.StatusBadRequest, domain.InvalidRequest)
	}
	require.Empty(t, c.kit.Phones.Received())
}

func TestSMS_AnswersTheCodesOfItsRules(t *testing.T) {
	t.Parallel()
	off := newClientWith(t, changed(func(s *kit.Settings) { s.SMS, s.SignUp.Disabled = false, true }))
	off.refusedPost(signInSMS, number("+12025550123"), http.StatusConflict, domain.DisabledEndpoint)
	off.refusedPost(signUpSMS, number("x"), http.StatusConflict, domain.DisabledEndpoint)
	off.refusedPost(verifySMS, smsGuess("x", ""), http.StatusConflict, domain.DisabledEndpoint)
	closed := newClientWith(t, changed(func(s *kit.Settings) { s.SignUp.Disabled = true }))
	closed.refusedPost(signInSMS, number("+12025550123"), http.StatusForbidden, domain.SignupDisabled)
	closed.refusedPost(signUpSMS, number("x"), http.StatusForbidden, domain.SignupDisabled)

	c := newClientWith(t, changed(func(s *kit.Settings) {
		s.SMSPolicy = domain.SMSPolicy{Countries: []string{"US"}, PerNumber: 1, Window: time.Hour}
	}))
	for _, path := range []string{signInSMS, signUpSMS} {
		c.refusedPost(path, number("+4915123456789"), http.StatusBadRequest, domain.CannotSendSMS)
		c.refusedPost(path, `{"phoneNumber":"+12025550123","options":{"allowedRoles":["admin"]}}`, http.StatusBadRequest, domain.RoleNotAllowed)
	}
	c.kit.Phones.Fail = domain.CannotSendSMS
	c.refusedPost(signInSMS, number("+12025550124"), http.StatusBadRequest, domain.CannotSendSMS)
	c.kit.Phones.Fail = nil
	code := c.smsCode(signInSMS, "+12025550123")
	got := c.post(signInSMS, number("+1 202 555 0123"))
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Equal(t, "3600", got.header.Get("Retry-After"))
	c.refusedPost(signUpSMS, number("+12025550123"), http.StatusTooManyRequests, domain.TooManyRequests)
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.refusedPost(signInSMS, number("+12025550123"), http.StatusUnauthorized, domain.DisabledUser)
	c.refusedPost(signUpSMS, number("+12025550123"), http.StatusUnauthorized, domain.DisabledUser)
	c.refusedPost(verifySMS, smsGuess("+12025550123", code), http.StatusUnauthorized, domain.DisabledUser)
	c.kit.Exec("UPDATE auth.users SET disabled = false")
	for range domain.OTPAttempts {
		c.refusedPost(verifySMS, smsGuess("+12025550123", otherThan(code)), http.StatusBadRequest, domain.InvalidRequest)
	}
	c.refusedPost(verifySMS, smsGuess("+12025550123", code), http.StatusBadRequest, domain.InvalidRequest)
}
