package rest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// traveller is a client whose browser goes to providers.
type traveller struct {
	*client
	provider *kit.Provider
	cookie   string
}

func newTraveller(t testing.TB, s setup) *traveller {
	t.Helper()
	provider := &kit.Provider{}
	s.kit = append(s.kit, kit.WithProviders(map[string]*kit.Provider{"github": provider, "apple": provider, "corp": provider}), func(s *kit.Settings) {
		s.IDTokens = usecase.IDTokens{"google": kit.IDTokens{Known: map[string]domain.ProviderIdentity{
			"good": {Provider: "google", ID: "1", Email: "jane@example.com", EmailVerified: true}, "mute": {Provider: "google"},
		}}}
		s.AdminSecret = "the admin's secret"
	})
	return &traveller{client: newClientWith(t, s), provider: provider}
}

// depart follows the first redirect and keeps the cookie.
func (b *traveller) depart(path string) string {
	b.t.Helper()
	got := b.do(request{method: http.MethodGet, path: path, header: http.Header{"Cookie": {b.cookie}}})
	require.Equal(b.t, http.StatusFound, got.status, got.body)
	if set := got.header.Get("Set-Cookie"); set != "" {
		b.cookie, _, _ = strings.Cut(set, ";")
	}
	return got.header.Get("Location")
}

// back is the callback of a provider, and returns where it leads.
func (b *traveller) back(provider, location string, who domain.ProviderIdentity) string {
	b.t.Helper()
	state, answer := b.provider.Agree(b.t, location, kit.Consent{Identity: who, Tokens: domain.ProviderTokens{AccessToken: "provider's token"}})
	return b.arrive(provider, url.Values{"state": {string(state)}, "code": {answer.Code}})
}

func (b *traveller) arrive(provider string, query url.Values) string {
	b.t.Helper()
	got := b.do(request{
		method: http.MethodGet, path: "/signin/provider/" + provider + "/callback?" + query.Encode(), header: http.Header{"Cookie": {b.cookie}},
	})
	require.Equal(b.t, http.StatusFound, got.status, got.body)
	return got.header.Get("Location")
}

func octocat() domain.ProviderIdentity {
	return domain.ProviderIdentity{Provider: "github", ID: "583231", Email: "octocat@example.com", EmailVerified: true, Name: "Octocat"}
}

func TestProvider_ABrowserComesBackWithASession(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	location := b.depart("/signin/provider/github?redirectTo=https%3A%2F%2Fapp.example.com%2Fin%3Fx%3D1&state=app&allowedRoles=me,user&metadata=%7B%22a%22%3A1%7D")
	require.Contains(t, location, url.QueryEscape("https://auth.example.com/v1/signin/provider/github/callback"))
	arrived, err := url.Parse(b.back("github", location, octocat()))
	require.NoError(t, err)
	query := arrived.Query()
	require.Equal(t, []string{"1", "app"}, []string{query.Get("x"), query.Get("state")})
	session := decode[api.Session](b.mustPost("/token", refresh(query.Get("refreshToken"))))
	require.Equal(t, "octocat@example.com", session.User.Email)
	require.JSONEq(t, `{"a":1}`, string(session.User.Metadata))

	list := decode[api.ListProvidersResponse](b.do(request{method: http.MethodGet, path: "/user/providers", bearer: session.AccessToken})).Providers
	require.Equal(t, []api.ProviderLink{{ID: list[0].ID, Provider: "github", ProviderUserID: "583231", CreatedAt: b.kit.Clock.Now()}}, list)
	path := "/signin/provider/github/callback/tokens"
	require.Equal(t, `{"accessToken":"provider's token","expiresAt":"0001-01-01T00:00:00Z","expiresIn":0,"refreshToken":null}`,
		strings.TrimSpace(b.do(request{method: http.MethodGet, path: path, bearer: session.AccessToken}).body))
	require.Equal(t, `{"accessToken":"","expiresAt":"0001-01-01T00:00:00Z","expiresIn":0,"refreshToken":null}`,
		strings.TrimSpace(b.do(request{method: http.MethodGet, path: path, bearer: session.AccessToken}).body))
}

