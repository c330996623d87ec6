package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/pgtest"
)

// marked is a value that must not come back.
const marked = "hunter2-marked"

// signUpWith is the body of a sign-up that is good but for what extra adds, such as `,"options":{…}`.
func signUpWith(extra string) string {
	return `{"email":"jane@example.com","password":"` + marked + `"` + extra + `}`
}

func withOptions(options string) string { return signUpWith(`,"options":{` + options + `}`) }

// bad is a body that must be refused with 400, and what the answer must say.
type bad struct {
	name, body string
	code       domain.Code
	field      string
}

func badBodies() []bad {
	long, nul := strings.Repeat("x", 200), "\\u0000"
	return []bad{
		{"invalid JSON", `{"email":"` + marked + `",}`, domain.RequestValidation, "body"},
		{"cut off", `{"email":"` + marked, domain.RequestValidation, "body"},
		{"no JSON at all", marked, domain.RequestValidation, "body"},
		{"trailing garbage", signUpWith("") + "x", domain.RequestValidation, "body"},
		{"a second value", signUpWith("") + signUpWith(""), domain.RequestValidation, "body"},
		{"empty", "", domain.RequestValidation, "body"},
		{"blank", " \r\n\t ", domain.RequestValidation, "body"},
		{"null", "null", domain.SchemaValidation, "body"},
		{"a list", "[" + signUpWith("") + "]", domain.SchemaValidation, "body"},
		{"a string", `"` + marked + `"`, domain.SchemaValidation, "body"},
		{"a number", "17", domain.SchemaValidation, "body"},
		{"unknown field", signUpWith(`,"isAdmin":true`), domain.SchemaValidation, "isAdmin"},
		{"unknown field in options", withOptions(`"verified":true`), domain.SchemaValidation, "options.verified"},
		{"field in another case", `{"Email":"jane@example.com","password":"` + marked + `"}`, domain.SchemaValidation, "Email"},
		{"unknown field with a long name", signUpWith(`,"` + long + `":1`), domain.SchemaValidation, long[:64] + "…"},
		{"unknown field with control characters", signUpWith(`,"a\r\nb\u001b[31mc":1`), domain.SchemaValidation, "ab[31mc"},
		{"missing e-mail", `{"password":"` + marked + `"}`, domain.SchemaValidation, "email"},
		{"missing password", `{"email":"jane@example.com"}`, domain.SchemaValidation, "password"},
		{"everything missing", `{}`, domain.SchemaValidation, "email"},
		{"e-mail is a number", `{"email":12,"password":"` + marked + `"}`, domain.SchemaValidation, "email"},
		{"password is a list", `{"email":"jane@example.com","password":["` + marked + `"]}`, domain.SchemaValidation, "password"},
		{"options is a string", signUpWith(`,"options":"` + marked + `"`), domain.SchemaValidation, "options"},
		{"metadata is a list", withOptions(`"metadata":[1]`), domain.SchemaValidation, "options.metadata"},
		{"roles are a string", withOptions(`"allowedRoles":"administrator"`), domain.SchemaValidation, "options.allowedRoles"},
		{"a role is a number", withOptions(`"allowedRoles":["user",7]`), domain.SchemaValidation, "options.allowedRoles.1"},
		{"e-mail is null", `{"email":null,"password":"` + marked + `"}`, domain.SchemaValidation, "email"},
		{"options is null", signUpWith(`,"options":null`), domain.SchemaValidation, "options"},
		{"display name is null", withOptions(`"displayName":null`), domain.SchemaValidation, "options.displayName"},
		{"metadata is null", withOptions(`"metadata":null`), domain.SchemaValidation, "options.metadata"},
		{"NUL in the password", `{"email":"jane@example.com","password":"` + marked + nul + `"}`, domain.SchemaValidation, "password"},
		{"NUL in the e-mail", `{"email":"jane@example.com` + nul + `","password":"` + marked + `"}`, domain.SchemaValidation, "email"},
		{"NUL in metadata", withOptions(`"metadata":{"a":[{"b":"x` + nul + `"}]}`), domain.SchemaValidation, "options.metadata.a.0.b"},
		{"NUL in a key of metadata", withOptions(`"metadata":{"a":{"b` + nul + `":1}}`), domain.SchemaValidation, "options.metadata.a"},
		{"NUL in a key at the top", signUpWith(`,"x` + nul + `":1`), domain.SchemaValidation, "body"},
		{"NUL byte", signUpWith("\x00"), domain.RequestValidation, "body"},
		{"NUL byte in a string", `{"email":"jane@example.com","password":"` + marked + "\x00" + `"}`, domain.RequestValidation, "body"},
		{"invalid UTF-8", `{"email":"jane@example.com","password":"` + marked + "\xff\"}", domain.RequestValidation, "body"},
		{"UTF-16", "\xff\xfe{\x00}\x00", domain.RequestValidation, "body"},
		{"number out of range", withOptions(`"metadata":{"n":1e999}`), domain.RequestValidation, "body"},
		{"number that becomes zero", withOptions(`"metadata":{"n":[-1e-20000]}`), domain.RequestValidation, "body"},
		{"number without end", withOptions(`"metadata":{"n":1.` + strings.Repeat("0", 20_000) + `1}`), domain.RequestValidation, "body"},
		{"half of a surrogate pair", withOptions(`"metadata":{"a":"x\ud83d"}`), domain.RequestValidation, "body"},
		{"the wrong half of a surrogate pair", withOptions(`"metadata":{"a":"\udE00"}`), domain.RequestValidation, "body"},
		{"half a pair and another escape", withOptions(`"metadata":{"a":"\ud83d\u0041"}`), domain.RequestValidation, "body"},
		{"field twice", signUpWith(`,"email":"john@example.com"`), domain.RequestValidation, "body"},
		{"field twice, escaped", signUpWith(`,"\u0065mail":"john@example.com"`), domain.RequestValidation, "body"},
		{"options twice", signUpWith(`,"options":{"displayName":"<script>"},"options":{}`), domain.RequestValidation, "body"},
		{"key of metadata twice", withOptions(`"metadata":{"a":"` + nul + `","a":1}`), domain.RequestValidation, "body"},
		{"very deep", withOptions(`"metadata":` + nested(50_000)), domain.RequestValidation, "body"},
		{"too deep", withOptions(`"metadata":` + nested(99)), domain.RequestValidation, "body"},
	}
}

