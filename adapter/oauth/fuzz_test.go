package oauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/hostile"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/providers"
)

// answered is a provider that gives the answers of a fuzz target.
type answered struct {
	port.IdentityProvider
	clock *kit.Clock
	asked int
	says  func(path string) hostile.Answer
}

// newAnswered makes one adapter for each name. Their addresses are https://provider.example/{token,profile,…}.
func newAnswered(f *testing.F, name string) *answered {
	f.Helper()
	a := &answered{clock: kit.NewClock()}
	fake := providers.Start(f, name)
	settings := settingsOf(f, fake)
	at := func(path string) string { return "https://provider.example" + path }
	settings.AuthorizationURL, settings.TokenURL, settings.ProfileURL = at("/authorize"), at("/token"), at("/profile")
	if name == "twitter" {
		settings.TokenURL, settings.RequestTokenURL = at("/access_token"), at("/request_token")
	}
	if name == "apple" {
		settings.AppleKeysURL = at("/keys")
	}
	via := hostile.Transport(func(r *http.Request) hostile.Answer { a.asked++; return a.says(r.URL.Path) })
	adapter, err := oauth.New(name, settings, oauth.Options{Clock: a.clock, Random: system.Random{}, Client: via.Client()})
	require.NoError(f, err)
	a.IdentityProvider = adapter
	return a
}

// FuzzFinish gives all sixteen providers any answers: of the token address, the profile, and what else is asked for. Either
// somebody is known then, by an id that can be kept, or nothing is, and no error repeats an answer.
func FuzzFinish(f *testing.F) {
	names := slices.Sorted(slices.Values(providers.Names()))
	all := map[string]*answered{}
	idToken, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"aud": providers.ClientID, "sub": "1", "exp": 4e9}).SignedString([]byte("x"))
	require.NoError(f, err)
	token := `{"access_token":"provider's-access-token","token_type":"Bearer","expires_in":"3599","refresh_token":"r","id_token":"` + idToken + `"}`
	for i, name := range names {
		all[name] = newAnswered(f, name)
		for _, profile := range []string{
			`{"id":"1","sub":"1","oid":"1","uuid":"1","id_str":"1","email":"jane@example.com","email_verified":"true","verified":true,"verified_email":true,"name":"Jane","data":[{"id":"1"}]}`,
			`{"id":1,"email":"jane@example.com","confirmed_at":"x","login":"jane","avatar_url":"https://e.com/a b","images":[{"url":"//x"}],"emails":{"preferred":"a@b.cd"}}`,
			`{"id":"\u0000"}`, `null`, `[]`, `{"id":1e400}`,
		} {
			f.Add(uint8(i), "application/json", []byte(token), []byte(profile), []byte(`[{"email":"jane@example.com","primary":true,"verified":true}]`))
		}
	}
	f.Add(uint8(0), "application/x-www-form-urlencoded", []byte("access_token=a&expires_in=9223372036854775807&refresh_token=r"), []byte(`{"id":1}`), []byte(`{"values":[{"email":"a@b.cd","is_confirmed":true}]}`))
	f.Add(uint8(13), "text/html", []byte("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true"), []byte(`{"id_str":"1"}`), []byte(""))
	f.Fuzz(func(t *testing.T, which uint8, contentType string, token, profile, more []byte) {
		name := names[int(which)%len(names)]
		a := all[name]
		location, secret := a.depart(t, name)
		a.asked, a.says = 0, func(path string) hostile.Answer {
			switch {
			case strings.HasSuffix(path, "token"):
				return hostile.Answer{ContentType: contentType, Body: token}
			case path == "/profile":
				return hostile.Answer{Body: profile}
			}
			return hostile.Answer{Body: more}
		}
		callback := port.ProviderCallback{Code: "the-code-of-this-visit", OAuthToken: location.Query().Get("oauth_token"), OAuthVerifier: "v", RedirectURI: redirectURI}
		who, tokens, err := a.Finish(t.Context(), callback, secret)
		require.LessOrEqual(t, a.asked, 4)
		if err != nil {
			require.Equal(t, domain.ProviderIdentity{}, who)
			require.Equal(t, domain.ProviderTokens{}, tokens)
			wantQuiet(t, err, callback.Code, secret, "provider's-access-token", providers.ClientSecret)
			return
		}
		wantSound(t, name, who)
		wantSane(t, a.clock, tokens)
	})
}

// depart begins a visit. Twitter is asked for a request token first.
func (a *answered) depart(t *testing.T, name string) (location *url.URL, secret string) {
	t.Helper()
	a.says = func(string) hostile.Answer {
		return hostile.Answer{ContentType: "text/html", Body: []byte("oauth_token=temporary&oauth_token_secret=temporary-secret&oauth_callback_confirmed=true")}
	}
	text, secret, err := a.Begin(t.Context(), port.AuthorizationRequest{State: "state", RedirectURI: redirectURI})
	require.NoError(t, err, name)
	location, err = url.Parse(text)
	require.NoError(t, err)
	return location, secret
}

