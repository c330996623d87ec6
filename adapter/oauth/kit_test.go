package oauth_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const redirectURI = porttest.ProviderRedirectURI

// bench is an adapter with its imitated provider, and a clock for both.
type bench struct {
	t     *testing.T
	fake  *providers.Provider
	clock *kit.Clock
	port.IdentityProvider
}

// newBench starts a provider; changes are applied to the settings.
func newBench(t *testing.T, name string, changes ...func(*oauth.Settings)) bench {
	t.Helper()
	clock := kit.NewClock()
	fake := providers.Start(t, name)
	fake.Now = clock.Now
	settings := settingsOf(t, fake)
	for _, change := range changes {
		change(&settings)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	adapter, err := oauth.New(name, settings, oauth.Options{Clock: clock, Random: system.Random{}, Client: &http.Client{Transport: transport}})
	require.NoError(t, err)
	return bench{t: t, fake: fake, clock: clock, IdentityProvider: adapter}
}

func settingsOf(t testing.TB, fake *providers.Provider) oauth.Settings {
	t.Helper()
	var s oauth.Settings
	for name, value := range fake.Environment() {
		_, name, _ = strings.Cut(name, "PROVIDER_")
		_, name, _ = strings.Cut(strings.Replace(name, "WINDOWS_LIVE", "WINDOWSLIVE", 1), "_")
		switch name {
		case "ENABLED":
		case "CLIENT_ID", "CONSUMER_KEY":
			s.ClientID = value
		case "CLIENT_SECRET", "CONSUMER_SECRET":
			s.ClientSecret = value
		case "AUTHORIZATION_URL":
			s.AuthorizationURL = value
		case "TOKEN_URL":
			s.TokenURL = value
		case "USER_PROFILE_URL":
			s.ProfileURL = value
		case "REQUEST_TOKEN_URL":
			s.RequestTokenURL = value
		case "JWKS_URL":
			s.AppleKeysURL = value
		case "TEAM_ID":
			s.AppleTeamID = value
		case "KEY_ID":
			s.AppleKeyID = value
		case "PRIVATE_KEY":
			s.ApplePrivateKey = privateKey(t, value)
		default:
			require.Fail(t, "nobody reads "+name)
		}
	}
	return s
}

func privateKey(t testing.TB, text string) *ecdsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return key.(*ecdsa.PrivateKey)
}

// visit goes through the provider as far as the callback.
func (b bench) visit() (callback port.ProviderCallback, secret string) {
	b.t.Helper()
	location, secret, err := b.Begin(b.t.Context(), port.AuthorizationRequest{State: "opaque", RedirectURI: redirectURI})
	require.NoError(b.t, err)
	callback, state := b.fake.Consent(b.t, location).Port()
	require.Equal(b.t, "opaque", state)
	callback.RedirectURI = redirectURI
	return callback, secret
}

// finish is the whole way.
func (b bench) finish() (domain.ProviderIdentity, domain.ProviderTokens, error) {
	b.t.Helper()
	callback, secret := b.visit()
	return b.Finish(b.t.Context(), callback, secret)
}

// identity is the whole way of a person, with success.
func (b bench) identity(person providers.Person) domain.ProviderIdentity {
	b.t.Helper()
	b.fake.SignsIn(person)
	identity, _, err := b.finish()
	require.NoError(b.t, err)
	return identity
}

// fails is the whole way, with an error that wraps code and repeats nothing secret. It returns the text.
func (b bench) fails(code domain.Code) string {
	b.t.Helper()
	callback, secret := b.visit()
	identity, tokens, err := b.Finish(b.t.Context(), callback, secret)
	require.ErrorIs(b.t, err, code)
	require.Equal(b.t, domain.ProviderIdentity{}, identity)
	require.Equal(b.t, domain.ProviderTokens{}, tokens)
	for _, hidden := range append(strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune(`{}":,`, r) }), callback.Code, providers.ClientSecret, "-access-", "-refresh-") {
		if len(hidden) > 12 || strings.HasPrefix(hidden, "-") || hidden == providers.ClientSecret {
			require.NotContains(b.t, err.Error(), hidden)
		}
	}
	return err.Error()
}
