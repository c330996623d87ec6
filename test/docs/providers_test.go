package docs_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/providers"
)

// visited is what an imitated provider and its adapter showed of themselves.
type visited struct {
	query    url.Values // of the address to which the browser was sent
	identity domain.ProviderIdentity
	tokens   domain.ProviderTokens
}

func visit(t *testing.T, name string) visited {
	t.Helper()
	fake := providers.Start(t, name)
	cfg, err := config.Load(fake.Environment())
	require.NoError(t, err)
	const redirectURI = "https://auth.example.com/v1/callback"
	for path, p := range cfg.Providers.Enabled() {
		require.Equal(t, name, path)
		provider, err := oauth.New(name, oauth.Settings{
			ClientID: p.ClientID + p.ConsumerKey, ClientSecret: p.ClientSecret + p.ConsumerSecret, AuthorizationURL: p.AuthorizationURL, TokenURL: p.TokenURL,
			RequestTokenURL: p.RequestTokenURL, ProfileURL: p.ProfileURL, AppleTeamID: p.TeamID, AppleKeyID: p.KeyID, ApplePrivateKey: p.PrivateKey,
			AppleKeysURL: p.KeysURL,
		}, oauth.Options{Clock: system.Clock{}, Random: system.Random{}})
		require.NoError(t, err)
		location, secret, err := provider.Begin(t.Context(), port.AuthorizationRequest{State: "s", RedirectURI: redirectURI})
		require.NoError(t, err)
		parsed, err := url.Parse(location)
		require.NoError(t, err)
		callback, _ := fake.Consent(t, location).Port()
		callback.RedirectURI = redirectURI
		identity, tokens, err := provider.Finish(t.Context(), callback, secret)
		require.NoError(t, err)
		return visited{parsed.Query(), identity, tokens}
	}
	require.Fail(t, name+" is not switched on by its own environment")
	return visited{}
}

func yes(it bool) string {
	if it {
		return "yes"
	}
	return "no"
}

func TestProviders_TheTableSaysWhatTheAdaptersDo(t *testing.T) {
	text := read(t, filepath.Join(root, "docs", "providers.md"))
	require.Equal(t, len(providers.Names()), strings.Count(text, "](providers/")-1) // and the page on adding one
	for _, name := range providers.Names() {
		v := visit(t, name)
		row := fmt.Sprintf("](providers/%s.md) | `%s` | %s | %s | %s | %s |\n", name, name, yes(v.identity.EmailVerified), yes(v.tokens.RefreshToken != ""),
			yes(v.query.Has("code_challenge")), yes(v.query.Has("nonce")))
		require.Contains(t, text, row)
	}
}

func TestProviders_EachPageSaysWhatToRegisterAndWhatIsAskedFor(t *testing.T) {
	for _, name := range providers.Names() {
		text := read(t, filepath.Join(root, "docs", "providers", name+".md"))
		require.Contains(t, text, "/v1/signin/provider/"+name+"/callback\n")
		for _, part := range []string{"\n## Register\n", "\n## Configure\n", "\n| Id | ", "\n| Address attested | ", "\n| Protection | "} {
			require.Equal(t, 1, strings.Count(text, part), "%s: %s", name, part)
		}
		if scope := visit(t, name).query.Get("scope"); scope != "" {
			require.Contains(t, text, "| Scopes | `"+strings.ReplaceAll(scope, " ", "` `")+"` |\n", name)
		} else {
			require.NotContains(t, text, "| Scopes |", name)
		}
		environ := map[string]string{"AUTH_DATABASE_URL": "sqlite://x.db", "AUTH_ENCRYPTION_KEY": "000102030405060708090a0b0c0d0e0f"}
		for variable, value := range providers.Start(t, name).Environment() {
			if strings.Contains(text, "\n"+variable+"=") {
				environ[variable] = value
			}
		}
		cfg, err := config.Load(environ) // production, which wants everything
		require.NoError(t, err, "the page of %s leaves something out", name)
		paths := []string{}
		for path := range cfg.Providers.Enabled() {
			paths = append(paths, path)
		}
		require.Equal(t, []string{name}, paths)
	}
}

func TestDocuments_QuoteFilesAsTheyAre(t *testing.T) {
	quoted := regexp.MustCompile("(?ms)^<!-- file: (\\S+) -->\n```[a-z]+\n(.*?)^```$")
	quotes := 0
	for path, text := range documents(t) {
		for _, match := range quoted.FindAllStringSubmatch(text, -1) {
			quotes++
			require.Equal(t, read(t, filepath.Join(root, filepath.FromSlash(match[1]))), match[2], "%s quotes another %s", path, match[1])
		}
	}
	require.NotZero(t, quotes)
}