func TestProvider_TheCookieSaysNothingAndIsHeldByTheBrowserAlone(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		kit.ServerURL:              `^__Host-hexauth=[A-Za-z0-9_-]{43}; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=None$`,
		"http://auth.localhost/v1": `^hexauth=[A-Za-z0-9_-]{43}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$`,
	} {
		b := newTraveller(t, setup{options: func(o *rest.Options) { o.ServerURL = server }})
		got := b.do(request{method: http.MethodGet, path: "/signin/provider/github", header: http.Header{"Host": {"auth.localhost"}}})
		require.Regexp(t, want, got.header.Get("Set-Cookie"))
		// A browser that has one keeps it, for the sake of its other tabs.
		cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		again := b.do(request{method: http.MethodGet, path: "/signin/provider/github", header: http.Header{"Host": {"auth.localhost"}, "Cookie": {cookie}}})
		require.Equal(t, got.header.Get("Set-Cookie"), again.header.Get("Set-Cookie"))
	}
	b := newTraveller(t, setup{options: func(o *rest.Options) { o.ServerURL = "http://localhost:4000/v1" }})
	elsewhere := b.do(request{method: http.MethodGet, path: "/signin/provider/github", header: http.Header{"Host": {"127.0.0.1:4000"}}})
	require.Empty(t, elsewhere.header.Get("Set-Cookie"), "a cookie of 127.0.0.1 would not reach localhost")
	require.NotContains(t, b.back("github", elsewhere.header.Get("Location"), octocat()), "error")
}

