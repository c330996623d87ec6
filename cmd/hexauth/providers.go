package main

import (
	"cmp"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/port"
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
