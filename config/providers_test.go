package config_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
)

func enabled(c config.Config) map[string]config.Provider { return maps.Collect(c.Providers.Enabled()) }

func TestProviders_AreOffUnlessSwitchedOn(t *testing.T) {
	require.Empty(t, enabled(load(t, nil)))
	c := load(t, production(map[string]string{"AUTH_PROVIDER_GITHUB_CLIENT_ID": "id", "AUTH_PROVIDER_GITHUB_ENABLED": "false"}))
	require.Empty(t, enabled(c))
	require.Empty(t, c.Warnings)
	require.Empty(t, c.Ignored)
}

func TestProviders_ReadEveryVariable(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	environ := map[string]string{}
	for _, v := range config.Variables() {
		if strings.HasPrefix(v.Name, "AUTH_PROVIDER_") && v.AliasOf == "" {
			environ[v.Name] = map[string]string{"boolean": "true", "list": "a, b", "URL": "https://idp.example.com/" + v.Name, "PEM": pkcs8(t, key)}[v.Type]
			if environ[v.Name] == "" {
				environ[v.Name] = v.Name
			}
		}
	}
	c := load(t, production(environ))
	require.Empty(t, c.Ignored)
	require.Equal(t, []string{
		"apple", "azuread", "bitbucket", "discord", "entraid", "facebook", "github", "gitlab", "google", "linkedin", "spotify", "strava", "twitch",
		"twitter", "windowslive", "workos",
	}, slices.Sorted(maps.Keys(enabled(c))))
	require.Equal(t, config.Provider{
		Enabled: true, ClientID: "AUTH_PROVIDER_GITHUB_CLIENT_ID", ClientSecret: "AUTH_PROVIDER_GITHUB_CLIENT_SECRET", Scopes: []string{"a", "b"},
		AuthorizationURL: "https://idp.example.com/AUTH_PROVIDER_GITHUB_AUTHORIZATION_URL", TokenURL: "https://idp.example.com/AUTH_PROVIDER_GITHUB_TOKEN_URL",
		ProfileURL: "https://idp.example.com/AUTH_PROVIDER_GITHUB_USER_PROFILE_URL",
	}, c.Providers.GitHub)
	require.Equal(t, config.Provider{
		Enabled: true, ConsumerKey: "AUTH_PROVIDER_TWITTER_CONSUMER_KEY", ConsumerSecret: "AUTH_PROVIDER_TWITTER_CONSUMER_SECRET",
		AuthorizationURL: "https://idp.example.com/AUTH_PROVIDER_TWITTER_AUTHORIZATION_URL",
		RequestTokenURL:  "https://idp.example.com/AUTH_PROVIDER_TWITTER_REQUEST_TOKEN_URL", TokenURL: "https://idp.example.com/AUTH_PROVIDER_TWITTER_TOKEN_URL",
		ProfileURL: "https://idp.example.com/AUTH_PROVIDER_TWITTER_USER_PROFILE_URL",
	}, c.Providers.Twitter)
	require.Equal(t, "AUTH_PROVIDER_WINDOWS_LIVE_CLIENT_ID", c.Providers.WindowsLive.ClientID)
	require.Equal(t, "AUTH_PROVIDER_ENTRAID_TENANT", c.Providers.EntraID.Tenant)
	require.Equal(t, "AUTH_PROVIDER_WORKOS_DEFAULT_ORGANIZATION", c.Providers.WorkOS.DefaultOrganization)
	require.Equal(t, "AUTH_PROVIDER_WORKOS_DEFAULT_CONNECTION", c.Providers.WorkOS.DefaultConnection)
	require.Equal(t, "AUTH_PROVIDER_WORKOS_DEFAULT_DOMAIN", c.Providers.WorkOS.DefaultDomain)
	apple := c.Providers.Apple
	require.Equal(t, "AUTH_PROVIDER_APPLE_TEAM_ID AUTH_PROVIDER_APPLE_KEY_ID", apple.TeamID+" "+apple.KeyID)
	require.Equal(t, "https://idp.example.com/AUTH_PROVIDER_APPLE_JWKS_URL", apple.KeysURL)
	require.True(t, key.Equal(apple.PrivateKey))

	shown := map[string]string{}
	for _, s := range c.Effective() {
		shown[s.Name] = s.Value
	}
	for name, value := range environ {
		want := strings.ReplaceAll(value, ", ", ",")
		if strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_PRIVATE_KEY") {
			want = "********"
		}
		require.Equal(t, want, shown[name], name)
	}
}

func TestProviders_HaveNoVariablesOfOthers(t *testing.T) {
	names := map[string]bool{}
	for _, v := range config.Variables() {
		names[v.Name] = true
	}
	for _, name := range []string{
		"AUTH_PROVIDER_TWITTER_CLIENT_ID", "AUTH_PROVIDER_TWITTER_SCOPE", "AUTH_PROVIDER_WORKOS_SCOPE", "AUTH_PROVIDER_APPLE_CLIENT_SECRET",
		"AUTH_PROVIDER_APPLE_USER_PROFILE_URL", "AUTH_PROVIDER_GITHUB_TENANT", "AUTH_PROVIDER_GOOGLE_TEAM_ID", "AUTH_PROVIDER_WINDOWSLIVE_ENABLED",
	} {
		require.False(t, names[name], name)
	}
	require.Equal(t, []string{"AUTH_PROVIDER_APPLE_CLIENT_SECRET"}, load(t, map[string]string{"AUTH_PROVIDER_APPLE_CLIENT_SECRET": "x"}).Ignored)
}

