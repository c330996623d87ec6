package rest_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const uuidPattern = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func unverify(c *client) { c.kit.Exec("UPDATE auth.users SET email_verified = false") }

func TestVerify_SendsTheBrowserOnWithARefreshTokenAndWhatTheTicketWasFor(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		if o.purpose == "" {
			continue
		}
		email := strings.Repeat("x", i+1) + "@example.com"
		c.accepted(o.request(c, email, ""))
		location := c.redirected(c.link())
		require.Regexp(t, `^https://app\.example\.com\?refreshToken=`+uuidPattern+`&type=`+string(o.purpose)+`$`, location, o.path)
		session := decodeSession(c, location)
		require.Equal(t, email, session.Email, o.path)
		require.Equal(t, o.purpose != domain.TicketPasswordReset, session.EmailVerified, o.path)
	}
}

// who is what a session's user is like.
type who struct {
	Email         string
	EmailVerified bool
}

// decodeSession refreshes the session that a location brings.
func decodeSession(c *client, location string) who {
	c.t.Helper()
	user := sessionOf(c, location).User
	return who{user.Email, user.EmailVerified}
}

func TestVerify_KeepsWhatTheTargetHasAndSortsTheKeys(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for target, want := range map[string]string{
		"https://app.example.com":                                   "https://app.example.com?$&type=passwordlessEmail",
		"https://app.example.com/":                                  "https://app.example.com/?$&type=passwordlessEmail",
		"https://app.example.com/x?z=1&a=2&z=0":                     "https://app.example.com/x?a=2&$&type=passwordlessEmail&z=1&z=0",
		"https://app.example.com/x#/route?in=fragment":              "https://app.example.com/x?$&type=passwordlessEmail#/route?in=fragment",
		"https://app.example.com/x?a=b%26c%3Dd&e=%C3%A4+%20#f":      "https://app.example.com/x?a=b%26c%3Dd&e=%C3%A4++&$&type=passwordlessEmail#f",
		"https://app.example.com/?refreshToken=planted&type=x&b=no": "https://app.example.com/?b=no&$&type=passwordlessEmail",
		"HTTPS://app.example.com/x%41?":                             "https://app.example.com/x%41?$&type=passwordlessEmail",
	} {
		c.mustPost("/signin/passwordless/email", address("jane@example.com"))
		location := c.redirected(c.linkWith("redirectTo", target))
		require.Regexp(t, `^`+strings.ReplaceAll(regexp.QuoteMeta(want), `\$`, `refreshToken=`+uuidPattern)+`$`, location)
		require.NotContains(t, location, "planted")
	}
}

func TestVerify_ErrorsTravelWithTheBrowser(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for target, want := range map[string]string{
		"https://app.example.com":                       "https://app.example.com?error=invalid-ticket&errorDescription=Invalid+ticket",
		"https://app.example.com/x?z=1&a=2#frag":        "https://app.example.com/x?a=2&error=invalid-ticket&errorDescription=Invalid+ticket&z=1#frag",
		"https://app.example.com/?error=x&error=y":      "https://app.example.com/?error=invalid-ticket&errorDescription=Invalid+ticket",
		"https://app.example.com/?errorDescription=%3C": "https://app.example.com/?error=invalid-ticket&errorDescription=Invalid+ticket",
	} {
		for _, ticket := range []string{
			"verifyEmail:" + unknownToken, "passwordlessEmail:" + unknownToken, "emailConfirmChange:" + unknownToken, "passwordReset:" + unknownToken,
			"otp:123456", "verifyEmail", ":" + unknownToken, unknownToken, "VERIFYEMAIL:" + unknownToken, "verifyEmail:' OR 1=1 --", strings.Repeat("x", 10_000), "ü\u202e\n",
		} {
			query := url.Values{"ticket": {ticket}, "redirectTo": {target}}
			require.Equal(t, want, c.redirected(request{method: http.MethodGet, path: "/verify?" + query.Encode()}), ticket)
		}
	}
}

// failedWith opens the newest mail's link, which must lead to the client with an error.
func (c *client) failedWith(code domain.Code, description string) {
	c.t.Helper()
	require.Equal(c.t, clientURL+"?error="+string(code)+"&errorDescription="+url.QueryEscape(description), c.redirected(c.link()))
}