func nested(levels int) string {
	return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
}

func TestBody_BadInputIsRefusedNamingTheField(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, b := range badBodies() {
		failure := c.refusedPost("/signup/email-password", b.body, http.StatusBadRequest, b.code)
		require.Equal(t, b.field, failure.Field, b.name)
		require.Contains(t, failure.Message, b.field, b.name)
		require.NotContains(t, failure.Message, marked, b.name)
	}
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users"))
	require.Zero(t, c.kit.Passwords.Work())
	require.NotContains(t, c.log.String(), marked)
	require.NotContains(t, c.log.String(), "example.com")
}

// What the edge lets through, both databases must be able to keep: never a 500.
func TestBody_WhatIsAcceptedIsStoredAsItCame(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	for _, on := range []func(*kit.Settings){func(*kit.Settings) {}, func(s *kit.Settings) { s.URL = url }} {
		c := newClientWith(t, setup{kit: []func(*kit.Settings){on}})
		for i, metadata := range []string{
			`{}`, `{"":""}`, `{"a":{"a":{"a":1},"b":{"a":1}}}`, `{"n":1e308,"m":[-0.0,0e-9,5e-324, 1E+2 ],"k":123456789012345678901234567890}`,
			`{"a":"\ud83d\ude00\\ud83d\\u0000 \" \/"}`, `{"clé":"\u00e9\ufffd\u001f\uFFFF"}`, nested(98),
		} {
			body := fmt.Sprintf(`{"email":"jane%d@example.com","password":%q,"options":{"metadata":%s}}`, i, marked, metadata)
			got := c.post("/signup/email-password", body)
			require.Equal(t, http.StatusOK, got.status, "%s: %s", metadata, got.body)
			session := sessionIn(got)
			require.JSONEq(t, metadata, string(session.User.Metadata))
			read := c.do(request{method: http.MethodGet, path: "/user", bearer: session.AccessToken})
			require.Equal(t, http.StatusOK, read.status, read.body)
			require.Equal(t, metadata == `{}`, strings.Contains(read.body, `"metadata":{}`))
		}
	}
}

