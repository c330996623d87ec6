package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/providers"
)

// attesting are the providers that have a word for an address that was verified, and what counts besides a plain true.
var attesting = map[string][]providers.Attestation{
	"apple": {providers.TextTrue}, "bitbucket": nil, "discord": nil, "entraid": nil, "github": nil, "gitlab": {providers.TextTrue}, "google": nil, "linkedin": nil,
}

// The heart of the matter: only an explicit word of a provider that is known to give it makes an address attested.
func TestFinish_AttestsNothingThatTheProviderDoesNot(t *testing.T) {
	for _, name := range providers.Names() {
		b := newBench(t, name)
		also, attests := attesting[name]
		for _, said := range []providers.Attestation{providers.Absent, providers.Yes, providers.No, providers.TextTrue, providers.TextFalse, providers.Number} {
			want := attests && (said == providers.Yes || len(also) > 0 && said == also[0])
			b.fake.SignsIn(providers.Person{Email: "jane@example.com", Attested: said, Name: "Jane"})
			if name == "bitbucket" && !want {
				require.Contains(t, b.fails(domain.OAuthProfileFetchFailed), "the account has no confirmed address")
				continue
			}
			identity, _, err := b.finish()
			require.NoError(t, err, name)
			require.Equal(t, want, identity.EmailVerified, "%s %d", name, said)
			if name != "strava" {
				require.Equal(t, domain.Email("jane@example.com"), identity.Email, name)
			}
		}
	}
}

func TestFinish_AProfileMayHaveNoMoreThanAnID(t *testing.T) {
	names := map[string]string{"discord": "nelly", "github": "octocat"} // every account has one of these
	for _, name := range providers.Names() {
		b := newBench(t, name)
		b.fake.SignsIn(providers.Person{Attested: providers.Yes})
		if name == "github" || name == "bitbucket" { // whoever asks for addresses and gets none has lost the scope
			require.Contains(t, b.fails(domain.OAuthProfileFetchFailed), "address")
			continue
		}
		identity, _, err := b.finish()
		require.NoError(t, err, name)
		require.NotEmpty(t, identity.ID)
		require.Equal(t, domain.ProviderIdentity{Provider: name, ID: identity.ID, Name: names[name]}, identity)
	}
}

func TestFinish_NamesAndPicturesAreTakenOverInAnyScript(t *testing.T) {
	for _, name := range providers.Names() {
		if name == "discord" {
			continue // see below
		}
		b := newBench(t, name)
		identity := b.identity(providers.Person{Email: "jane@example.com", Attested: providers.Yes, Name: "  王\u0000 小\t明  👩‍💻\u202e ", Picture: "javascript:alert(1)"})
		require.Equal(t, "王 小 明 👩‍💻\u202e", identity.Name, name)
		require.Empty(t, identity.AvatarURL, name)
		long := b.identity(providers.Person{Email: "jane@example.com", Attested: providers.Yes, Name: strings.Repeat("ü", 500)})
		require.Equal(t, strings.Repeat("ü", 200), long.Name, name)
	}
}

func TestFinish_AnAddressThatIsNoneIsNotTakenOver(t *testing.T) {
	for _, address := range []string{"jane", "jane@example", "jane@exämple.com", "Jane <jane@example.com>", "jane@example.com,joe@example.com", strings.Repeat("j", 300) + "@example.com"} {
		identity := newBench(t, "google").identity(providers.Person{Email: address, Attested: providers.Yes})
		require.Empty(t, identity.Email, address)
		require.False(t, identity.EmailVerified, address)
	}
	identity := newBench(t, "google").identity(providers.Person{Email: " Jane@Example.com ", Attested: providers.Yes})
	require.Equal(t, domain.Email("Jane@Example.com"), identity.Email)
}

