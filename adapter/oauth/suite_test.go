package oauth_test

import (
	"testing"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/providers"
)

// expectation is what the suite expects of a provider for a person with everything.
type expectation struct {
	want      domain.ProviderIdentity
	bound     bool
	refreshes bool
}

const picture = "https://cdn.example.com/jane.png"

func expectations() map[string]expectation {
	identity := func(provider, id string, attested bool) domain.ProviderIdentity {
		return domain.ProviderIdentity{
			Provider: provider, ID: id, Email: "jane@example.com", EmailVerified: attested, Name: "Zoë Ångström", AvatarURL: picture,
		}
	}
	return map[string]expectation{
		"github": {want: identity("github", "583231", true), bound: true},
		"google": {want: identity("google", "110169484474386276334", true), bound: true},
	}
}

func TestProviders_PassTheSuite(t *testing.T) {
	for name, e := range expectations() {
		t.Run(name, func(t *testing.T) {
			porttest.IdentityProvider(t, func(t *testing.T) porttest.ProviderFixture {
				b := newBench(t, name)
				b.fake.SignsIn(providers.Person{Email: "jane@example.com", Attested: providers.Yes, Name: "Zoë Ångström", Picture: picture})
				return porttest.ProviderFixture{
					Provider: b, Want: e.want, Bound: e.bound, Refreshes: e.refreshes,
					Consent: func(t *testing.T, location string) (port.ProviderCallback, string) {
						return b.fake.Consent(t, location).Port()
					},
				}
			})
		})
	}
}
