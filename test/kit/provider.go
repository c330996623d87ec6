package kit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// Provider is a port.IdentityProvider whose users a test makes up. A code works once, for the request it was given in.
type Provider struct {
	Issuer string // of its answers; "" tells none
	Fail   error  // of Begin, Finish and Refresh

	mu       sync.Mutex
	consents map[string]Consent
	renewals map[string]domain.ProviderTokens
}

// Consent is what a user lets the provider tell.
type Consent struct {
	Identity domain.ProviderIdentity
	Tokens   domain.ProviderTokens
	secret   string
}

// Begin implements port.IdentityProvider.
func (p *Provider) Begin(_ context.Context, r port.AuthorizationRequest) (location, secret string, err error) {
	if p.Fail != nil {
		return "", "", p.Fail
	}
	secret = uuid.NewString()
	query := url.Values{"state": {r.State}, "redirect_uri": {r.RedirectURI}, "challenge": {domain.S256(secret)}}
	if r.Organization != "" {
		query.Set("organization", r.Organization)
	}
	if r.Connection != "" {
		query.Set("connection", r.Connection)
	}
	return "https://provider.example/authorize?" + query.Encode(), secret, nil
}

// Finish implements port.IdentityProvider.
func (p *Provider) Finish(_ context.Context, c port.ProviderCallback, secret string) (domain.ProviderIdentity, domain.ProviderTokens, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	consent, found := p.consents[c.Code]
	delete(p.consents, c.Code)
	switch {
	case p.Fail != nil:
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, p.Fail
	case c.Issuer != p.Issuer:
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: another issuer", domain.OAuthTokenExchangeFailed)
	case !found, domain.S256(secret) != consent.secret, c.RedirectURI == "":
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: the code is not good", domain.OAuthTokenExchangeFailed)
	}
	return consent.Identity, consent.Tokens, nil
}

// Refresh implements port.IdentityProvider.
func (p *Provider) Refresh(_ context.Context, refreshToken string) (domain.ProviderTokens, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tokens, found := p.renewals[refreshToken]
	if p.Fail != nil || !found {
		return domain.ProviderTokens{}, domain.OAuthProviderError
	}
	return tokens, nil
}

// Renews makes the provider exchange a refresh token.
func (p *Provider) Renews(refreshToken string, tokens domain.ProviderTokens) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewals = map[string]domain.ProviderTokens{refreshToken: tokens}
}

// Agree is the user's visit at the provider: it takes the location that Begin returned and gives what the browser brings back.
func (p *Provider) Agree(t testing.TB, location string, c Consent) (domain.ProviderState, port.ProviderCallback) {
	t.Helper()
	parsed, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, "provider.example", parsed.Host, location)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.consents == nil {
		p.consents = map[string]Consent{}
	}
	code := uuid.NewString()
	c.secret = parsed.Query().Get("challenge")
	p.consents[code] = c
	return domain.ProviderState(parsed.Query().Get("state")), port.ProviderCallback{Code: code, Issuer: p.Issuer}
}

// IDTokens is a port.IDTokens that knows what a test tells it.
type IDTokens struct {
	Known map[string]domain.ProviderIdentity
}

var errUnknownToken = errors.New("signed by somebody else")

// Verify implements port.IDTokens.
func (i IDTokens) Verify(_ context.Context, idToken, _ string) (domain.ProviderIdentity, error) {
	identity, found := i.Known[idToken]
	if !found {
		return domain.ProviderIdentity{}, fmt.Errorf("%w: %w", domain.InvalidRequest, errUnknownToken)
	}
	return identity, nil
}

// WithProviders switches imitated providers on.
func WithProviders(list map[string]*Provider) func(*Settings) {
	return func(s *Settings) {
		s.Providers = usecase.Providers{}
		for name, provider := range maps.All(list) {
			s.Providers[name] = provider
		}
	}
}