func TestGitHub_ChoosesAmongAddresses(t *testing.T) {
	b := newBench(t, "github")
	address := func(email string, primary bool, attested providers.Attestation) providers.Address {
		return providers.Address{Email: email, Primary: primary, Attested: attested}
	}
	for want, others := range map[string][]providers.Address{
		"primary@example.com true":   {address("a@example.com", false, providers.Yes), address("primary@example.com", true, providers.Yes)},
		"first@example.com true":     {address("p@example.com", true, providers.No), address("first@example.com", false, providers.Yes), address("b@example.com", false, providers.Yes)},
		"only@example.com false":     {address("only@example.com", true, providers.Absent), address("b@example.com", false, providers.TextTrue)},
		"second@example.com true":    {address("p@example.com", true, providers.TextTrue), address("second@example.com", false, providers.Yes)},
		"secondary@example.com true": {address("secondary@example.com", false, providers.Yes)},
	} {
		identity := b.identity(providers.Person{Others: others})
		verified := " false"
		if identity.EmailVerified {
			verified = " true"
		}
		require.Equal(t, want, string(identity.Email)+verified)
	}
}

func TestGitHub_FallsBackToTheLogin(t *testing.T) {
	b := newBench(t, "github")
	require.Equal(t, "mona", b.identity(providers.Person{Email: "m@example.com", Login: "mona"}).Name)
	require.Equal(t, "Mona", b.identity(providers.Person{Email: "m@example.com", Login: "mona", Name: "Mona"}).Name)
}

func TestBitbucket_TakesTheFirstConfirmedAddress(t *testing.T) {
	identity := newBench(t, "bitbucket").identity(providers.Person{
		Email: "primary@example.com", Attested: providers.No,
		Others: []providers.Address{{Email: "b@example.com", Attested: providers.Yes}, {Email: "c@example.com", Attested: providers.Yes}},
	})
	require.Equal(t, domain.Email("b@example.com"), identity.Email)
	require.True(t, identity.EmailVerified)
}

func TestDiscord_NamesAndPictures(t *testing.T) {
	b := newBench(t, "discord")
	require.Equal(t, "nelly", b.identity(providers.Person{}).Name)
	require.Equal(t, "Nelly 🐘", b.identity(providers.Person{Name: "Nelly 🐘"}).Name)
	require.Equal(t, "https://cdn.discordapp.com/avatars/80351110224678912/a_8342729096ea3675442027381ff50dfe.png",
		b.identity(providers.Person{Picture: "a_8342729096ea3675442027381ff50dfe"}).AvatarURL)
	require.Equal(t, "https://cdn.discordapp.com/avatars/80351110224678912/..%2F..%2Fx.png", b.identity(providers.Person{Picture: "../../x"}).AvatarURL)
	for profile, want := range map[string]string{
		`{"id":"1","username":"nelly","discriminator":"1337"}`: "nelly#1337",
		`{"id":"1","username":"nelly"}`:                        "nelly",
		`{"id":"1","username":"nelly","discriminator":"0","global_name":null,"avatar":null,"email":null,"verified":null}`: "nelly",
	} {
		b.fake.Instead("/profile", answering(http.StatusOK, "application/json", profile))
		identity, _, err := b.finish()
		require.NoError(t, err)
		require.Equal(t, domain.ProviderIdentity{Provider: "discord", ID: "1", Name: want}, identity)
	}
}

