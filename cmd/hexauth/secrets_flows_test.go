package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/providers"
)

const (
	walkerPassword = "violet-otter-41 & co"
	walkerAdmin    = "administrators-secret-0123456789abcdef"
	walkerHasura   = "hasuras-secret-0123456789abcdef"
	walkerTarget   = "http://localhost:3000"
)

// walk makes the server of the secret test, with everything switched on.
func walk(t *testing.T, c *collector) (*walker, map[string]*providers.Provider) {
	port := fmt.Sprint(pgtest.FreePort())
	people := map[string]*providers.Provider{"gitlab": providers.Start(t, "gitlab"), "apple": providers.Start(t, "apple"), "google": providers.Start(t, "google")}
	environ := []string{
		"AUTH_DEV_MODE=true", "AUTH_PORT=" + port, "AUTH_SERVER_URL=http://127.0.0.1:" + port, "AUTH_DATABASE_URL=" + pgtest.Database(t),
		"AUTH_DATA_DIR=" + t.TempDir(), "AUTH_ENCRYPTION_KEY=" + keyOne, "AUTH_DEBUG=true", "AUTH_METRICS_ADDR=127.0.0.1:0",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=collectors-key-0123456789",
		"AUTH_EMAIL_PASSWORDLESS_ENABLED=true", "AUTH_OTP_EMAIL_ENABLED=true", "AUTH_ANONYMOUS_USERS_ENABLED=true", "AUTH_SMS_PASSWORDLESS_ENABLED=true",
		"AUTH_WEBAUTHN_ENABLED=true", "AUTH_MFA_ENABLED=true", "AUTH_ADMIN_SECRET=" + walkerAdmin, "HASURA_GRAPHQL_ADMIN_SECRET=" + walkerHasura,
		"AUTH_PROVIDER_GOOGLE_AUDIENCE=" + providers.ClientID, "AUTH_PROVIDER_GOOGLE_JWKS_URL=" + people["google"].URL + "/keys",
	}
	for _, provider := range people {
		for name, value := range provider.Environment() {
			environ = append(environ, name+"="+value)
		}
	}
	w := newWalker(t, serve(t, environ))
	w.keep(keyOne, "collectors-key-0123456789", walkerAdmin, walkerHasura, providers.ClientSecret, walkerPassword, people["apple"].ApplePrivateKey())
	return w, people
}