func TestBody_AddressesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, email := range []string{
		"", "plain-text", "@example.org", "mary@", "mary@localhost", "mary@example", "mary@@example.org", "mary@example..com", "mary@.example.org",
		"mary@-example.org", "mary@example-.com", "mary@example.123", "mary@[127.0.0.1]", "mary doe@example.org", " mary@example.org",
		"mary@example.org ", "mary@example.org\n", "mary@exa mple.com", `"mary"@example.org`, "jürgen@example.org", "mary@exämple.com",
		"mary@example.org, john@example.org", "Jane <mary@example.org>", "mary@example.org\r\nBcc: x@example.org", "mary@example.org.",
		strings.Repeat("x", 65) + "@example.org", "mary@" + strings.Repeat("x", 64) + ".com", "mary@" + strings.Repeat("example.", 32) + "com",
	} {
		for _, path := range []string{"/signup/email-password", "/signin/email-password"} {
			failure := c.refusedPost(path, credentials(email, kit.Password), http.StatusBadRequest, domain.SchemaValidation)
			require.Equal(t, "email", failure.Field, "%q", email)
		}
	}
	for _, email := range []string{"j@e.co", "mary.doe+tag@mail.example.co.uk", "o'neil@example.org", "JANE@EXAMPLE.ORG", "x@xn--exmple-cua.com"} {
		require.Equal(t, http.StatusOK, c.post("/signup/email-password", credentials(email, kit.Password)).status, email)
	}
}

func TestBody_PasswordsHaveThreeToFiftyCharacters(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.Checks.Policy.MinLength = 3 }}})
	for i, p := range []struct {
		password string
		ok       bool
	}{
		{"", false}, {"ab", false}, {"abc", true}, {strings.Repeat("a", 50), true}, {strings.Repeat("a", 51), false},
		{"äö", false}, {"äöü", true}, {strings.Repeat("ü", 50), true}, {strings.Repeat("ü", 51), false},
		{"😀😀", false}, {"😀😀😀", true}, {strings.Repeat("😀", 50), true}, {strings.Repeat("😀", 51), false}, {"   ", true},
	} {
		body := credentials(fmt.Sprintf("user%d@example.com", i), p.password)
		if p.ok {
			require.Equal(t, http.StatusOK, c.post("/signup/email-password", body).status, p.password)
			require.Equal(t, http.StatusOK, c.post("/signin/email-password", body).status, p.password)
			continue
		}
		for _, path := range []string{"/signup/email-password", "/signin/email-password"} {
			require.Equal(t, "password", c.refusedPost(path, body, http.StatusBadRequest, domain.SchemaValidation).Field, p.password)
		}
	}
}

func TestBody_OptionsKeepToTheirForm(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for i, o := range []struct {
		field, value string
		ok           bool
	}{
		{"displayName", strings.Repeat("n", 32), true}, {"displayName", strings.Repeat("ł", 32), true},
		{"displayName", strings.Repeat("n", 33), false}, {"displayName", "", false}, {"displayName", "<b>Jane+1<b>", true}, {"displayName", "<b>Jane</b>", false},
		{"displayName", `Jane "the" Doe`, false}, {"displayName", "Jane\nDoe", false}, {"displayName", "Jane/Doe", false},
		{"displayName", "Jane\u202eDoe", false}, {"displayName", "山田 太郎", true}, {"displayName", "Jane 😀", true},
		{"locale", "e", false}, {"locale", "", false}, {"locale", "en", true}, {"locale", "gsw", true}, {"locale", "en-U", false},
		{"redirectTo", "https://app.example.com/x", true},
	} {
		value, err := json.Marshal(o.value)
		require.NoError(t, err)
		body := fmt.Sprintf(`{"email":"user%d@example.com","password":%q,"options":{%q:%s}}`, i, marked, o.field, value)
		if o.ok {
			require.Equal(t, http.StatusOK, c.post("/signup/email-password", body).status, o.value)
			continue
		}
		failure := c.refusedPost("/signup/email-password", body, http.StatusBadRequest, domain.SchemaValidation)
		require.Equal(t, "options."+o.field, failure.Field, o.value)
	}
}

