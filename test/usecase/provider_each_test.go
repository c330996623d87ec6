package usecase_test

import (
	"cmp"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/providers"
	"github.com/hexauth/hexauth/usecase"
)

// everyProvider are the names of those that the product knows.
func everyProvider() []string {
	return []string{
		"apple", "azuread", "bitbucket", "discord", "entraid", "facebook", "github", "gitlab", "google", "linkedin", "spotify", "strava", "twitch",
		"twitter", "windowslive", "workos",
	}
}

// withReal switches on the real adapter of an imitated provider.
func withReal(t *testing.T, fake *providers.Provider) func(*kit.Settings) {
	t.Helper()
	environ := map[string]string{"AUTH_DEV_MODE": "true"}
	maps.Copy(environ, fake.Environment())
	cfg, err := config.Load(environ)
	require.NoError(t, err)
	return func(s *kit.Settings) {
		s.Providers = usecase.Providers{}
		for name, p := range cfg.Providers.Enabled() {
			s.Providers[name], err = oauth.New(name, oauth.Settings{
				ClientID: cmp.Or(p.ClientID, p.ConsumerKey), ClientSecret: cmp.Or(p.ClientSecret, p.ConsumerSecret), Scopes: p.Scopes,
				AuthorizationURL: p.AuthorizationURL, RequestTokenURL: p.RequestTokenURL, TokenURL: p.TokenURL, ProfileURL: p.ProfileURL, Tenant: p.Tenant,
				AppleTeamID: p.TeamID, AppleKeyID: p.KeyID, ApplePrivateKey: p.PrivateKey, AppleKeysURL: p.KeysURL,
			}, oauth.Options{Clock: system.Clock{}, Random: system.Random{}})
			require.NoError(t, err)
		}
	}
}

// comes goes through an imitated provider as person.
func comes(t *testing.T, k *kit.Kit, fake *providers.Provider, person providers.Person) (string, error) {
	t.Helper()
	fake.SignsIn(person)
	departure, err := k.UseCases.SignInProvider.Do(t.Context(), usecase.ProviderVisitInput{Provider: fake.Name, CookieReturns: true})
	require.NoError(t, err)
	answer, state := fake.Consent(t, departure.Location).Port()
	return k.UseCases.SignInProviderCallback.Do(t.Context(), usecase.SignInProviderCallbackInput{
		Provider: fake.Name, State: domain.ProviderState(state), Answer: answer, Browser: departure.Browser,
	})
}

func TestProvider_NoneOfThemLeadsToAnAccountByAnAddressThatItDoesNotAttest(t *testing.T) {
	for _, name := range everyProvider() {
		t.Run(name, func(t *testing.T) {
			fake := providers.Start(t, name)
			k := kit.New(t, withReal(t, fake))
			k.SignUp("jane@example.com")
			k.Exec("UPDATE auth.users SET email_verified = true")
			for _, attested := range []providers.Attestation{providers.Absent, providers.No, providers.TextFalse, providers.Number} {
				for _, email := range []string{"jane@example.com", "JANE@example.com", ""} {
					_, err := comes(t, k, fake, providers.Person{Email: email, Attested: attested, Name: "Mallory", Login: "mallory"})
					if err != nil {
						require.NotErrorIs(t, err, domain.InvalidState)
					}
					require.Zero(t, k.Count(`SELECT count(*) FROM auth.user_providers p JOIN auth.users u ON u.id = p.user_id WHERE u.email = 'jane@example.com'`),
						"attested %d, address %q", attested, email)
				}
			}
			session, err := k.SignIn("jane@example.com", kit.Password)
			require.NoError(t, err)
			require.Equal(t, domain.Email("jane@example.com"), session.User.Email)
		})
	}
}

func TestProvider_ThoseThatAttestAddressesLeadToTheirOwnersAccounts(t *testing.T) {
	attesting := map[string]bool{
		"apple": true, "bitbucket": true, "discord": true, "entraid": true, "github": true, "gitlab": true, "google": true, "linkedin": true,
	}
	for _, name := range everyProvider() {
		t.Run(name, func(t *testing.T) {
			fake := providers.Start(t, name)
			k := kit.New(t, withReal(t, fake))
			thief := k.SignUp("jane@example.com")
			_, err := comes(t, k, fake, providers.Person{Email: "jane@example.com", Attested: providers.Yes, Name: "Jane", Login: "jane"})
			linked := k.Count(`SELECT count(*) FROM auth.user_providers p JOIN auth.users u ON u.id = p.user_id WHERE u.email = 'jane@example.com'`) == 1
			require.Equal(t, attesting[name], linked, "%v", err)
			_, err = k.SignIn("jane@example.com", kit.Password)
			_, refreshed := k.Refresh(thief.RefreshToken)
			if linked {
				require.ErrorIs(t, err, domain.InvalidEmailPassword, "who had taken the address before is out")
				require.ErrorIs(t, refreshed, domain.InvalidRefreshToken)
				return
			}
			require.NoError(t, err)
			require.NoError(t, refreshed)
		})
	}
}
