package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/providers"
)

// unconfigured returns a provider at its own addresses. Begin connects to none of them, Twitter's excepted.
func unconfigured(t *testing.T, name string, s oauth.Settings) port.IdentityProvider {
	t.Helper()
	s.ClientID, s.ClientSecret = "id", "secret"
	if name == "apple" {
		settings := settingsOf(t, providers.Start(t, name))
		s.AppleTeamID, s.AppleKeyID, s.ApplePrivateKey = settings.AppleTeamID, settings.AppleKeyID, settings.ApplePrivateKey
	}
	p, err := oauth.New(name, s, oauth.Options{Clock: kit.NewClock(), Random: system.Random{}})
	require.NoError(t, err)
	return p
}

// begin returns the address without its query, and the query without what is new each time.
func begin(t *testing.T, p port.IdentityProvider, r port.AuthorizationRequest) (address string, query url.Values) {
	t.Helper()
	location, secret, err := p.Begin(t.Context(), r)
	require.NoError(t, err)
	parsed, err := url.Parse(location)
	require.NoError(t, err)
	query = parsed.Query()
	parsed.RawQuery = ""
	own := map[string]string{}
	if secret != "" {
		require.NoError(t, json.Unmarshal([]byte(secret), &own))
	}
	if query.Has("code_challenge") {
		require.Len(t, own["verifier"], 43)
		require.Equal(t, domain.S256(own["verifier"]), query.Get("code_challenge"))
		query.Set("code_challenge", "of the verifier")
	}
	if query.Has("nonce") {
		require.Len(t, own["nonce"], 43)
		require.Equal(t, own["nonce"], query.Get("nonce"))
		query.Set("nonce", "the request's")
	}
	return parsed.String(), query
}

func TestBegin_SendsTheBrowserToTheProvidersOwnAddress(t *testing.T) {
	pkce := url.Values{"code_challenge": {"of the verifier"}, "code_challenge_method": {"S256"}}
	openID := url.Values{"code_challenge": {"of the verifier"}, "code_challenge_method": {"S256"}, "nonce": {"the request's"}}
	for name, want := range map[string]struct {
		address string
		scope   string
		more    url.Values
	}{
		"apple":       {"https://appleid.apple.com/auth/authorize", "name email", url.Values{"response_type": {"code id_token"}, "response_mode": {"form_post"}, "nonce": {"the request's"}}},
		"azuread":     {"https://login.microsoftonline.com/common/oauth2/authorize", "email profile openid offline_access", join(openID, "prompt", "select_account")},
		"bitbucket":   {"https://bitbucket.org/site/oauth2/authorize", "account", nil},
		"discord":     {"https://discord.com/api/oauth2/authorize", "identify email", pkce},
		"entraid":     {"https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "email profile openid offline_access", openID},
		"facebook":    {"https://www.facebook.com/v22.0/dialog/oauth", "email", pkce},
		"github":      {"https://github.com/login/oauth/authorize", "user:email", pkce},
		"gitlab":      {"https://gitlab.com/oauth/authorize", "read_user", pkce},
		"google":      {"https://accounts.google.com/o/oauth2/auth", "openid email profile", openID},
		"linkedin":    {"https://www.linkedin.com/oauth/v2/authorization", "openid profile email", nil},
		"spotify":     {"https://accounts.spotify.com/authorize", "user-read-email user-read-private", pkce},
		"strava":      {"https://www.strava.com/api/v3/oauth/authorize", "profile:read_all", url.Values{"approval_prompt": {"force"}}},
		"twitch":      {"https://id.twitch.tv/oauth2/authorize", "user:read:email", nil},
		"windowslive": {"https://login.live.com/oauth20_authorize.srf", "wl.basic wl.emails", nil},
		"workos":      {"https://api.workos.com/sso/authorize", "", nil},
	} {
		query := url.Values{"client_id": {"id"}, "response_type": {"code"}, "redirect_uri": {redirectURI}, "state": {"a b&c"}, "scope": {want.scope}}
		if want.scope == "" {
			query.Del("scope")
		}
		for parameter, value := range want.more {
			query[parameter] = value
		}
		address, got := begin(t, unconfigured(t, name, oauth.Settings{}), port.AuthorizationRequest{State: "a b&c", RedirectURI: redirectURI})
		require.Equal(t, want.address, address, name)
		require.Equal(t, query, got, name)
	}
}

func join(values url.Values, name, value string) url.Values {
	joined := url.Values{name: {value}}
	for name, value := range values {
		joined[name] = value
	}
	return joined
}

func TestBegin_FollowsTheSettings(t *testing.T) {
	address, query := begin(t, unconfigured(t, "google", oauth.Settings{
		Scopes: []string{"email", "calendar"}, AuthorizationURL: "https://accounts.google.com/o/oauth2/auth?access_type=offline",
	}), port.AuthorizationRequest{})
	require.Equal(t, "https://accounts.google.com/o/oauth2/auth", address)
	require.Equal(t, "offline", query.Get("access_type"))
	require.Equal(t, "email calendar", query.Get("scope"))
	require.False(t, query.Has("nonce")) // without openid there is no id token

	address, _ = begin(t, unconfigured(t, "azuread", oauth.Settings{Tenant: "a/../b"}), port.AuthorizationRequest{})
	require.Equal(t, "https://login.microsoftonline.com/a%2F..%2Fb/oauth2/authorize", address)
}

func TestBegin_WorkOSTakesTheRequestsChoiceBeforeTheConfiguredOne(t *testing.T) {
	p := unconfigured(t, "workos", oauth.Settings{WorkOSOrganization: "org_1", WorkOSConnection: "conn_1", WorkOSDomain: "example.com"})
	_, query := begin(t, p, port.AuthorizationRequest{Organization: "org_2"})
	require.Equal(t, "org_2 conn_1 example.com", query.Get("organization")+" "+query.Get("connection")+" "+query.Get("domain"))
	_, query = begin(t, p, port.AuthorizationRequest{Connection: "conn_2"})
	require.Equal(t, "org_1 conn_2 example.com", query.Get("organization")+" "+query.Get("connection")+" "+query.Get("domain"))
	_, query = begin(t, unconfigured(t, "workos", oauth.Settings{}), port.AuthorizationRequest{})
	require.Equal(t, url.Values{"client_id": {"id"}, "response_type": {"code"}}, query)
}

func TestNew_RefusesWhatItCannotUse(t *testing.T) {
	for name, s := range map[string]oauth.Settings{
		"github": {ClientID: "id"}, "google": {ClientSecret: "secret"}, "twitter": {ClientID: "id"}, "apple": {ClientID: "id", AppleTeamID: "team"},
		"myspace": {ClientID: "id", ClientSecret: "secret"},
	} {
		_, err := oauth.New(name, s, oauth.Options{Clock: kit.NewClock(), Random: system.Random{}})
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "secret\"")
	}
}