func TestProviders_WhatIsMissingIsNamedAtOnce(t *testing.T) {
	environ := map[string]string{
		"AUTH_PROVIDER_APPLE_ENABLED": "true", "AUTH_PROVIDER_GITHUB_ENABLED": "true", "AUTH_PROVIDER_GITHUB_CLIENT_ID": "id",
		"AUTH_PROVIDER_TWITTER_ENABLED": "true", "AUTH_PROVIDER_GOOGLE_ENABLED": "maybe",
	}
	found := problems(t, production(environ))
	require.Equal(t, []string{
		"AUTH_PROVIDER_APPLE_CLIENT_ID", "AUTH_PROVIDER_APPLE_TEAM_ID", "AUTH_PROVIDER_APPLE_KEY_ID", "AUTH_PROVIDER_APPLE_PRIVATE_KEY",
		"AUTH_PROVIDER_GITHUB_CLIENT_SECRET", "AUTH_PROVIDER_GOOGLE_ENABLED", "AUTH_PROVIDER_TWITTER_CONSUMER_KEY",
		"AUTH_PROVIDER_TWITTER_CONSUMER_SECRET",
	}, names(found))
	require.Equal(t, "is required with AUTH_PROVIDER_GITHUB_ENABLED; without it the provider stays switched off", found[4].Message)
	require.Equal(t, `must be true or false (got "maybe")`, found[5].Message)

	delete(environ, "AUTH_PROVIDER_GOOGLE_ENABLED")
	environ["AUTH_PROVIDER_DISCORD_ENABLED"], environ["AUTH_PROVIDER_DISCORD_CLIENT_ID"], environ["AUTH_PROVIDER_DISCORD_CLIENT_SECRET"] = "true", "id", "secret"
	c := load(t, environ)
	require.Equal(t, []string{"discord"}, slices.Collect(maps.Keys(enabled(c))))
	require.Len(t, c.Warnings, 7)
	require.Equal(t, "AUTH_PROVIDER_APPLE_CLIENT_ID: is required with AUTH_PROVIDER_APPLE_ENABLED; without it the provider stays switched off", c.Warnings[0])
}

func TestProviders_AddressesAreHTTPSExceptOnLoopback(t *testing.T) {
	const name = "AUTH_PROVIDER_GITLAB_TOKEN_URL"
	for _, good := range []string{"https://git.example.com/oauth/token", "https://git.example.com:8443/x?a=b&c=%20", "http://127.0.0.1:5000/token", "http://localhost/token", "http://[::1]:1/token"} {
		require.Equal(t, good, load(t, production(map[string]string{name: good})).Providers.GitLab.TokenURL)
	}
	for _, bad := range []string{"git.example.com", "ftp://git.example.com", "https://", "https://user:hunter2@git.example.com/token", "https://git.example.com/#x", "https://a b/", "https://git.example.com/?a=%zz"} {
		for _, environ := range []map[string]string{production(map[string]string{name: bad}), {name: bad}} {
			found := problems(t, environ)
			require.Equal(t, []string{name}, names(found), bad)
			require.NotContains(t, found[0].Message, "hunter2")
		}
	}
	require.Equal(t, []string{name}, names(problems(t, production(map[string]string{name: "http://git.example.com/token"}))))
	require.Len(t, load(t, map[string]string{name: "http://git.example.com/token"}).Warnings, 1)
}

func TestProviders_ApplesKeyIsReadInEveryForm(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	text := pkcs8(t, key)
	for _, form := range []string{text, strings.ReplaceAll(text, "\n", `\n`), base64.StdEncoding.EncodeToString([]byte(text))} {
		require.True(t, key.Equal(load(t, map[string]string{"AUTH_PROVIDER_APPLE_PRIVATE_KEY": form}).Providers.Apple.PrivateKey))
	}
	for _, bad := range []string{"secret-and-no-key", base64.StdEncoding.EncodeToString([]byte("secret-and-no-key")), pkcs8(t, newECDSA(t, elliptic.P384())), pkcs8(t, newRSA(t, 2048))} {
		found := problems(t, map[string]string{"AUTH_PROVIDER_APPLE_PRIVATE_KEY": bad})
		require.Equal(t, []string{"AUTH_PROVIDER_APPLE_PRIVATE_KEY"}, names(found))
		require.NotContains(t, found[0].Message, "secret-and-no-key")
	}
}

func TestProviders_ObsoleteOnesAreWarnedOf(t *testing.T) {
	c := load(t, production(map[string]string{
		"AUTH_PROVIDER_AZUREAD_ENABLED": "true", "AUTH_PROVIDER_AZUREAD_CLIENT_ID": "id", "AUTH_PROVIDER_AZUREAD_CLIENT_SECRET": "secret",
		"AUTH_PROVIDER_WINDOWS_LIVE_ENABLED": "true", "AUTH_PROVIDER_WINDOWS_LIVE_CLIENT_ID": "id", "AUTH_PROVIDER_WINDOWS_LIVE_CLIENT_SECRET": "secret",
	}))
	require.Len(t, c.Warnings, 2)
	require.Contains(t, c.Warnings[0], "AUTH_PROVIDER_AZUREAD_ENABLED")
	require.Contains(t, c.Warnings[1], "AUTH_PROVIDER_WINDOWS_LIVE_ENABLED")
}
