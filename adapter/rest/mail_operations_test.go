package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func TestMails_EveryOperationAnswersOKAndSendsItsOwnMailToTheAddress(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		email := fmt.Sprintf("jane%d@example.com", i)
		r := o.request(c, email, "")
		before := c.mailsSent()
		c.accepted(r)
		require.Equal(t, before+1, c.mailsSent(), o.path)
		mail := c.kit.LastMail()
		require.Equal(t, o.template, mail.Template, o.path)
		require.Equal(t, email, mail.To, o.path)
		require.Equal(t, clientURL, mail.RedirectTo, o.path)
		if o.purpose == "" {
			require.Regexp(t, `^[0-9]{6}$`, mail.Ticket)
			require.Empty(t, mail.Link)
			continue
		}
		require.Regexp(t, `^`+string(o.purpose)+`:[0-9a-f-]{36}$`, mail.Ticket, o.path)
		require.Equal(t, linkOf(mail, clientURL, ""), mail.Link, o.path)
	}
}

// linkOf is the link that a mail must have.
func linkOf(mail domain.Mail, redirectTo, codeChallenge string) string {
	if codeChallenge != "" {
		codeChallenge = "codeChallenge=" + codeChallenge + "&"
	}
	kind := map[domain.Template]string{
		domain.TemplateSignInPasswordless: "signinPasswordless", domain.TemplateEmailVerify: "emailVerify",
		domain.TemplatePasswordReset: "passwordReset", domain.TemplateEmailConfirmChange: "emailConfirmChange",
	}[mail.Template]
	return serverURL + "/verify?" + codeChallenge + "redirectTo=" + url.QueryEscape(redirectTo) + "&ticket=" + url.QueryEscape(mail.Ticket) + "&type=" + kind
}

func TestMails_TheLinkCarriesRedirectAndChallenge(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	const target = "https://app.example.com/x?a=1&b=%20#frag"
	for i, o := range mailOperations() {
		more := fmt.Sprintf(`,"options":{"redirectTo":%q}`, target)
		if o.purpose != "" {
			more += withPKCE
		}
		c.accepted(o.request(c, fmt.Sprintf("jane%d@example.com", i), more))
		mail := c.kit.LastMail()
		require.Equal(t, target, mail.RedirectTo, o.path)
		if o.purpose != "" {
			require.Equal(t, linkOf(mail, target, challenge), mail.Link, o.path)
		}
	}
}

// What a request says about the server's own address never gets into a mail: links lead where the configuration says.
func TestMails_HeadersOfTheRequestNeverReachALinkOrARedirect(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	hostile := http.Header{
		"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Server": {"evil.example"}, "X-Forwarded-Proto": {"evil"},
		"X-Forwarded-Prefix": {"/evil.example"}, "X-Forwarded-Port": {"666"}, "X-Original-Url": {"https://evil.example/"}, "X-Host": {"evil.example"},
		"Forwarded": {`host="evil.example";proto=evil`}, "Origin": {"https://evil.example"}, "Referer": {"https://evil.example/"},
	}
	send := func(r request) response {
		t.Helper()
		r.header = hostile
		sent := r.http()
		sent.Host, sent.URL.Host = "evil.example", "evil.example"
		got := c.serve(sent)
		c.checkContract(r, got)
		c.checkSecrets(r, got)
		require.NotContains(t, got.body+got.header.Get("Location"), "evil", r.path)
		return got
	}
	for i, o := range mailOperations() {
		require.Equal(t, http.StatusOK, send(o.request(c, fmt.Sprintf("jane%d@example.com", i), "")).status)
		text, err := json.Marshal(c.kit.LastMail())
		require.NoError(t, err)
		require.NotContains(t, string(text), "evil", o.path)
		if o.purpose == "" {
			continue
		}
		require.True(t, strings.HasPrefix(c.kit.LastMail().Link, serverURL+"/verify?"))
		got := send(c.link())
		require.Equal(t, http.StatusFound, got.status)
		require.True(t, strings.HasPrefix(got.header.Get("Location"), clientURL+"?refreshToken="), got.header.Get("Location"))
		failed := send(c.linkWith("ticket", "verifyEmail:unknown"))
		require.Equal(t, clientURL+"?error=invalid-ticket&errorDescription=Invalid+ticket", failed.header.Get("Location"))
	}
}