// One request to the token address, credentials in one place, and nothing in an address.
func TestFinish_AsksTheTokenAddressOnce(t *testing.T) {
	inHeader := map[string]bool{"bitbucket": true, "discord": true, "spotify": true}
	verified := map[string]bool{"azuread": true, "discord": true, "entraid": true, "facebook": true, "github": true, "gitlab": true, "google": true, "spotify": true}
	for _, name := range providers.Names() {
		if name == "twitter" {
			continue
		}
		b := newBench(t, name)
		callback, secret := b.visit()
		_, _, err := b.Finish(t.Context(), callback, secret)
		require.NoError(t, err, name)

		requests := b.fake.Requests("/token")
		require.Len(t, requests, 1, name)
		r := requests[0]
		require.Equal(t, http.MethodPost, r.Method)
		require.Empty(t, r.Query)
		require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		require.Equal(t, "application/json", r.Header.Get("Accept"))
		want := url.Values{"grant_type": {"authorization_code"}, "code": {callback.Code}, "redirect_uri": {redirectURI}}
		if verified[name] {
			want["code_verifier"] = r.Form["code_verifier"]
			require.Len(t, r.Form.Get("code_verifier"), 43, name)
		}
		if !inHeader[name] {
			want.Set("client_id", providers.ClientID)
			want.Set("client_secret", providers.ClientSecret)
		}
		if name == "apple" {
			want["client_secret"] = r.Form["client_secret"]
		}
		require.Equal(t, want, r.Form, name)
		require.Equal(t, inHeader[name], r.Header.Get("Authorization") != "", name)

		for _, r := range append(b.fake.Requests("/profile"), b.fake.Requests("/profile/emails")...) {
			require.Equal(t, http.MethodGet, r.Method)
			require.Regexp(t, "^Bearer "+name+"-access-", r.Header.Get("Authorization"))
			require.Equal(t, "hexauth", r.Header.Get("User-Agent"))
			require.NotContains(t, r.Query.Encode(), "access_token", name)
		}
	}
}