func body(members map[string]any) string {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func signIn(email string) string {
	return body(map[string]any{"email": email, "password": walkerPassword})
}

// passwords signs up, refreshes, verifies, changes and signs out.
func (w *walker) passwords() {
	session := w.must("POST", "/signup/email-password", "", signIn("jane@example.com"))
	access := session.text("accessToken")
	w.must("POST", "/token", "", body(map[string]any{"refreshToken": session.text("refreshToken")}))
	w.must("POST", "/token/verify", "", body(map[string]any{"token": access}))
	w.must("GET", "/user", access, "")
	w.must("POST", "/user/password", access, body(map[string]any{"newPassword": walkerPassword + "!"}))
	w.must("POST", "/user/password/reset", "", body(map[string]any{"email": "jane@example.com", "options": map[string]any{"redirectTo": walkerTarget}}))
	reset := w.link("jane@example.com").Query().Get("refreshToken")
	access = w.must("POST", "/token", "", body(map[string]any{"refreshToken": reset})).text("accessToken")
	w.must("POST", "/user/password", access, body(map[string]any{"newPassword": walkerPassword}))
	access = w.must("POST", "/signin/email-password", "", signIn("jane@example.com")).text("accessToken")
	w.must("POST", "/user/email/change", access, body(map[string]any{"newEmail": "jane2@example.com"}))
	w.link("jane2@example.com")
	access = w.must("POST", "/signin/email-password", "", signIn("jane2@example.com")).text("accessToken")
	list := w.must("GET", "/user/sessions", access, "")
	w.must("DELETE", "/user/sessions/"+list.text("id"), access, "")
	access = w.must("POST", "/signin/email-password", "", signIn("jane2@example.com")).text("accessToken")
	w.must("DELETE", "/user/sessions", access, "")
	w.must("POST", "/pat", access, body(map[string]any{"expiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "metadata": map[string]any{"name": "ci"}}))
	pat := w.must("POST", "/pat", access, body(map[string]any{"expiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}))
	w.must("POST", "/signin/pat", "", body(map[string]any{"personalAccessToken": pat.text("personalAccessToken")}))
	w.must("GET", "/pat", access, "")
	w.must("DELETE", "/pat/"+pat.text("id"), access, "")
	w.must("POST", "/signout", access, `{"all":true}`)
}

// link opens the link of a new mail and returns where it leads.
func (w *walker) link(to string) *url.URL {
	w.t.Helper()
	link, err := url.Parse(w.mail(to).Link)
	require.NoError(w.t, err)
	got := w.must("GET", link.RequestURI(), "", "")
	require.Equal(w.t, http.StatusFound, got.status)
	return got.location
}

// mails signs up and in by whatever is mailed, with PKCE among them.
func (w *walker) mails() {
	address := func(email string) string { return body(map[string]any{"email": email}) }
	for _, path := range []string{"/signup/passwordless/email", "/signin/passwordless/email"} {
		w.must("POST", path, "", address("joe@example.com"))
		w.link("joe@example.com")
	}
	for _, path := range []string{"/signup/otp/email", "/signin/otp/email"} {
		w.must("POST", path, "", address("jim@example.com"))
		w.must("POST", "/signin/otp/email/verify", "", body(map[string]any{"email": "jim@example.com", "otp": w.mail("jim@example.com").Ticket}))
	}
	verifier := strings.Repeat("verifier-of-a-browser.", 3)
	w.must("POST", "/signin/passwordless/email", "", body(map[string]any{"email": "joe@example.com", "codeChallenge": domain.S256(verifier)}))
	code := w.link("joe@example.com").Query().Get("code")
	w.must("POST", "/token/exchange", "", body(map[string]any{"code": code, "codeVerifier": verifier}))

	anonymous := w.must("POST", "/signin/anonymous", "", "{}").text("accessToken")
	w.must("POST", "/user/deanonymize", anonymous, body(map[string]any{"signInMethod": "email-password", "email": "ann@example.com", "password": walkerPassword}))
	w.admin("POST", "/admin/users", body(map[string]any{"email": "una@example.com", "password": walkerPassword, "emailVerified": false}))
	w.must("POST", "/user/email/send-verification-email", "", address("una@example.com"))
	w.link("una@example.com")

	for _, path := range []string{"/signup/passwordless/sms", "/signin/passwordless/sms"} {
		w.must("POST", path, "", body(map[string]any{"phoneNumber": "+12025550123"}))
		w.must("POST", "/signin/passwordless/sms/otp", "", body(map[string]any{"phoneNumber": "+12025550123", "otp": w.mail("+12025550123").Ticket}))
	}
}

// factors switches TOTP on and off, and uses passkeys.
func (w *walker) factors() {
	access := w.must("POST", "/signup/email-password", "", signIn("tom@example.com")).text("accessToken")
	secret := w.must("GET", "/mfa/totp/generate", access, "").text("totpSecret")
	code := func(ago time.Duration) string {
		code, err := totp.GenerateCode(secret, time.Now().Add(-ago))
		require.NoError(w.t, err)
		w.keep(code)
		return code
	}
	w.must("POST", "/user/mfa", access, body(map[string]any{"code": code(30 * time.Second), "activeMfaType": "totp"}))
	codes := w.must("POST", "/user/mfa/recovery-codes", access, body(map[string]any{"code": code(0)}))
	var recovery struct{ RecoveryCodes []string }
	require.NoError(w.t, json.Unmarshal([]byte(codes.body), &recovery))
	ticket := w.must("POST", "/signin/email-password", "", signIn("tom@example.com")).text("ticket")
	w.must("POST", "/signin/mfa/totp", "", body(map[string]any{"ticket": ticket, "otp": recovery.RecoveryCodes[0]}))
	w.must("POST", "/elevate/totp", access, body(map[string]any{"code": recovery.RecoveryCodes[1]}))

	key, other := authenticator.ES256(walkerTarget, "localhost", "walker"), authenticator.ES256(walkerTarget, "localhost", "other")
	answer := func(credential []byte) string { return `{"credential":` + string(credential) + `}` }
	options := func(path, bearer, text string) []byte { return []byte(w.must("POST", path, bearer, text).body) }
	email := body(map[string]any{"email": "kay@example.com"})
	w.must("POST", "/signup/webauthn/verify", "", answer(key.Create(options("/signup/webauthn", "", email))))
	access = w.must("POST", "/signin/webauthn/verify", "", answer(key.Get(options("/signin/webauthn", "", "{}")))).text("accessToken")
	access = w.must("POST", "/elevate/webauthn/verify", access, answer(key.Get(options("/elevate/webauthn", access, "")))).text("accessToken")
	added := w.must("POST", "/user/webauthn/verify", access, answer(other.Create(options("/user/webauthn/add", access, "")))).text("id")
	w.must("GET", "/user/webauthn", access, "")
	w.must("PATCH", "/user/webauthn/"+added, access, `{"nickname":"spare"}`)
	w.must("DELETE", "/user/webauthn/"+added, access, "")
}

// visit goes to a provider and comes back, and returns where that leads.
func (w *walker) visitProvider(p *providers.Provider, path string) *url.URL {
	w.t.Helper()
	away := w.must("GET", path+"/"+p.Name+"?redirectTo="+url.QueryEscape(walkerTarget), "", "")
	callback := p.Consent(w.t, away.location.String())
	cookie, _, _ := strings.Cut(away.header.Get("Set-Cookie"), ";")
	back := sent{method: callback.Method, path: "/signin/provider/" + p.Name + "/callback", header: http.Header{"Cookie": {cookie}}}
	if callback.Method == http.MethodGet {
		back.path += "?" + callback.Values.Encode()
	} else {
		back.body = callback.Values.Encode()
		back.header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return w.succeed(back).location
}

// strangers come in through providers.
func (w *walker) strangers(people map[string]*providers.Provider) {
	w.visitProvider(people["apple"], "/signin/provider")
	gitlab := people["gitlab"]
	gitlab.SignsIn(providers.Person{Email: "gil@example.com", Attested: providers.Yes, Name: "Gil"})
	w.visitProvider(gitlab, "/signup/provider")
	refresh := w.visitProvider(gitlab, "/signin/provider").Query().Get("refreshToken")
	session := w.must("POST", "/token", "", body(map[string]any{"refreshToken": refresh}))
	access := session.text("accessToken")
	tokens := w.must("GET", "/signin/provider/gitlab/callback/tokens", access, "")
	w.must("POST", "/token/provider/gitlab", access, body(map[string]any{"refreshToken": tokens.text("refreshToken")}))
	var holder struct {
		User struct{ ID string }
	}
	require.NoError(w.t, json.Unmarshal([]byte(session.body), &holder))
	w.succeed(sent{
		method: "POST", path: "/user/provider/tokens", body: body(map[string]any{"providerId": "gitlab", "userId": holder.User.ID}),
		header: http.Header{"X-Hasura-Admin-Secret": {walkerHasura}},
	})

	google := people["google"]
	token := func(email string) string {
		claims := google.Claims(providers.Person{ID: "id of " + email}, "")
		claims["iss"], claims["email"], claims["email_verified"] = "https://accounts.google.com", email, true
		return google.Sign(claims)
	}
	member := func(email string) string {
		return body(map[string]any{"provider": "google", "idToken": token(email)})
	}
	w.must("POST", "/signup/idtoken", "", member("gus@example.com"))
	w.must("POST", "/signin/idtoken", "", member("gus@example.com"))
	w.must("POST", "/link/idtoken", access, member("gil.too@example.com"))
	linked := w.must("GET", "/user/providers", access, "")
	w.must("DELETE", "/user/providers/"+linked.text("id"), access, "")
}

func (w *walker) admin(method, path, text string) reply {
	w.t.Helper()
	return w.succeed(sent{method: method, path: path, body: text, header: http.Header{"X-Hexauth-Admin-Secret": {walkerAdmin}}})
}

// administer does what administrators do.
func (w *walker) administer() {
	created := w.admin("POST", "/admin/users", body(map[string]any{"email": "max@example.com", "password": walkerPassword}))
	user := "/admin/users/" + created.text("id")
	w.must("POST", "/signin/email-password", "", signIn("max@example.com"))
	w.admin("GET", "/admin/users?search=max", "")
	w.admin("GET", user, "")
	w.admin("PATCH", user, `{"displayName":"Max"}`)
	w.admin("POST", user+"/password", body(map[string]any{"password": walkerPassword + "?"}))
	w.admin("GET", user+"/sessions", "")
	w.admin("GET", user+"/export", "")
	w.admin("DELETE", user+"/sessions", "")
	w.admin("DELETE", user, "")
}

// visitors read what is public.
func (w *walker) visitors() {
	for _, path := range []string{"/.well-known/jwks.json", "/healthz", "/readyz", "/version", "/openapi.yaml"} {
		w.must("GET", path, "", "")
	}
	w.must("HEAD", "/healthz", "", "")
}

// again sends everything once more, whole and damaged, so that there are errors of every kind.
func (w *walker) again() {
	for _, r := range slices.Clone(w.sent) {
		w.send(r)
		if len(r.body) > 2 {
			damaged := r
			damaged.body = r.body[:len(r.body)-1]
			w.send(damaged)
			damaged.body = strings.Replace(r.body, `":"`, `":"x`, 1)
			w.send(damaged)
		}
		if r.bearer != "" {
			damaged := r
			damaged.bearer = r.bearer[:len(r.bearer)-2]
			w.send(damaged)
		}
	}
}

// The test fails for every operation of the contract that no flow has called with success: whoever adds one adds its flow here, and
// with it the secrets that pass.
func TestSecrets_AreInNoLogErrorSpanOrMetricWhateverIsDone(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	w, people := walk(t, c)
	w.passwords()
	w.mails()
	w.factors()
	w.strangers(people)
	w.administer()
	w.visitors()
	for path, item := range w.contract.Paths.Map() {
		for method, operation := range item.Operations() {
			require.True(t, w.worked[operation.OperationID], "no flow calls %s (%s %s) with success", operation.OperationID, method, path)
		}
	}
	w.again()
	_, metrics := w.s.aside("AUTH_METRICS_ADDR").send(http.MethodGet, "/metrics", "", "")
	require.NoError(t, w.s.end())

	require.Greater(t, len(w.secrets), 200)
	require.Greater(t, len(w.errors), 100)
	require.NotEmpty(t, c.named("POST gitlab"), "calls to others are among the spans")
	for where, text := range map[string]string{
		"log": w.s.out.String(), "errors": strings.Join(w.errors, "\n"), "telemetry": string(c.bytes), "metrics": metrics,
	} {
		require.NotEmpty(t, text, where)
		for _, secret := range slices.Sorted(maps.Keys(w.secrets)) {
			if form, found := leaks(text, secret); found {
				at := strings.Index(text, form)
				t.Errorf("the %s has %q: …%s…", where, form, text[max(0, at-200):min(len(text), at+len(form)+100)])
			}
		}
	}
}