// badMailBodies are bodies that must be refused with 400, by what the operation takes.
func badMailBodies(o mailOperation) []bad {
	with := func(more string) string { return o.body("lucy@example.com", more) }
	found := []bad{
		{"invalid JSON", with(",") + marked, domain.RequestValidation, "body"},
		{"cut off", `{"email":"` + marked, domain.RequestValidation, "body"},
		{"empty", "", domain.RequestValidation, "body"},
		{"null", "null", domain.SchemaValidation, "body"},
		{"a list", "[" + with("") + "]", domain.SchemaValidation, "body"},
		{"unknown field", with(`,"ticket":"` + marked + `"`), domain.SchemaValidation, "ticket"},
		{"unknown field in options", with(`,"options":{"clientUrl":"` + marked + `"}`), domain.SchemaValidation, "options.clientUrl"},
		{"no address", `{` + strings.TrimSuffix(o.members, ",") + `}`, domain.SchemaValidation, o.field},
		{"address is null", strings.Replace(with(""), `"lucy@example.com"`, "null", 1), domain.SchemaValidation, o.field},
		{"address is a list", strings.Replace(with(""), `"lucy@example.com"`, `["`+marked+`"]`, 1), domain.SchemaValidation, o.field},
		{"address twice", with(`,"` + o.field + `":"john@example.com"`), domain.RequestValidation, "body"},
		{"NUL in the address", o.body("lucy@example.com", "") + "\x00", domain.RequestValidation, "body"},
		{"options is null", with(`,"options":null`), domain.SchemaValidation, "options"},
		{"redirectTo is null", with(`,"options":{"redirectTo":null}`), domain.SchemaValidation, "options.redirectTo"},
		{"redirectTo is a list", with(`,"options":{"redirectTo":["` + marked + `"]}`), domain.SchemaValidation, "options.redirectTo"},
		{"NUL in redirectTo", with(`,"options":{"redirectTo":"https://app.example.com/\u0000"}`), domain.SchemaValidation, "options.redirectTo"},
		{"challenge is a number", with(`,"codeChallenge":1`), domain.SchemaValidation, "codeChallenge"},
	}
	for _, text := range []string{"", "short", challenge[1:], challenge + "A", challenge[1:] + "=", challenge[1:] + "+", challenge[1:] + "/", " " + challenge, challenge + "\\n"} {
		found = append(found, bad{"challenge " + text, with(`,"codeChallenge":"` + text + `"`), domain.SchemaValidation, "codeChallenge"})
	}
	for _, email := range []string{"", "plain-text", "mary@localhost", "mary@example.org, john@example.org", "Jane <mary@example.org>", `mary@example.org\r\nBcc: x@example.org`} {
		found = append(found, bad{"address " + email, fmt.Sprintf(`{%s%q:"%s"}`, o.members, o.field, email), domain.SchemaValidation, o.field})
	}
	if o.purpose == "" {
		found = append(found, bad{"a challenge where there is no link", with(withPKCE), domain.SchemaValidation, "codeChallenge"})
	}
	if !o.options {
		found = append(found, bad{"options of a sign-up", with(`,"options":{"locale":"de"}`), domain.SchemaValidation, "options.locale"})
	}
	return found
}

func TestMails_BadInputIsRefusedNamingTheFieldAndMailsNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, o := range mailOperations() {
		r := o.request(c, "lucy@example.com", "")
		before := c.kit.Count("SELECT count(*) FROM auth.users")
		for _, b := range badMailBodies(o) {
			r.body = b.body
			failure := c.refused(r, http.StatusBadRequest, b.code)
			require.Equal(t, b.field, failure.Field, "%s: %s", o.path, b.name)
			require.NotContains(t, failure.Message, marked)
		}
		require.Equal(t, before, c.kit.Count("SELECT count(*) FROM auth.users"), o.path)
		c.kit.Exec("DELETE FROM auth.users")
	}
	require.Zero(t, c.mailsSent())
	require.NotContains(t, c.log.String(), marked)
}

func TestMails_BodiesAreJSONAndHaveALimit(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: maxBody(512)})
	for i, o := range mailOperations() {
		r := o.request(c, fmt.Sprintf("jane%d@example.com", i), "")
		r.contentType = "text/plain"
		c.refused(r, http.StatusUnsupportedMediaType, domain.UnsupportedMediaType)
		r.contentType, r.body = "", r.body+strings.Repeat(" ", 512)
		c.refused(r, http.StatusRequestEntityTooLarge, domain.RequestTooLarge)
	}
	require.Zero(t, c.mailsSent())
}

func TestMails_ARedirectThatIsNotAllowedIsRefusedAndMailsNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		for j, target := range []string{
			"https://evil.example/path", "https://app.example.com@evil.example/", "https://app.example.com.evil.example", "javascript:alert(1)", "/relative",
			"//evil.example", "http://app.example.com/", `https://evil.example\\@app.example.com`, "https://app.example.com/%2e%2e/x",
		} {
			more := `,"options":{"redirectTo":"` + target + `"}`
			c.refused(o.request(c, fmt.Sprintf("jane%d.%d@example.com", i, j), more), http.StatusBadRequest, domain.RedirectToNotAllowed)
		}
	}
	require.Zero(t, c.mailsSent())
}