// Profiles word for word, where a provider has several ways to say the same.
func TestFinish_ReadsOtherFormsOfProfiles(t *testing.T) {
	for name, forms := range map[string]map[string]domain.ProviderIdentity{
		"entraid": {
			`{"sub":"s","givenname":"Jane","familyname":"Doe","email":"j@example.com"}`:   {ID: "s", Name: "Jane Doe", Email: "j@example.com"},
			`{"sub":"s","given_name":"Jane","family_name":"Doe","name":"Doe, Jane"}`:      {ID: "s", Name: "Jane Doe"},
			`{"sub":"s","name":"Doe, Jane","picture":"https://graph.microsoft.com/x"}`:    {ID: "s", Name: "Doe, Jane"},
			`{"sub":"s","given_name":"Jane","email":"j@example.com","email_verified":[]}`: {ID: "s", Name: "Jane", Email: "j@example.com"},
		},
		"linkedin": {
			`{"sub":"s","name":"Jane D","email":"j@example.com","email_verified":true}`: {ID: "s", Name: "Jane D", Email: "j@example.com", EmailVerified: true},
			`{"sub":"s","email":"j@example.com","email_verified":"true"}`:               {ID: "s", Name: "j@example.com", Email: "j@example.com"},
		},
		"windowslive": {
			`{"id":"1","name":"Jane Doe","first_name":"Jane","last_name":"Doe","emails":{"preferred":null,"account":"a@example.com"}}`: {ID: "1", Name: "Jane Doe", Email: "a@example.com"},
			`{"id":"1","emails":{"preferred":"p@example.com","account":"a@example.com"}}`:                                              {ID: "1", Email: "p@example.com"},
		},
		"spotify": {
			`{"id":"s","display_name":null,"images":null,"email":"s@example.com"}`: {ID: "s", Email: "s@example.com"},
			`{"id":"s","display_name":"S","images":[{"url":null}]}`:                {ID: "s", Name: "S"},
		},
		"strava": {
			`{"id":9007199254740993,"firstname":"Jane","lastname":"","profile_medium":"avatar/athlete/medium.png"}`: {ID: "9007199254740993", Name: "Jane"},
		},
		"facebook": {
			`{"id":"1","name":"Jane","picture":null}`:                  {ID: "1", Name: "Jane"},
			`{"id":"1","picture":{"data":{"url":"https://x.test/p"}}}`: {ID: "1", AvatarURL: "https://x.test/p"},
		},
		"gitlab": {
			`{"id":7,"email":"j@example.com","confirmed_at":null}`: {ID: "7", Email: "j@example.com"},
			`{"id":7,"email":null,"confirmed_at":"2020-01-01"}`:    {ID: "7"},
		},
	} {
		for profile, want := range forms {
			b := newBench(t, name)
			want.Provider = name
			b.fake.Instead("/profile", answering(http.StatusOK, "application/json", profile))
			b.fake.Instead("/token", answering(http.StatusOK, "application/json", `{"access_token":"a"}`)) // without an id token
			identity, _, err := b.finish()
			require.NoError(t, err, profile)
			require.Equal(t, want, identity, profile)
		}
	}
}

func TestFinish_AProfileWithoutAUsableIDIsNone(t *testing.T) {
	for name, profiles := range map[string][]string{
		"spotify": {`{}`, `null`, `{"id":""}`, `{"id":null}`, `{"id":"a\u0000b"}`, `{"id":"` + strings.Repeat("1", 256) + `"}`, `{"id":1}`, `[]`, `"x"`},
		"github":  {`{}`, `{"id":0}`, `{"id":null}`, `{"id":"x"}`, `{"id":1.5}`},
		"twitch":  {`{}`, `{"data":[]}`, `{"data":null}`, `{"data":[{}]}`},
	} {
		for _, profile := range profiles {
			b := newBench(t, name)
			b.fake.Instead("/profile", answering(http.StatusOK, "application/json", profile))
			b.fails(domain.OAuthProfileFetchFailed)
		}
	}
}

func TestApple_TheNameComesFromTheFormAtTheFirstConsent(t *testing.T) {
	b := newBench(t, "apple")
	for user, want := range map[string]string{
		`{"name":{"firstName":"Zoë","lastName":"Å"},"email":"mallory@example.com"}`: "Zoë Å", `{"name":{"firstName":"Zoë"}}`: "Zoë", "": "jane@example.com",
		`{"name":{"firstName":1}}`: "jane@example.com", `{"name":"Zoë"}`: "jane@example.com", "{": "jane@example.com", "null": "jane@example.com",
	} {
		callback, secret := b.visit()
		callback.User = user
		identity, _, err := b.Finish(t.Context(), callback, secret)
		require.NoError(t, err)
		require.Equal(t, want, identity.Name)
		require.Equal(t, domain.Email("jane@example.com"), identity.Email) // the form's is nobody's word
	}
}
