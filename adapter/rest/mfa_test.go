package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// enrolment is a user who has TOTP switched on.
type enrolment struct {
	api.Session
	c      *client
	secret string
}

func (c *client) enrol(email string) enrolment {
	c.t.Helper()
	return c.enrolled(c.signUp(email))
}

// enrolled switches TOTP on for the user of a session.
func (c *client) enrolled(session api.Session) enrolment {
	c.t.Helper()
	e := enrolment{session, c, ""}
	got := c.do(request{method: http.MethodGet, path: "/mfa/totp/generate", bearer: e.AccessToken})
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	answer := decode[api.TotpGenerateResponse](got)
	picture, found := strings.CutPrefix(answer.ImageURL, "data:image/png;base64,")
	require.True(c.t, found)
	png, err := base64.StdEncoding.DecodeString(picture)
	require.NoError(c.t, err)
	require.Equal(c.t, "\x89PNG", string(png[:4]))
	e.secret = answer.TotpSecret
	c.accepted(e.request("/user/mfa", `{"activeMfaType":"totp","code":"`+e.code()+`"}`))
	return e
}

func (e enrolment) request(path, body string) request {
	return request{method: http.MethodPost, path: path, bearer: e.AccessToken, body: body}
}

// code returns a code that was not used yet: time passes.
func (e enrolment) code() string {
	e.c.kit.Clock.Advance(30 * time.Second)
	code, err := totp.GenerateCode(e.secret, e.c.kit.Clock.Now())
	require.NoError(e.c.t, err)
	return code
}

// firstStep gives the password and returns the ticket.
func (c *client) firstStep(email string) string {
	c.t.Helper()
	got := c.post("/signin/email-password", credentials(email, kit.Password))
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	answer := decode[api.SignInEmailPasswordResponse](got)
	require.Nil(c.t, answer.Session)
	return answer.Mfa.Ticket
}

func secondStep(ticket, code string) request {
	body, _ := json.Marshal(map[string]string{"ticket": ticket, "otp": code}) // strings always marshal
	return request{method: http.MethodPost, path: "/signin/mfa/totp", body: string(body)}
}

func TestMFA_EveryStepKeepsToTheContract(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	e := c.enrol("jane@example.com")
	require.Equal(t, "totp", *sessionIn(c.do(secondStep(c.firstStep("jane@example.com"), e.code()))).User.ActiveMfaType)
	codes := decode[api.CreateRecoveryCodesResponse](c.do(e.request("/user/mfa/recovery-codes", `{"code":"`+e.code()+`"}`))).RecoveryCodes
	require.Len(t, codes, 10)
	elevated := sessionIn(c.do(e.request("/elevate/totp", `{"code":"`+codes[0]+`"}`)))
	got := c.do(request{method: http.MethodPost, path: "/user/mfa/recovery-codes", bearer: elevated.AccessToken})
	require.Equal(t, http.StatusOK, got.status, "an elevated token needs no body")
	c.refused(e.request("/user/mfa", `{"code":"`+codes[1]+`"}`), http.StatusUnauthorized, domain.InvalidTOTP)
	c.accepted(e.request("/user/mfa", `{"code":"`+e.code()+`","activeMfaType":""}`))
	c.signedIn("jane@example.com")
}

// signedIn signs in with the password alone.
func (c *client) signedIn(email string) api.Session {
	c.t.Helper()
	return sessionIn(c.post("/signin/email-password", credentials(email, kit.Password)))
}

func TestMFA_RefusesWithTheCodesOfTheAPI(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	plain := enrolment{c.signUp("joe@example.com"), c, ""}
	c.refused(plain.request("/user/mfa", `{"code":"123456","activeMfaType":"totp"}`), http.StatusBadRequest, domain.NoTOTPSecret)
	c.refused(plain.request("/user/mfa", `{"code":"123456"}`), http.StatusUnauthorized, domain.DisabledMFATOTP)
	c.refused(plain.request("/elevate/totp", `{"code":"123456"}`), http.StatusUnauthorized, domain.DisabledMFATOTP)
	c.refused(plain.request("/user/mfa/recovery-codes", `{"code":"123456"}`), http.StatusUnauthorized, domain.DisabledMFATOTP)
	require.Equal(t, "code", c.refused(plain.request("/elevate/totp", `{}`), http.StatusBadRequest, domain.SchemaValidation).Field)
	c.refused(secondStep("mfaTotp:x", "123456"), http.StatusUnauthorized, domain.InvalidTicket)
	c.refused(secondStep("verifyEmail:x", "123456"), http.StatusBadRequest, domain.SchemaValidation)
	c.refused(request{method: http.MethodGet, path: "/mfa/totp/generate", bearer: c.anonymous()}, http.StatusForbidden, domain.ForbiddenAnonymous)

	e := c.enrol("jane@example.com")
	c.refused(request{method: http.MethodGet, path: "/mfa/totp/generate", bearer: e.AccessToken}, http.StatusBadRequest, domain.TOTPAlreadyActive)
	ticket := c.firstStep("jane@example.com")
	for _, wrong := range []string{"", "12345", "１２３４５６", "AAAAA-AAAAA", strings.Repeat("1", 1000)} {
		c.refused(secondStep(ticket, wrong), http.StatusUnauthorized, domain.InvalidTOTP)
	}
	c.refused(secondStep(ticket, e.code()), http.StatusUnauthorized, domain.InvalidTicket)
	c.refused(secondStep(c.firstStep("jane@example.com"), e.code()), http.StatusTooManyRequests, domain.TooManyRequests)
}

// Whichever step of the database fails, the ticket and the code are as good as before.
func TestMFA_WhicheverStepFailsNothingIsUsedUp(t *testing.T) {
	t.Parallel()
	away := newOutage()
	c := failing(t, away.before)
	e := c.enrol("jane@example.com")
	for _, prepare := range []func() request{
		func() request { return secondStep(c.firstStep("jane@example.com"), e.code()) },
		func() request { return e.request("/elevate/totp", `{"code":"`+e.code()+`"}`) },
		func() request { return e.request("/user/mfa/recovery-codes", `{"code":"`+e.code()+`"}`) },
	} {
		for step := int64(0); ; step++ {
			r := prepare()
			away.after.Store(step)
			away.steps.Store(0)
			away.on.Store(true)
			got := c.do(r)
			away.on.Store(false)
			if got.status == http.StatusOK {
				require.GreaterOrEqual(t, step, int64(3), r.path)
				break
			}
			require.Equal(t, http.StatusServiceUnavailable, got.status, "%s, step %d: %s", r.path, step, got.body)
			require.Equal(t, http.StatusOK, c.do(r).status, "%s, step %d", r.path, step)
		}
	}
}