func TestMails_AnAddressThatTheListsRefuseIsRefused(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, changed(func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	}))
	for _, o := range mailOperations() {
		if !o.options && o.field == "email" {
			continue // about accounts that exist
		}
		r := o.request(c, "jane@example.com", "")
		r.body = o.body("jane@blocked.example", "")
		c.refused(r, http.StatusUnauthorized, domain.InvalidEmailPassword)
		c.kit.Exec("DELETE FROM auth.users")
	}
	require.Zero(t, c.mailsSent())
}

func TestMails_RolesThatAreNotAllowedAreRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		if !o.options {
			continue
		}
		for j, refusal := range []struct {
			options string
			code    domain.Code
		}{
			{`"allowedRoles":["administrator"]`, domain.RoleNotAllowed},
			{`"allowedRoles":[]`, domain.DefaultRoleMustBeInAllowedRoles},
			{`"defaultRole":"administrator"`, domain.DefaultRoleMustBeInAllowedRoles},
		} {
			more := `,"options":{` + refusal.options + `}`
			c.refused(o.request(c, fmt.Sprintf("jane%d.%d@example.com", i, j), more), http.StatusBadRequest, refusal.code)
		}
	}
	require.Zero(t, c.mailsSent())
}

func TestMails_OptionsMakeTheAccount(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		if !o.options {
			continue
		}
		email := fmt.Sprintf("jane%d@example.com", i)
		c.accepted(o.request(c, email, `,"options":{"allowedRoles":["me","user"],"defaultRole":"me","displayName":"Jane Doe","locale":"de","metadata":{"n":1.50}}`))
		mail := c.kit.LastMail()
		require.Equal(t, "de", mail.Locale, o.path)
		require.Equal(t, "Jane Doe", mail.DisplayName, o.path)
		session := c.secretSession(o, email)
		require.Equal(t, "Jane Doe", session.User.DisplayName)
		require.Equal(t, "me", session.User.DefaultRole)
		require.JSONEq(t, `{"n":1.50}`, string(session.User.Metadata))
		require.True(t, session.User.EmailVerified)
		require.False(t, session.User.IsAnonymous)
	}
}

func TestMails_OperationsForWhoIsSignedInDemandTheirToken(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("john@example.com")
	for _, o := range mailOperations() {
		if o.path != "/user/email/change" && o.path != "/user/deanonymize" {
			continue
		}
		for name, header := range badHeaders(t, c, session) {
			r := request{method: http.MethodPost, path: o.path, body: o.body("jane@example.com", ""), header: http.Header{"Authorization": header}}
			got := c.do(r)
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Equal(t, string(domain.Unauthorized), string(got.failure().Error), name)
			require.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"), name)
		}
	}
	require.Zero(t, c.mailsSent())
}

// Whoever asks learns from the answer nothing about who has an address.
func TestMails_AnswersAboutAnybodyAreTheSame(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signUp("known@example.com")
	c.signUp("disabled@example.com")
	c.kit.Exec("UPDATE auth.users SET disabled = true WHERE email = 'disabled@example.com'")
	for path, emails := range map[string][]string{
		"/user/password/reset":       {"known@example.com", "KNOWN@example.com", "unknown@example.com", "disabled@example.com"},
		"/signup/passwordless/email": {"known@example.com", "new1@example.com"},
		"/signup/otp/email":          {"known@example.com", "new2@example.com"},
		"/signin/passwordless/email": {"known@example.com", "new3@example.com"},
		"/signin/otp/email":          {"known@example.com", "new4@example.com"},
	} {
		answers := map[string]bool{}
		for _, email := range emails {
			got := c.mustPost(path, address(email))
			got.header.Del("X-Request-Id")
			answers[fmt.Sprint(got.body, got.header)] = true
		}
		require.Len(t, answers, 1, path)
	}
	var to []string
	for _, mail := range c.kit.Mails() {
		to = append(to, string(mail.Template)+" "+mail.To)
	}
	require.ElementsMatch(t, []string{
		"password-reset known@example.com", "password-reset known@example.com", "signin-passwordless new1@example.com", "signin-otp new2@example.com",
		"signin-passwordless known@example.com", "signin-passwordless new3@example.com", "signin-otp known@example.com", "signin-otp new4@example.com",
	}, to)
}

func TestMails_AnswersHaveNothingOfTheSecretAndTakeNoNoticeOfTheMailer(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range mailOperations() {
		r := o.request(c, fmt.Sprintf("jane%d@example.com", i), "")
		got := c.serve(r.http()) // before anything is sent
		require.Equal(t, http.StatusOK, got.status, o.path)
		require.Equal(t, `"OK"`, strings.TrimSpace(got.body))
		for name := range got.header {
			require.Contains(t, []string{"Cache-Control", "Content-Type", "X-Request-Id"}, name)
		}
		require.Regexp(t, regexp.MustCompile(`^[0-9a-f-]{36}$`), got.header.Get("X-Request-Id"))
	}
	require.Len(t, c.kit.Mails(), len(mailOperations()))
}
