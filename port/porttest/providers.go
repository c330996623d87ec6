package porttest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ProviderRedirectURI is the address of the callback in the suite of port.IdentityProvider.
const ProviderRedirectURI = "https://auth.example.com/v1/signin/provider/x/callback"

// ProviderFixture is an identity provider with somebody at the browser.
type ProviderFixture struct {
	Provider port.IdentityProvider
	// Consent goes to location as a browser, agrees, and returns what comes back, and the state with it.
	Consent func(t *testing.T, location string) (callback port.ProviderCallback, state string)
	// Want is who is at the browser.
	Want domain.ProviderIdentity
	// Bound says that an answer is good only together with the secret of its own request: PKCE, a nonce or a request token.
	Bound bool
	// Refreshes says that there are refresh tokens.
	Refreshes bool
}

func (f ProviderFixture) begin(t *testing.T) (location, state, secret string) {
	t.Helper()
	state = "state " + uuid.NewString() + " /+%&="
	location, secret, err := f.Provider.Begin(t.Context(), port.AuthorizationRequest{State: state, RedirectURI: ProviderRedirectURI})
	require.NoError(t, err)
	return location, state, secret
}

// visit goes as far as the callback.
func (f ProviderFixture) visit(t *testing.T) (callback port.ProviderCallback, secret string) {
	t.Helper()
	location, state, secret := f.begin(t)
	callback, back := f.Consent(t, location)
	require.Equal(t, state, back)
	callback.RedirectURI = ProviderRedirectURI
	return callback, secret
}

// IdentityProvider is the suite of port.IdentityProvider.
func IdentityProvider(t *testing.T, open func(t *testing.T) ProviderFixture) {
	t.Run("who consents is known, and the provider's tokens are handed over", func(t *testing.T) {
		f := open(t)
		callback, secret := f.visit(t)
		identity, tokens, err := f.Provider.Finish(t.Context(), callback, secret)
		require.NoError(t, err)
		require.Equal(t, f.Want, identity)
		require.NotEmpty(t, tokens.AccessToken)
		require.Equal(t, f.Refreshes, tokens.RefreshToken != "")
	})
	t.Run("the address shows none of the request's secrets", func(t *testing.T) {
		f := open(t)
		location, _, secret := f.begin(t)
		parsed, err := url.Parse(location)
		require.NoError(t, err)
		require.NotContains(t, parsed.Query(), "code_verifier")
		require.NotContains(t, parsed.Query(), "client_secret")
		require.Equal(t, f.Bound, secret != "")
		other, _, otherSecret := f.begin(t)
		require.NotEqual(t, location, other)
		require.Equal(t, f.Bound, secret != otherSecret)
	})
	t.Run("an answer is good once", func(t *testing.T) {
		f := open(t)
		callback, secret := f.visit(t)
		_, _, err := f.Provider.Finish(t.Context(), callback, secret)
		require.NoError(t, err)
		f.refuses(t, callback, secret)
	})
	t.Run("an answer is of no use with the secret of another request", func(t *testing.T) {
		f := open(t)
		if !f.Bound {
			return // nothing binds the two; the state does
		}
		mine, mySecret := f.visit(t)
		theirs, theirSecret := f.visit(t)
		f.refuses(t, mine, theirSecret)
		f.refuses(t, theirs, mySecret)
		again, _ := f.visit(t)
		f.refuses(t, again, "")
		again, _ = f.visit(t)
		f.refuses(t, again, "{damaged")
	})
	t.Run("nothing and invented answers are refused", func(t *testing.T) {
		f := open(t)
		_, _, secret := f.begin(t)
		f.refuses(t, port.ProviderCallback{RedirectURI: ProviderRedirectURI}, secret)
		invented := "invented-" + uuid.NewString()
		f.refuses(t, port.ProviderCallback{RedirectURI: ProviderRedirectURI, Code: invented, OAuthToken: invented, OAuthVerifier: invented}, secret)
	})
	t.Run("nothing is waited for when the context has ended", func(t *testing.T) {
		f := open(t)
		callback, secret := f.visit(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantPromptError(t, context.Canceled, func() error {
			_, _, err := f.Provider.Finish(ctx, callback, secret)
			return err
		})
	})
	t.Run("twenty users at once get their own answers", func(t *testing.T) {
		f := open(t)
		var visits sync.WaitGroup
		tokens, errs := make([]string, 20), make([]error, 20)
		for i := range tokens {
			callback, secret := f.visit(t)
			visits.Go(func() {
				_, own, err := f.Provider.Finish(t.Context(), callback, secret)
				tokens[i], errs[i] = own.AccessToken, err
			})
		}
		visits.Wait()
		require.NoError(t, errors.Join(errs...))
		seen := map[string]bool{}
		for _, token := range tokens {
			seen[token] = true
		}
		require.Len(t, seen, len(tokens))
	})
	t.Run("refresh tokens are exchanged, and unknown ones refused without being repeated", func(t *testing.T) {
		f := open(t)
		callback, secret := f.visit(t)
		_, first, err := f.Provider.Finish(t.Context(), callback, secret)
		require.NoError(t, err)
		second, err := f.Provider.Refresh(t.Context(), first.RefreshToken)
		if f.Refreshes {
			require.NoError(t, err)
			require.NotEmpty(t, second.RefreshToken)
			require.NotEmpty(t, second.AccessToken)
			require.NotEqual(t, first.AccessToken, second.AccessToken)
		} else {
			require.ErrorIs(t, err, domain.OAuthProviderError)
		}
		unknown := "unknown-" + uuid.NewString()
		_, err = f.Provider.Refresh(t.Context(), unknown)
		require.ErrorIs(t, err, domain.OAuthProviderError)
		require.NotContains(t, err.Error(), unknown)
	})
}

// refuses wants one of the port's codes, and no secret in the text.
func (f ProviderFixture) refuses(t *testing.T, callback port.ProviderCallback, secret string) {
	t.Helper()
	identity, tokens, err := f.Provider.Finish(t.Context(), callback, secret)
	require.Error(t, err)
	require.True(t, errors.Is(err, domain.OAuthTokenExchangeFailed) || errors.Is(err, domain.OAuthProfileFetchFailed), err)
	require.Equal(t, domain.ProviderIdentity{}, identity)
	require.Equal(t, domain.ProviderTokens{}, tokens)
	for _, hidden := range []string{callback.Code, callback.IDToken, callback.OAuthToken, callback.OAuthVerifier, secret} {
		require.False(t, hidden != "" && strings.Contains(err.Error(), hidden), err)
	}
}