func TestVerify_RedirectsEveryErrorOfItsRules(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.failedWith(domain.DisabledUser, "User is disabled")
	c.kit.Exec("UPDATE auth.users SET disabled = false")
	policy := c.kit.UseCases.VerifyTicket.Policy
	c.kit.UseCases.VerifyTicket.Policy.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"example.com"})
	c.failedWith(domain.InvalidEmailPassword, "Incorrect email or password")
	c.kit.UseCases.VerifyTicket.Policy = policy
	c.mustPost("/user/password/reset", address("jane@example.com"))
	unverify(c)
	c.kit.UseCases.VerifyTicket.Policy.RequireVerified = true
	c.failedWith(domain.UnverifiedUser, "User is not verified.")
	c.kit.UseCases.VerifyTicket.Policy.RequireVerified = false
	c.kit.Exec("UPDATE auth.users SET is_anonymous = true")
	c.failedWith(domain.ForbiddenAnonymous, "Forbidden, user is anonymous.")
	c.kit.Exec("UPDATE auth.users SET is_anonymous = false")
	c.kit.Clock.Advance(time.Hour + time.Second)
	c.failedWith(domain.InvalidTicket, "Invalid ticket")

	john := c.signUp("john@example.com")
	c.accepted(request{method: http.MethodPost, path: "/user/email/change", bearer: john.AccessToken, body: `{"newEmail":"taken@example.com"}`})
	c.signUp("taken@example.com")
	c.failedWith(domain.EmailAlreadyInUse, "Email already in use")
	c.kit.Exec("DELETE FROM auth.users")
	c.failedWith(domain.InvalidTicket, "Invalid ticket")
}

// An error leaves the ticket as it was: what was in the way can be removed.
func TestVerify_ALinkThatFailedStillWorks(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.failedWith(domain.DisabledUser, "User is disabled")
	require.Equal(t, clientURL+"?error=redirectTo-not-allowed&errorDescription=The+value+of+%22options.redirectTo%22+is+not+allowed.",
		c.redirected(c.linkWith("redirectTo", "https://evil.example/")))
	c.kit.Exec("UPDATE auth.users SET disabled = false")
	require.Equal(t, "jane@example.com", c.opened().User.Email)
}

func TestVerify_RedirectErrorsAreConcealedToo(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	const concealed = "The request payload is incorrect"
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	c.failedWith(domain.InvalidRequest, concealed)
	c.kit.Exec("UPDATE auth.users SET disabled = false")
	c.opened()
	c.kit.Clock.Advance(time.Hour)
	c.failedWith(domain.InvalidRequest, concealed)
	require.Equal(t, clientURL+"?error=invalid-request&errorDescription=The+request+payload+is+incorrect", c.redirected(c.linkWith("ticket", "nonsense")))
	require.Equal(t, "redirectTo-not-allowed", c.parameter(c.redirected(c.linkWith("redirectTo", "https://evil.example")), "error"), "tells nothing of an account")
	lines := c.log.lines(t, "request refused")
	require.Equal(t, "disabled-user", lines[0]["cause"])
}

func TestVerify_ATargetThatIsNotAllowedLeadsToTheClientWithTheError(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	for _, target := range []string{
		"https://evil.example/x?a=1", "https://app.example.com@evil.example/", "https://app.example.com.evil.example", "https://app.example.com:444/",
		"http://app.example.com/", "javascript:alert(1)", "data:text/html,x", "//evil.example", "/relative", "https://app.example.com/../x", "https:app.example.com",
		`https://evil.example\@app.example.com`, "https://app.example.com\u2028", "HTTPS://APP.EXAMPLE.COM%2eevil.example", "myapp://open",
	} {
		r := c.linkWith("redirectTo", target)
		got := c.do(r)
		if _, err := url.Parse(target); err != nil {
			require.Equal(t, http.StatusBadRequest, got.status, target)
			continue
		}
		require.Equal(t, http.StatusFound, got.status, target)
		require.Equal(t, clientURL+"?error=redirectTo-not-allowed&errorDescription=The+value+of+%22options.redirectTo%22+is+not+allowed.", got.header.Get("Location"), target)
	}
	c.opened()
}

func TestVerify_WithoutAnyPlaceToGoTheErrorIsTheAnswer(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(func(s *kit.Settings) { s.ClientURL, s.Redirects = "", []string{"https://app.example.com"} }))
	verify := func(target string) request {
		return request{method: http.MethodGet, path: "/verify?ticket=verifyEmail:" + unknownToken + "&redirectTo=" + url.QueryEscape(target)}
	}
	got := c.do(verify("https://evil.example/"))
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Equal(t, string(domain.RedirectToNotAllowed), string(got.failure().Error))
	require.Empty(t, got.header.Get("Location"))
	require.Equal(t, clientURL+"/x?error=invalid-ticket&errorDescription=Invalid+ticket", c.redirected(verify(clientURL+"/x")))
}