func TestBody_RefreshTokensAreLowerCaseUUIDs(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, token := range []string{"", "garbage-as-token", strings.ToUpper(unknownToken), strings.ReplaceAll(unknownToken, "-", ""), unknownToken[:35]} {
		failure := c.refusedPost("/token", refresh(token), http.StatusBadRequest, domain.SchemaValidation)
		require.Equal(t, "refreshToken", failure.Field, token)
	}
	for _, token := range []string{unknownToken, "x " + unknownToken, unknownToken + "\n"} { // the pattern has no anchors
		c.refusedPost("/token", refresh(token), http.StatusUnauthorized, domain.InvalidRefreshToken)
	}
}

func TestBody_IsTakenAsJSONOnly(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	body := credentials("jane@example.com", kit.Password)
	send := func(contentType string) request {
		return request{method: http.MethodPost, path: "/signup/email-password", body: body, contentType: contentType}
	}
	for _, contentType := range []string{
		"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/jsonp",
		"application/problem+json", "application/json, text/plain", "json", ";", "*/*", "application/*",
	} {
		c.refused(send(contentType), http.StatusUnsupportedMediaType, domain.UnsupportedMediaType)
	}
	none := send("")
	none.header = http.Header{"Content-Type": nil}
	c.refused(none, http.StatusUnsupportedMediaType, domain.UnsupportedMediaType)
	for i, contentType := range []string{"application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"} {
		r := send(contentType)
		r.body = credentials(fmt.Sprintf("user%d@example.com", i), kit.Password)
		require.Equal(t, http.StatusOK, c.do(r).status, contentType)
	}
}

// limited counts what is read of an endless body.
type limited struct{ read int }

func (l *limited) Read(p []byte) (int, error) {
	l.read += len(p)
	return copy(p, strings.Repeat(" ", len(p))), nil
}

func TestBody_LargerThanTheLimitIsRefusedUnread(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: maxBody(2048)})
	atLimit := credentials("jane@example.com", kit.Password)
	atLimit += strings.Repeat(" ", 2048-len(atLimit))
	require.Equal(t, http.StatusOK, c.post("/signup/email-password", atLimit).status)

	declared := c.do(request{method: http.MethodPost, path: "/signup/email-password", body: atLimit + " "})
	require.Equal(t, http.StatusRequestEntityTooLarge, declared.status)
	require.Equal(t, "close", declared.header.Get("Connection"))

	endless := &limited{}
	c.refused(request{method: http.MethodPost, path: "/signup/email-password", stream: endless}, http.StatusRequestEntityTooLarge, domain.RequestTooLarge)
	require.Less(t, endless.read, 8192)
}

func TestBody_DeclaredTooLargeIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	untouched := &limited{}
	r := request{method: http.MethodPost, path: "/token", stream: untouched}.http()
	r.ContentLength = 1<<20 + 1
	got := c.serve(r)
	require.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	require.Equal(t, string(domain.RequestTooLarge), string(got.failure().Error))
	require.Zero(t, untouched.read)
}

func TestBody_CutOffOnTheWayIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	cut := io.MultiReader(strings.NewReader(`{"refreshToken":"`), iotest.ErrReader(errors.New("connection reset by peer "+marked)))
	failure := c.refused(request{method: http.MethodPost, path: "/token", stream: cut}, http.StatusBadRequest, domain.RequestValidation)
	require.Equal(t, "body", failure.Field)
	require.NotContains(t, failure.Message, marked)
}

func TestBody_OfAGETIsIgnored(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	require.Equal(t, http.StatusOK, c.do(request{method: http.MethodGet, path: "/version", body: "{not json"}).status)
}