// wantQuiet demands an error with a code of ours that repeats no secret.
func wantQuiet(t *testing.T, err error, secrets ...string) {
	t.Helper()
	known := false
	for _, code := range []error{domain.OAuthTokenExchangeFailed, domain.OAuthProfileFetchFailed, domain.OAuthProviderError} {
		known = known || strings.Contains(err.Error(), code.Error())
	}
	require.True(t, known, "%v", err)
	require.Less(t, len(err.Error()), 400)
	for _, secret := range secrets {
		if len(secret) > 5 {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

// wantSound demands of an identity what everything behind it relies on.
func wantSound(t *testing.T, name string, who domain.ProviderIdentity) {
	t.Helper()
	require.Equal(t, name, who.Provider)
	require.Empty(t, who.Issuer)
	require.True(t, who.Usable(), "%q", who.ID)
	require.True(t, who.Email != "" || !who.EmailVerified)
	if who.Email != "" {
		again, err := domain.ParseEmail("email", string(who.Email))
		require.NoError(t, err)
		require.Equal(t, who.Email, again)
	}
	require.True(t, utf8.ValidString(who.Name) && !strings.ContainsFunc(who.Name, unicode.IsControl), "%q", who.Name)
	require.LessOrEqual(t, utf8.RuneCountInString(who.Name), 200)
	if who.AvatarURL != "" {
		require.Equal(t, who.AvatarURL, who.Avatar())
	}
}

// wantSane demands tokens that expire in the future or were not said to.
func wantSane(t *testing.T, clock *kit.Clock, tokens domain.ProviderTokens) {
	t.Helper()
	require.NotEmpty(t, tokens.AccessToken)
	if !tokens.ExpiresAt.IsZero() {
		require.True(t, tokens.ExpiresAt.After(clock.Now()), "%s", tokens.ExpiresAt)
		require.Less(t, tokens.ExpiresAt.Year(), 10_000)
	}
}

// FuzzRefresh reads the answers of token addresses to a refresh token.
func FuzzRefresh(f *testing.F) {
	f.Add(200, "application/json", []byte(`{"access_token":"a","expires_in":3600,"refresh_token":"n"}`))
	f.Add(200, "application/json", []byte(`{"access_token":"a","expires_in":1e30}`))
	f.Add(200, "text/plain", []byte(`access_token=a&expires_in=99999999999999&error=x`))
	f.Add(400, "application/json", []byte(`{"error":"invalid_grant","error_description":"the-refresh-token"}`))
	f.Add(400, "application/json", []byte(`{"error":["the-refresh-token"]}`))
	f.Add(302, "", []byte(nil))
	a := newAnswered(f, "gitlab")
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		a.says = func(string) hostile.Answer {
			return hostile.Answer{Status: status, ContentType: contentType, Body: body}
		}
		tokens, err := a.Refresh(t.Context(), "the-refresh-token")
		if err != nil {
			require.Equal(t, domain.ProviderTokens{}, tokens)
			wantQuiet(t, err, "the-refresh-token", providers.ClientSecret)
			return
		}
		require.Equal(t, 2, status/100)
		require.NotEmpty(t, tokens.RefreshToken)
		wantSane(t, a.clock, tokens)
	})
}

// FuzzTwitter reads Twitter's answers to a request for a visit, which are forms.
func FuzzTwitter(f *testing.F) {
	f.Add(200, []byte("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true"))
	f.Add(200, []byte("oauth_token=a%26b%00&oauth_token_secret=%zz&oauth_callback_confirmed=true;x"))
	f.Add(401, []byte("oauth_token=t"))
	a := newAnswered(f, "twitter")
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		a.says = func(string) hostile.Answer {
			return hostile.Answer{Status: status, ContentType: "text/html", Body: body}
		}
		text, secret, err := a.Begin(t.Context(), port.AuthorizationRequest{State: "state", RedirectURI: redirectURI})
		if err != nil {
			require.Empty(t, text+secret)
			wantQuiet(t, err, providers.ClientSecret)
			return
		}
		location, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, "https://provider.example/authorize", location.Scheme+"://"+location.Host+location.Path)
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		require.Equal(t, url.Values{"oauth_token": {form.Get("oauth_token")}}, location.Query())
	})
}

// FuzzApple reads what Apple has the browser post, a user's name and an id token, and Apple's keys. Nobody gets in, for nothing here is
// signed by Apple.
func FuzzApple(f *testing.F) {
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"iss": "https://appleid.apple.com", "aud": providers.ClientID, "sub": "1", "exp": 4e9}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(f, err)
	f.Add(`{"name":{"firstName":"Jane","lastName":"Doe"},"email":"jane@example.com"}`, unsigned, unsigned, []byte(`{"keys":[]}`))
	f.Add(`{"name":null}`, "a.b.c", strings.Replace(unsigned, "none", "RS256", 1), []byte(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","kid":"x"},{"kty":"oct","k":"AA"}]}`))
	f.Add("", "", "..", []byte(`null`))
	a := newAnswered(f, "apple")
	f.Fuzz(func(t *testing.T, user, inForm, exchanged string, keys []byte) {
		_, secret := a.depart(t, "apple")
		a.asked, a.says = 0, func(path string) hostile.Answer {
			if path == "/keys" {
				return hostile.Answer{Body: keys}
			}
			return hostile.Answer{ContentType: "application/x-www-form-urlencoded", Body: []byte(url.Values{"access_token": {"a"}, "id_token": {exchanged}}.Encode())}
		}
		who, tokens, err := a.Finish(t.Context(), port.ProviderCallback{Code: "the-code-of-this-visit", IDToken: inForm, User: user, RedirectURI: redirectURI}, secret)
		require.Error(t, err)
		require.Equal(t, domain.ProviderIdentity{}, who)
		require.Equal(t, domain.ProviderTokens{}, tokens)
		require.LessOrEqual(t, a.asked, 4)
		wantQuiet(t, err, secret, "the-code-of-this-visit")
	})
}