func TestVerify_WhatIsNoRequestForItIsAnsweredHere(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	good := "redirectTo=https%3A%2F%2Fapp.example.com&ticket=verifyEmail%3A" + unknownToken
	for query, want := range map[string]bad{
		"":                                   {code: domain.RequestValidation, field: "ticket"},
		"redirectTo=https://app.example.com": {code: domain.RequestValidation, field: "ticket"},
		"ticket=x":                           {code: domain.RequestValidation, field: "redirectTo"},
		"ticket=x&redirectTo=%zz":            {code: domain.RequestValidation, field: "redirectTo"},
		"ticket=x&redirectTo=https%3A%2F%2Fapp.example.com%2F%25zz":       {code: domain.InvalidRequest, field: "redirectTo"},
		"ticket=x&redirectTo=%3A%2F%2Fnowhere":                            {code: domain.InvalidRequest, field: "redirectTo"},
		"ticket=x&redirectTo=https%3A%2F%2F%5B%3A%3A1":                    {code: domain.InvalidRequest, field: "redirectTo"},
		"ticket=x&redirectTo=https%3A%2F%2Fapp.example.com%0D%0AX-Y%3A+z": {code: domain.InvalidRequest, field: "redirectTo"},
		good + "&ticket=x%00":                                             {code: domain.RequestValidation, field: "query"},
		good + "&other=%00":                                               {code: domain.RequestValidation, field: "query"},
		good + "&type=unknown":                                            {code: domain.SchemaValidation, field: "type"},
		good + "&codeChallenge=":                                          {code: domain.SchemaValidation, field: "codeChallenge"},
		good + "&codeChallenge=short":                                     {code: domain.SchemaValidation, field: "codeChallenge"},
		good + "&codeChallenge=" + challenge + "A":                        {code: domain.SchemaValidation, field: "codeChallenge"},
		good + "&codeChallenge=" + challenge[1:] + "%3D":                  {code: domain.SchemaValidation, field: "codeChallenge"},
		good + "&codeChallenge=" + challenge + "%0A":                      {code: domain.SchemaValidation, field: "codeChallenge"},
	} {
		failure := c.refused(request{method: http.MethodGet, path: "/verify?" + query}, http.StatusBadRequest, want.code)
		require.Equal(t, want.field, failure.Field, query)
	}
}

func TestVerify_AParameterGivenTwiceIsNeverReadInTwoWays(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	link := c.link()
	for _, more := range []string{"&redirectTo=https%3A%2F%2Fevil.example", "&ticket=x", "&codeChallenge=" + challenge + "&codeChallenge=" + challenge} {
		r := link
		r.path += more
		c.refused(r, http.StatusBadRequest, domain.RequestValidation)
	}
	c.opened()
}

func TestVerify_HeadHasNoEffect(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("jane@example.com")
	c.mustPost("/user/email/send-verification-email", address("jane@example.com"))
	sessions := c.kit.Count("SELECT count(*) FROM auth.refresh_tokens")
	for range 3 {
		head := c.link()
		head.method = http.MethodHead
		got := c.do(head)
		require.Equal(t, http.StatusOK, got.status)
		require.Empty(t, got.header.Get("Location"))
		require.Equal(t, http.StatusOK, c.do(request{method: http.MethodHead, path: "/verify?redirectTo=https://evil.example"}).status)
	}
	require.Equal(t, sessions, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users WHERE email_verified"))
	c.kit.Clock.Advance(domain.LinkGrace + time.Minute)
	require.True(t, c.opened().User.EmailVerified, "the ticket was never used")
}

func TestVerify_ALinkOpenedAgainEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	scanner := c.parameter(c.redirected(c.link()), "refreshToken")
	c.kit.Clock.Advance(domain.LinkGrace - time.Second)
	reader := c.opened()
	c.refusedPost("/token", refresh(scanner), http.StatusUnauthorized, domain.InvalidRefreshToken)
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
	c.kit.Clock.Advance(2 * time.Second)
	c.failedWith(domain.InvalidTicket, "Invalid ticket")
	c.mustPost("/token", refresh(reader.RefreshToken))
}

func TestVerify_UnavailableIsAnsweredHereSoThatTheLinkCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	away := newOutage()
	c := failing(t, away.before)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	away.on.Store(true)
	got := c.do(c.link())
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "2", got.header.Get("Retry-After"))
	require.Empty(t, got.header.Get("Location"))
	head := c.link()
	head.method = http.MethodHead
	require.Equal(t, http.StatusOK, c.do(head).status, "needs no database")
	require.Equal(t, "invalid-ticket", c.parameter(c.redirected(c.linkWith("ticket", "nonsense")), "error"), "neither does this")
	away.on.Store(false)
	c.opened()
}

func TestVerify_ADefectIsLoggedOnceAndShownWithoutItsCause(t *testing.T) {
	t.Parallel()
	for _, defect := range []error{errors.New("no such column near 10.1.2.3"), domain.Code("no-such-code")} {
		broken := &outage{cause: defect}
		c := failing(t, broken.before)
		c.mustPost("/signin/passwordless/email", address("jane@example.com"))
		broken.on.Store(true)
		got := c.do(c.link())
		if location := got.header.Get("Location"); location != "" {
			require.Equal(t, clientURL+"?error=internal-server-error&errorDescription=Internal+server+error", location)
		} else {
			require.Equal(t, http.StatusInternalServerError, got.status)
			require.Equal(t, "Internal server error", got.failure().Message)
		}
		lines := c.log.lines(t, "request failed")
		require.Len(t, lines, 1)
		require.Equal(t, defect.Error(), lines[0]["cause"])
	}
}