func TestRefresh_SendsTheTokenAndNothingOfACode(t *testing.T) {
	for _, name := range []string{"apple", "azuread", "bitbucket", "discord", "entraid", "gitlab", "spotify", "strava", "twitch"} {
		b := newBench(t, name)
		_, tokens, err := b.finish()
		require.NoError(t, err)
		_, err = b.Refresh(t.Context(), tokens.RefreshToken)
		require.NoError(t, err, name)
		form := b.fake.Requests("/token")[1].Form
		form.Del("client_id")
		form.Del("client_secret")
		require.Equal(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}}, form, name)
	}
}

func TestRefresh_KeepsTheOldTokenWhenThereIsNoNewOne(t *testing.T) {
	b := newBench(t, "gitlab")
	b.fake.Instead("/token", answering(http.StatusOK, "application/json", `{"access_token":"new","token_type":"bearer","expires_in":60}`))
	tokens, err := b.Refresh(t.Context(), "old")
	require.NoError(t, err)
	require.Equal(t, domain.ProviderTokens{AccessToken: "new", ExpiresAt: b.clock.Now().Add(time.Minute), RefreshToken: "old"}, tokens)
	_, err = b.Refresh(t.Context(), "")
	require.ErrorIs(t, err, domain.OAuthProviderError)
}

func TestTokens_ExpireByOurClockWhateverTheForm(t *testing.T) {
	for answer, seconds := range map[string]int{
		`{"access_token":"a","expires_in":3600}`: 3600, `{"access_token":"a","expires_in":"3600"}`: 3600, `{"access_token":"a"}`: 0,
		`{"access_token":"a","expires_in":null}`: 0, `{"access_token":"a","expires_in":0}`: 0, `{"access_token":"a","expires_in":-5}`: 0,
		`access_token=a&expires_in=28800&token_type=bearer`: 28800, `access_token=a&token_type=bearer`: 0,
	} {
		b := newBench(t, "gitlab")
		contentType := "application/json"
		if answer[0] != '{' {
			contentType = "application/x-www-form-urlencoded"
		}
		b.fake.Instead("/token", answering(http.StatusOK, contentType, answer))
		tokens, err := b.Refresh(t.Context(), "old")
		require.NoError(t, err, answer)
		want := domain.ProviderTokens{AccessToken: "a", RefreshToken: "old"}
		if seconds > 0 {
			want.ExpiresAt = b.clock.Now().Add(time.Duration(seconds) * time.Second)
		}
		require.Equal(t, want, tokens, answer)
	}
}

// RFC 9207: an answer that names another issuer is a mix-up, and its code goes nowhere.
func TestFinish_RefusesAnotherIssuersAnswer(t *testing.T) {
	b := newBench(t, "google")
	for _, issuer := range []string{"https://accounts.google.com", "http://127.0.0.1", "http://127.0.0.1:1", "null", "%"} {
		callback, secret := b.visit()
		callback.Issuer = issuer
		_, _, err := b.Finish(t.Context(), callback, secret)
		require.ErrorIs(t, err, domain.OAuthTokenExchangeFailed, issuer)
	}
	require.Empty(t, b.fake.Requests("/token"))
	callback, secret := b.visit()
	require.Equal(t, b.fake.URL, callback.Issuer)
	_, _, err := b.Finish(t.Context(), callback, secret)
	require.NoError(t, err)
}

// Without the request's own secret nothing could tell whether the code belongs to it, so it isn't sent.
func TestFinish_SendsNoCodeWithoutTheRequestsSecret(t *testing.T) {
	for _, name := range []string{"apple", "google", "github"} {
		b := newBench(t, name)
		callback, _ := b.visit()
		for _, secret := range []string{"", "{}", "null", "damaged", `{"token":"t"}`} {
			_, _, err := b.Finish(t.Context(), callback, secret)
			require.ErrorIs(t, err, domain.OAuthTokenExchangeFailed)
		}
		require.Empty(t, b.fake.Requests("/token"), name)
	}
}

func TestFinish_ApplesClientSecretIsAlwaysFresh(t *testing.T) {
	b := newBench(t, "apple")
	for range 3 {
		_, _, err := b.finish()
		require.NoError(t, err)
		b.clock.Advance(200 * 24 * time.Hour) // more than Apple's longest
	}
	for i, r := range b.fake.Requests("/token") {
		claims := jwt.RegisteredClaims{}
		token, _, err := jwt.NewParser().ParseUnverified(r.Form.Get("client_secret"), &claims)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"alg": "ES256", "kid": providers.AppleKeyID, "typ": "JWT"}, token.Header)
		at := kit.NewClock().Now().Add(time.Duration(i) * 200 * 24 * time.Hour)
		require.Equal(t, at, claims.IssuedAt.UTC())
		require.Equal(t, at.Add(5*time.Minute), claims.ExpiresAt.UTC())
	}
}
