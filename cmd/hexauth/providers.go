package main

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// namedProviders returns the identity providers that are switched on, by their names in paths.
func namedProviders(cfg config.Config, clock port.Clock, tracing *telemetry.Telemetry) (map[string]port.IdentityProvider, error) {
	list := map[string]port.IdentityProvider{}
	for name, p := range cfg.Providers.Enabled() {
		provider, err := oauth.New(name, oauth.Settings{
			ClientID: cmp.Or(p.ClientID, p.ConsumerKey), ClientSecret: cmp.Or(p.ClientSecret, p.ConsumerSecret), Scopes: p.Scopes,
			AuthorizationURL: p.AuthorizationURL, RequestTokenURL: p.RequestTokenURL, TokenURL: p.TokenURL, ProfileURL: p.ProfileURL, Tenant: p.Tenant,
			AppleTeamID: p.TeamID, AppleKeyID: p.KeyID, ApplePrivateKey: p.PrivateKey, AppleKeysURL: p.KeysURL,
			WorkOSOrganization: p.DefaultOrganization, WorkOSConnection: p.DefaultConnection, WorkOSDomain: p.DefaultDomain,
		}, oauth.Options{Clock: clock, Random: system.Random{}, Client: tracing.Client(name)})
		if err != nil {
			return nil, err
		}
		list[name] = provider
	}
	return list, nil
}

// identityProviders are those of the configuration, by the ways to use them.
type identityProviders struct {
	byRedirect usecase.Providers
	byToken    usecase.IDTokens
	jobs       []func(context.Context) // keep keys and addresses up to date
}

// newProviders builds those that are switched on. None is asked anything yet.
func newProviders(cfg config.Config, clock port.Clock, tracing *telemetry.Telemetry, log *slog.Logger) (identityProviders, error) {
	named, err := namedProviders(cfg, clock, tracing)
	if err != nil {
		return identityProviders{}, err
	}
	p := identityProviders{byRedirect: named, byToken: usecase.IDTokens{}}
	options := oidc.Options{Clock: clock, Random: system.Random{}, Client: tracing.Client("openid"), Log: log}
	if apple := cfg.Providers.Apple; len(apple.Audiences) > 0 {
		p.addVerifier("apple", oidc.Apple(apple.Audiences, apple.KeysURL, options))
	}
	if google := cfg.Providers.Google; len(google.Audiences) > 0 {
		p.addVerifier("google", oidc.Google(google.Audiences, google.KeysURL, options))
	}
	for _, c := range cfg.OIDCProviders {
		issuer := oidc.NewIssuer(oidc.Settings{
			Name: c.Name, Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Scopes: c.Scopes,
			Claims: oidc.ClaimNames(c.Claims), Audiences: c.Audiences,
		}, options)
		p.byRedirect[c.Name], p.byToken[c.Name] = issuer, issuer
		p.jobs = append(p.jobs, issuer.Run)
	}
	return p, nil
}

func (p *identityProviders) addVerifier(name string, verifier *oidc.Verifier) {
	p.byToken[name] = verifier
	p.jobs = append(p.jobs, verifier.Run)
}

// names are those under which identities can be linked.
func (p identityProviders) names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(p.byRedirect)), maps.Keys(p.byToken))
	slices.Sort(names)
	return slices.Compact(names)
}

// opens tells whether an identity of that provider is a way in.
func (p identityProviders) opens(name string) bool {
	_, byRedirect := p.byRedirect[name]
	_, byToken := p.byToken[name]
	return byRedirect || byToken
}
