package main

import (
	"cmp"
	"maps"
	"slices"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// namedProviders returns the identity providers that are switched on, by their names in paths.
func namedProviders(cfg config.Config) (map[string]port.IdentityProvider, error) {
	list := map[string]port.IdentityProvider{}
	for name, p := range cfg.Providers.Enabled() {
		provider, err := oauth.New(name, oauth.Settings{
			ClientID: cmp.Or(p.ClientID, p.ConsumerKey), ClientSecret: cmp.Or(p.ClientSecret, p.ConsumerSecret), Scopes: p.Scopes,
			AuthorizationURL: p.AuthorizationURL, RequestTokenURL: p.RequestTokenURL, TokenURL: p.TokenURL, ProfileURL: p.ProfileURL, Tenant: p.Tenant,
			AppleTeamID: p.TeamID, AppleKeyID: p.KeyID, ApplePrivateKey: p.PrivateKey, AppleKeysURL: p.KeysURL,
			WorkOSOrganization: p.DefaultOrganization, WorkOSConnection: p.DefaultConnection, WorkOSDomain: p.DefaultDomain,
		}, oauth.Options{Clock: system.Clock{}, Random: system.Random{}})
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
}

// newProviders builds those that are switched on.
func newProviders(cfg config.Config) (identityProviders, error) {
	named, err := namedProviders(cfg)
	return identityProviders{byRedirect: named, byToken: usecase.IDTokens{}}, err
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
