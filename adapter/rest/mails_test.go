package rest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const (
	serverURL = "https://auth.example.com/v1" // that of test/kit, where links lead
	clientURL = "https://app.example.com"     // that of test/kit, where redirects lead
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of verifier, RFC 7636 appendix B
	withPKCE  = `,"codeChallenge":"` + challenge + `"`
)

// mailOperation is an operation that sends a mail to the address in its body.
type mailOperation struct {
	path     string
	template domain.Template
	purpose  domain.TicketPurpose // "": a code is mailed, and no challenge is taken
	members  string               // of the body, before the address
	field    string               // that has the address
	options  bool                 // takes all options of a sign-up

	prepare func(c *client, email string) (bearer string) // nil: nothing must be there before
}

func mailOperations() []mailOperation {
	account := func(c *client, email string) string {
		c.signUp(email)
		return ""
	}
	return []mailOperation{
		{path: "/signin/passwordless/email", template: domain.TemplateSignInPasswordless, purpose: domain.TicketPasswordlessEmail, field: "email", options: true},
		{path: "/signin/otp/email", template: domain.TemplateSignInOTP, field: "email", options: true},
		{path: "/signup/passwordless/email", template: domain.TemplateSignInPasswordless, purpose: domain.TicketPasswordlessEmail, field: "email", options: true},
		{path: "/signup/otp/email", template: domain.TemplateSignInOTP, field: "email", options: true},
		{path: "/user/email/send-verification-email", template: domain.TemplateEmailVerify, purpose: domain.TicketVerifyEmail, field: "email", prepare: account},
		{path: "/user/password/reset", template: domain.TemplatePasswordReset, purpose: domain.TicketPasswordReset, field: "email", prepare: account},
		{
			path: "/user/email/change", template: domain.TemplateEmailConfirmChange, purpose: domain.TicketEmailConfirmChange, field: "newEmail",
			prepare: func(c *client, email string) string { return c.signUp("before." + email).AccessToken },
		},
		{
			path: "/user/deanonymize", template: domain.TemplateSignInPasswordless, purpose: domain.TicketPasswordlessEmail, field: "email", options: true,
			members: `"signInMethod":"passwordless",`, prepare: func(c *client, _ string) string { return c.anonymous() },
		},
	}
}

// body is the operation's body, with more members such as `,"options":{…}`.
func (o mailOperation) body(email, more string) string {
	return fmt.Sprintf(`{%s%q:%q%s}`, o.members, o.field, email, more)
}

// request prepares a request that would be answered with 200 but for what more adds.
func (o mailOperation) request(c *client, email, more string) request {
	c.t.Helper()
	r := request{method: http.MethodPost, path: c.options.Prefix + o.path, body: o.body(email, more)}
	if o.prepare != nil {
		r.bearer = o.prepare(c, email)
	}
	return r
}

func address(email string) string { return fmt.Sprintf(`{"email":%q}`, email) }

// anonymous returns the access token of a new anonymous user.
func (c *client) anonymous() string {
	c.t.Helper()
	return sessionIn(c.post(c.options.Prefix+"/signin/anonymous", "")).AccessToken
}

// must sends a request that must be answered with 200.
func (c *client) must(r request) response {
	c.t.Helper()
	got := c.do(r)
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	return got
}

func (c *client) mustPost(path, body string) response {
	c.t.Helper()
	return c.must(request{method: http.MethodPost, path: path, body: body})
}

// accepted sends a request that must be answered with "OK".
func (c *client) accepted(r request) {
	c.t.Helper()
	require.Equal(c.t, `"OK"`, strings.TrimSpace(c.must(r).body))
}

// link is the request that opens the link of the newest mail.
func (c *client) link() request {
	c.t.Helper()
	path, found := strings.CutPrefix(c.kit.LastMail().Link, serverURL+"/verify?")
	require.True(c.t, found)
	return request{method: http.MethodGet, path: c.options.Prefix + "/verify?" + path}
}

// linkWith is the link of the newest mail with some of its parameters changed; "" drops one.
func (c *client) linkWith(changes ...string) request {
	c.t.Helper()
	r := c.link()
	path, query, _ := strings.Cut(r.path, "?")
	parameters, err := url.ParseQuery(query)
	require.NoError(c.t, err)
	for i := 0; i < len(changes); i += 2 {
		parameters.Del(changes[i])
		if changes[i+1] != "" {
			parameters.Set(changes[i], changes[i+1])
		}
	}
	r.path = path + "?" + parameters.Encode()
	return r
}

// redirected sends a request that must be answered with a redirect, and returns where it leads.
func (c *client) redirected(r request) (location string) {
	c.t.Helper()
	got := c.do(r)
	require.Equal(c.t, http.StatusFound, got.status, got.body)
	require.Empty(c.t, got.body)
	require.Len(c.t, got.header.Values("Location"), 1)
	return got.header.Get("Location")
}

// parameter returns a parameter of a location.
func (c *client) parameter(location, name string) string {
	c.t.Helper()
	parsed, err := url.Parse(location)
	require.NoError(c.t, err)
	require.Len(c.t, parsed.Query()[name], 1, location)
	return parsed.Query().Get(name)
}

// opened opens the link of the newest mail and returns the session that comes of it.
func (c *client) opened() api.Session {
	c.t.Helper()
	return sessionOf(c, c.redirected(c.link()))
}

// mailsSent is how many mails have been sent.
func (c *client) mailsSent() int {
	c.t.Helper()
	return len(c.kit.Mails())
}

// otp asks for a code and returns it.
func (c *client) otp(email string) string {
	c.t.Helper()
	c.mustPost(c.options.Prefix+"/signin/otp/email", address(email))
	return c.kit.LastMail().Ticket
}

func guess(email, otp string) string { return fmt.Sprintf(`{"email":%q,"otp":%q}`, email, otp) }

func exchange(code, verifier string) string {
	return fmt.Sprintf(`{"code":%q,"codeVerifier":%q}`, code, verifier)
}

// changed is a setup with changed settings.
func changed(changes ...func(*kit.Settings)) setup { return setup{kit: changes} }

func requireVerified(s *kit.Settings) { s.SignIn.RequireVerified = true }

// secretSession uses what the newest mail has, a link or a code, and returns the session.
func (c *client) secretSession(o mailOperation, email string) api.Session {
	c.t.Helper()
	if o.purpose != "" {
		return c.opened()
	}
	return sessionIn(c.mustPost(c.options.Prefix+"/signin/otp/email/verify", guess(email, c.kit.LastMail().Ticket)))
}

// sessionOf refreshes the session that a location brings.
func sessionOf(c *client, location string) api.Session {
	c.t.Helper()
	return decode[api.Session](c.mustPost(c.options.Prefix+"/token", refresh(c.parameter(location, "refreshToken"))))
}
