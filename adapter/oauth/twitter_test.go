package oauth_test

import (
	"encoding/json"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// The imitated provider computes every signature by itself, so a wrong one ends the visit; see also the published one in
// oauth1_internal_test.go.
func TestTwitter_TheStateTravelsInTheCallback(t *testing.T) {
	b := newBench(t, "twitter")
	location, secret, err := b.Begin(t.Context(), port.AuthorizationRequest{State: "a b&c=d/é", RedirectURI: redirectURI})
	require.NoError(t, err)
	parsed, err := url.Parse(location)
	require.NoError(t, err)
	var own struct{ Token, TokenSecret string }
	require.NoError(t, json.Unmarshal([]byte(secret), &own))
	require.Equal(t, url.Values{"oauth_token": {own.Token}}, parsed.Query())
	require.NotEmpty(t, own.TokenSecret)
	require.NotContains(t, location, own.TokenSecret)
	callback, state := b.fake.Consent(t, location).Port()
	require.Equal(t, "a b&c=d/é", state)
	require.Equal(t, redirectURI, callback.RedirectURI)
}

func TestTwitter_RequestsAtOnceDoNotMix(t *testing.T) {
	b := newBench(t, "twitter")
	locations := make([]string, 50)
	var begins sync.WaitGroup
	for i := range locations {
		begins.Go(func() {
			locations[i], _, _ = b.Begin(t.Context(), port.AuthorizationRequest{State: "s", RedirectURI: redirectURI})
		})
	}
	begins.Wait()
	seen := map[string]bool{}
	for _, location := range locations {
		parsed, err := url.Parse(location)
		require.NoError(t, err)
		require.Len(t, parsed.Query(), 1)
		require.Len(t, parsed.Query()["oauth_token"], 1)
		seen[location] = true
	}
	require.Len(t, seen, len(locations))
}

func TestTwitter_AnswersOfOtherRequestsGoNowhere(t *testing.T) {
	b := newBench(t, "twitter")
	callback, secret := b.visit()
	for _, change := range []func(*port.ProviderCallback){
		func(c *port.ProviderCallback) { c.OAuthToken = "" },
		func(c *port.ProviderCallback) { c.OAuthToken += "x" },
		func(c *port.ProviderCallback) { c.OAuthVerifier = "" },
	} {
		changed := callback
		change(&changed)
		_, _, err := b.Finish(t.Context(), changed, secret)
		require.ErrorIs(t, err, domain.OAuthTokenExchangeFailed)
	}
	require.Empty(t, b.fake.Requests("/access_token"))
	_, tokens, err := b.Finish(t.Context(), callback, secret)
	require.NoError(t, err)
	require.Regexp(t, "^twitter-access-", tokens.AccessToken)
	require.True(t, tokens.ExpiresAt.IsZero())
}

func TestTwitter_WrongSecretsAreRefused(t *testing.T) {
	b := newBench(t, "twitter", func(s *oauth.Settings) { s.ClientSecret = "wrong" })
	_, _, err := b.Begin(t.Context(), port.AuthorizationRequest{State: "s", RedirectURI: redirectURI})
	require.EqualError(t, err, "oauth-provider-error: twitter: status 401")
}

func TestTwitter_AsksForTheAddress(t *testing.T) {
	b := newBench(t, "twitter", func(s *oauth.Settings) { s.ProfileURL += "?skip_status=true" })
	_, _, err := b.finish()
	require.NoError(t, err)
	require.Equal(t, url.Values{"include_email": {"true"}, "skip_status": {"true"}}, b.fake.Requests("/profile")[0].Query)
}
