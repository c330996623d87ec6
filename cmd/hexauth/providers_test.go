package main

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/providers"
)

// What the environment says arrives at every provider: somebody comes in through it, with nothing else configured.
func TestNamedProviders_ComeFromTheEnvironment(t *testing.T) {
	environ := map[string]string{}
	fakes := map[string]*providers.Provider{}
	for _, name := range providers.Names() {
		fakes[name] = providers.Start(t, name)
		maps.Copy(environ, fakes[name].Environment())
	}
	cfg, err := config.Load(environ)
	require.NoError(t, err)
	require.Empty(t, cfg.Ignored)
	list, err := namedProviders(cfg, system.Clock{}, nil)
	require.NoError(t, err)
	require.Equal(t, providers.Names(), slices.Sorted(maps.Keys(list)))
	for name, provider := range list {
		const redirectURI = "http://localhost:4000/signin/provider/x/callback"
		location, secret, err := provider.Begin(t.Context(), port.AuthorizationRequest{State: "s", RedirectURI: redirectURI})
		require.NoError(t, err, name)
		callback, _ := fakes[name].Consent(t, location).Port()
		callback.RedirectURI = redirectURI
		identity, _, err := provider.Finish(t.Context(), callback, secret)
		require.NoError(t, err, name)
		require.Equal(t, name, identity.Provider)
		require.NotEmpty(t, identity.ID, name)
	}
}

func TestNamedProviders_PassOnWhatOnlySomeHave(t *testing.T) {
	cfg, err := config.Load(map[string]string{
		"AUTH_PROVIDER_ENTRAID_ENABLED": "true", "AUTH_PROVIDER_ENTRAID_CLIENT_ID": "id", "AUTH_PROVIDER_ENTRAID_CLIENT_SECRET": "secret",
		"AUTH_PROVIDER_ENTRAID_TENANT": "contoso", "AUTH_PROVIDER_ENTRAID_SCOPE": "openid,User.Read",
		"AUTH_PROVIDER_WORKOS_ENABLED": "true", "AUTH_PROVIDER_WORKOS_CLIENT_ID": "id", "AUTH_PROVIDER_WORKOS_CLIENT_SECRET": "secret",
		"AUTH_PROVIDER_WORKOS_DEFAULT_ORGANIZATION": "org", "AUTH_PROVIDER_WORKOS_DEFAULT_CONNECTION": "conn", "AUTH_PROVIDER_WORKOS_DEFAULT_DOMAIN": "example.com",
	})
	require.NoError(t, err)
	list, err := namedProviders(cfg, system.Clock{}, nil)
	require.NoError(t, err)
	require.Len(t, list, 2)

	location, _, err := list["entraid"].Begin(t.Context(), port.AuthorizationRequest{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(location, "https://login.microsoftonline.com/contoso/oauth2/v2.0/authorize?"), location)
	require.Contains(t, location, "scope=openid+User.Read")

	location, _, err = list["workos"].Begin(t.Context(), port.AuthorizationRequest{})
	require.NoError(t, err)
	parsed, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"client_id": {"id"}, "response_type": {"code"}, "organization": {"org"}, "connection": {"conn"}, "domain": {"example.com"},
	}, parsed.Query())
}

func TestNewProviders_AddsIssuersAndThoseWhoseIDTokensAreAccepted(t *testing.T) {
	cfg, err := config.Load(map[string]string{
		"AUTH_PROVIDER_APPLE_AUDIENCE": "com.example.app,com.example.web", "AUTH_PROVIDER_GOOGLE_AUDIENCE": "web",
		"AUTH_PROVIDER_GITHUB_ENABLED": "true", "AUTH_PROVIDER_GITHUB_CLIENT_ID": "id", "AUTH_PROVIDER_GITHUB_CLIENT_SECRET": "secret",
		"AUTH_OIDC_PROVIDERS": `[{"name":"corp","issuer":"https://id.example.com","clientId":"hexauth"}]`,
	})
	require.NoError(t, err)
	require.Empty(t, cfg.Ignored)
	p, err := newProviders(cfg, system.Clock{}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"corp", "github"}, slices.Sorted(maps.Keys(p.byRedirect)))
	require.Equal(t, []string{"apple", "corp", "google"}, slices.Sorted(maps.Keys(p.byToken)))
	require.Equal(t, []string{"apple", "corp", "github", "google"}, p.names())
	require.Len(t, p.jobs, 3)
	for name, want := range map[string]bool{"corp": true, "github": true, "google": true, "twitch": false, "": false} {
		require.Equal(t, want, p.opens(name), name)
	}
}
