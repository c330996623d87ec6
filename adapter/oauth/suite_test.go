package oauth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

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
	withoutPicture := func(i domain.ProviderIdentity) domain.ProviderIdentity { i.AvatarURL = ""; return i }
	stravaIdentity := identity("strava", "134815", false)
	stravaIdentity.Email = ""
	return map[string]expectation{
		"apple":       {withoutPicture(identity("apple", "001234.a1b2c3d4e5f60718293a4b5c6d7e8f90.1234", true)), true, true},
		"azuread":     {withoutPicture(identity("azuread", "690222be-ff1a-4d56-abd1-7e4f7d38e474", false)), true, true},
		"bitbucket":   {identity("bitbucket", "{79a53db7-6c4d-4b23-9f5c-1f2c1d2b6a55}", true), false, true},
		"discord":     {withoutPicture(identity("discord", "80351110224678912", true)), true, true},
		"entraid":     {withoutPicture(identity("entraid", "OLu859SGc2Sr9ZsqbkG-QbeLgJlb41KcdiPoLYNpSFA", true)), true, true},
		"facebook":    {identity("facebook", "10158423497461287", false), true, false},
		"github":      {identity("github", "583231", true), true, false},
		"gitlab":      {identity("gitlab", "1701", true), true, true},
		"google":      {identity("google", "110169484474386276334", true), true, false},
		"linkedin":    {identity("linkedin", "782bbtaQ", true), false, false},
		"spotify":     {identity("spotify", "wizzler", false), true, true},
		"strava":      {stravaIdentity, false, true},
		"twitch":      {identity("twitch", "141981764", false), false, true},
		"twitter":     {identity("twitter", "2244994945", false), true, false},
		"windowslive": {identity("windowslive", "contact.c1678ab4000000000000000000000000", false), false, false},
		"workos":      {withoutPicture(identity("workos", "prof_01DMC79VCBZ0NY2099737PSVF1", false)), false, false},
	}
}

func TestProviders_PassTheSuite(t *testing.T) {
	require.Len(t, expectations(), len(providers.Names()))
	for _, name := range providers.Names() {
		e := expectations()[name]
		t.Run(name, func(t *testing.T) {
			porttest.IdentityProvider(t, func(t *testing.T) porttest.ProviderFixture {
				b := newBench(t, name)
				person := providers.Person{Email: "jane@example.com", Attested: providers.Yes, Name: "Zoë Ångström", Picture: picture}
				if name == "discord" {
					person.Picture = "" // there it is a hash
				}
				b.fake.SignsIn(person)
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