func TestProvider_AnotherBrowserGetsNothing(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	for _, cookie := range []string{"", "__Host-hexauth=" + strings.Repeat("A", 43), "__Host-hexauth=x", "hexauth=" + strings.Repeat("A", 43)} {
		location := b.depart("/signin/provider/github")
		b.cookie = cookie
		arrived, err := url.Parse(b.back("github", location, octocat()))
		require.NoError(t, err)
		require.Equal(t, []string{"invalid-state", "Invalid state"}, []string{arrived.Query().Get("error"), arrived.Query().Get("errorDescription")})
		require.Len(t, arrived.Query().Get("provider_state"), 43)
		require.Empty(t, arrived.Query().Get("refreshToken"))
	}
	require.Zero(t, b.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestProvider_AppleComesBackByAFormFromItsOwnSite(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	who := octocat()
	who.Provider = "apple"
	state, answer := b.provider.Agree(t, b.depart("/signin/provider/apple"), kit.Consent{Identity: who})
	form := request{
		method: http.MethodPost, path: "/signin/provider/apple/callback", contentType: "application/x-www-form-urlencoded",
		body:   url.Values{"state": {string(state)}, "code": {answer.Code}, "user": {`{"name":{}}`}, "unforeseen": {"x"}}.Encode(),
		header: http.Header{"Cookie": {b.cookie}, "Origin": {"https://appleid.apple.com"}},
	}
	got := b.do(form)
	require.Equal(t, http.StatusFound, got.status)
	require.Regexp(t, `^https://app\.example\.com\?refreshToken=[0-9a-f-]{36}$`, got.header.Get("Location"))
	require.Contains(t, b.do(form).header.Get("Location"), "error=invalid-state", "replayed")
}

func TestProvider_ErrorsTravelWithTheBrowser(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{kit: []func(*kit.Settings){func(s *kit.Settings) { s.AutoSignUpOff = true }}})
	state := func() string {
		parsed, err := url.Parse(b.depart("/signin/provider/github?state=s"))
		require.NoError(t, err)
		return parsed.Query().Get("state")
	}
	require.Equal(t, "https://app.example.com?error=oauth-provider-error&errorDescription=Provider+returned+an+error&provider_error=access_denied&state=s",
		b.arrive("github", url.Values{"state": {state()}, "error": {"access_denied"}}))
	require.Equal(t, "https://app.example.com?error=oauth-token-echange-failed&errorDescription=Failed+to+exchange+token&state=s",
		b.arrive("github", url.Values{"state": {state()}, "code": {"x"}, "iss": {"https://mallory.example"}}))
	require.Equal(t, "https://app.example.com?error=invalid-email-password&errorDescription=Incorrect+email+or+password",
		b.back("github", b.depart("/signin/provider/github"), octocat()))
	require.Equal(t, "https://app.example.com?error=disabled-endpoint&errorDescription=This+endpoint+is+disabled", b.depart("/signin/provider/twitch"))
	require.Equal(t, "https://app.example.com?error=invalid-request&errorDescription=connect+must+be+a+valid+access+token",
		b.depart("/signin/provider/github?connect="))
	require.NotContains(t, b.back("github", b.depart("/signup/provider/github"), octocat()), "error")
	require.Contains(t, b.back("github", b.depart("/signup/provider/github"), octocat()), "error=email-already-in-use")

	get := func(path string) request { return request{method: http.MethodGet, path: path} }
	b.refused(get("/signin/provider/github?redirectTo=https%3A%2F%2Fevil.example"), http.StatusBadRequest, domain.RedirectToNotAllowed)
	require.Equal(t, "provider", b.refused(get("/signin/provider/nobody"), http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "provider", b.refused(get("/signin/provider/No.body"), http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "state", b.refused(get("/signin/provider/github/callback"), http.StatusBadRequest, domain.RequestValidation).Field)
	require.Equal(t, "codeChallenge", b.refused(get("/signin/provider/github?codeChallenge=x"), http.StatusBadRequest, domain.SchemaValidation).Field)
}

func TestProvider_ConcealedErrorsStayConcealedOnTheWay(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{options: func(o *rest.Options) { o.ConcealErrors = true }})
	b.signUp("octocat@example.com")
	who := octocat()
	who.EmailVerified = false
	require.Equal(t, "https://app.example.com?error=invalid-request&errorDescription=The+request+payload+is+incorrect",
		b.back("github", b.depart("/signin/provider/github"), who))
}

func TestProvider_AnAppWithAChallengeExchangesACode(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	location := b.depart("/signin/provider/corp?codeChallenge=" + domain.S256(verifier))
	b.cookie = "" // an app whose browser lost it
	code := b.parameter(b.back("corp", location, octocat()), "code")
	require.Equal(t, "octocat@example.com", sessionIn(b.mustPost("/token/exchange", exchange(code, verifier))).User.Email)
}

func TestProvider_LinkingPutsTheTokenNowhere(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	session := b.signUp("jane@example.com")
	location := b.depart("/signin/provider/github?connect=" + session.AccessToken)
	require.NotContains(t, location, session.AccessToken)
	require.Equal(t, "https://app.example.com", b.back("github", location, octocat()))
	require.NotContains(t, b.log.String(), session.AccessToken)
	id := decode[api.ListProvidersResponse](b.do(request{method: http.MethodGet, path: "/user/providers", bearer: session.AccessToken})).Providers[0].ID
	unlink := request{method: http.MethodDelete, path: "/user/providers/" + id, bearer: session.AccessToken}
	require.Equal(t, http.StatusOK, b.do(unlink).status)
	b.refused(unlink, http.StatusNotFound, domain.NotFound)
	only := b.parameter(b.back("github", b.depart("/signin/provider/github"), domain.ProviderIdentity{Provider: "github", ID: "2"}), "refreshToken")
	alone := decode[api.Session](b.mustPost("/token", refresh(only)))
	id = decode[api.ListProvidersResponse](b.do(request{method: http.MethodGet, path: "/user/providers", bearer: alone.AccessToken})).Providers[0].ID
	b.refused(request{method: http.MethodDelete, path: "/user/providers/" + id, bearer: alone.AccessToken}, http.StatusConflict, domain.LastWayIn)
}

func TestIDToken_SignsInUpAndLinks(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	good := `{"provider":"google","idToken":"good","nonce":"n","options":{"displayName":"J"}}`
	session := sessionIn(b.mustPost("/signup/idtoken", good))
	require.Equal(t, "J", session.User.DisplayName)
	require.True(t, session.User.EmailVerified)
	b.refusedPost("/signup/idtoken", good, http.StatusConflict, domain.EmailAlreadyInUse)
	require.Equal(t, session.User.ID, sessionIn(b.mustPost("/signin/idtoken", good)).User.ID)
	for _, path := range []string{"/signin/idtoken", "/signup/idtoken"} {
		b.refusedPost(path, `{"provider":"google","idToken":"bad"}`, http.StatusBadRequest, domain.InvalidRequest)
		b.refusedPost(path, `{"provider":"google","idToken":"mute"}`, http.StatusBadRequest, domain.OAuthProfileFetchFailed)
		b.refusedPost(path, `{"provider":"apple","idToken":"good"}`, http.StatusConflict, domain.DisabledEndpoint)
		require.Equal(t, "provider", b.refusedPost(path, `{"provider":"github","idToken":"good"}`, http.StatusBadRequest, domain.SchemaValidation).Field)
		require.Equal(t, "idToken", b.refusedPost(path, `{"provider":"google"}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	}
	joe := b.signUp("joe@example.com")
	link := request{method: http.MethodPost, path: "/link/idtoken", body: `{"provider":"google","idToken":"good"}`, bearer: joe.AccessToken}
	b.refused(link, http.StatusBadRequest, domain.ProviderAccountAlreadyLinked)
	b.kit.Exec("DELETE FROM auth.user_providers")
	require.Equal(t, `"OK"`, strings.TrimSpace(b.do(link).body))
	require.Equal(t, joe.User.ID, sessionIn(b.mustPost("/signin/idtoken", good)).User.ID)
}

func TestProviderTokens_OnlyTheBackendHasThemRenewed(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	body := `{"providerId":"github","userId":"` + unknownToken + `"}`
	renew := func(secret string) request {
		return request{method: http.MethodPost, path: "/user/provider/tokens", body: body, header: http.Header{"X-Hasura-Admin-Secret": {secret}}}
	}
	b.refusedPost("/user/provider/tokens", body, http.StatusUnauthorized, domain.InvalidAdminSecret)
	b.refused(renew("wrong"), http.StatusUnauthorized, domain.InvalidAdminSecret)
	require.Equal(t, `"OK"`, strings.TrimSpace(b.do(renew("the admin's secret")).body))
	session := b.signUp("jane@example.com")
	refused := b.refused(request{
		method: http.MethodPost, path: "/token/provider/github", body: `{"refreshToken":"unknown"}`, bearer: session.AccessToken,
	}, http.StatusBadRequest, domain.OAuthProviderError)
	require.Equal(t, "Provider returned an error", refused.Message)
}

func TestProvider_ThePreHijackersAccessTokenMakesNoNewWayIn(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	thief := b.signUp("octocat@example.com")
	require.Contains(t, b.back("github", b.depart("/signin/provider/github"), octocat()), "refreshToken=")
	for _, way := range []request{
		{method: http.MethodPost, path: "/user/password", body: `{"newPassword":"violet-otter-41"}`},
		{method: http.MethodPost, path: "/pat", body: `{"expiresAt":"2030-01-15T12:34:56Z"}`},
		{method: http.MethodPost, path: "/link/idtoken", body: `{"provider":"google","idToken":"good"}`},
		{method: http.MethodPost, path: "/user/email/change", body: `{"newEmail":"thief@example.com"}`},
		{method: http.MethodPost, path: "/user/webauthn/add"},
	} {
		way.bearer = thief.AccessToken
		got := b.do(way)
		require.GreaterOrEqual(t, got.status, 400, "%s: %s", way.path, got.body)
		if way.path != "/user/password" { // which is for people without a session, too, who need a ticket
			require.Equal(t, api.ErrorResponseError(domain.Unauthorized), got.failure().Error, way.path)
		}
	}
	require.Contains(t, b.depart("/signin/provider/github?connect="+thief.AccessToken), "error=invalid-request")
	require.Equal(t, 1, b.kit.Count("SELECT count(*) FROM auth.user_providers"))
	require.Zero(t, b.kit.Count("SELECT count(*) FROM auth.users WHERE password_hash IS NOT NULL"))
}
