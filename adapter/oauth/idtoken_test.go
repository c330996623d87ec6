package oauth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/providers"
)

// nonceOf reads the nonce from a request's secret.
func nonceOf(t *testing.T, secret string) string {
	t.Helper()
	var own struct{ Nonce string }
	require.NoError(t, json.Unmarshal([]byte(secret), &own))
	require.NotEmpty(t, own.Nonce)
	return own.Nonce
}

// forgeries change the claims of a good id token into those of a bad one.
func forgeries(now time.Time) map[string]func(jwt.MapClaims) {
	return map[string]func(jwt.MapClaims){
		"another audience":   func(c jwt.MapClaims) { c["aud"] = "somebody-else" },
		"no audience":        func(c jwt.MapClaims) { delete(c, "aud") },
		"another request":    func(c jwt.MapClaims) { c["nonce"] = "of-another-request" },
		"no nonce":           func(c jwt.MapClaims) { delete(c, "nonce") },
		"expired":            func(c jwt.MapClaims) { c["exp"] = now.Add(-2 * time.Minute).Unix() },
		"an endless life":    func(c jwt.MapClaims) { delete(c, "exp") },
		"a nonce of no text": func(c jwt.MapClaims) { c["nonce"] = 1 },
	}
}

func TestFinish_TheIDTokenOfTheTokenAddressBelongsToTheRequest(t *testing.T) {
	for _, name := range []string{"google", "entraid", "azuread"} {
		forged := forgeries(providersNow(t, name))
		forged["somebody else"] = func(c jwt.MapClaims) { c["sub"] = "somebody-else"; delete(c, "oid") }
		for what, forge := range forged {
			b := newBench(t, name)
			callback, secret := b.visit()
			claims := b.fake.Claims(providers.Person{}, nonceOf(t, secret))
			forge(claims)
			b.fake.Instead("/token", exchanged(b.fake.Sign(claims)))
			b.fake.Instead("/profile", profileOf(name))
			_, _, err := b.Finish(t.Context(), callback, secret)
			require.ErrorIs(t, err, domain.OAuthProfileFetchFailed, "%s %s", name, what)
		}
		for _, good := range []any{providers.ClientID, []string{"another", providers.ClientID}} {
			b := newBench(t, name)
			callback, secret := b.visit()
			claims := b.fake.Claims(providers.Person{}, nonceOf(t, secret))
			claims["aud"] = good
			b.fake.Instead("/token", exchanged(b.fake.Sign(claims)))
			b.fake.Instead("/profile", profileOf(name))
			_, _, err := b.Finish(t.Context(), callback, secret)
			require.NoError(t, err, name)
		}
		for _, garbage := range []string{"x", "a.b.c", "....."} {
			b := newBench(t, name)
			b.fake.Instead("/token", exchanged(garbage))
			b.fake.Instead("/profile", profileOf(name))
			b.fails(domain.OAuthProfileFetchFailed)
		}
	}
}

func providersNow(t *testing.T, name string) time.Time { return newBench(t, name).clock.Now() }

// exchanged is the answer of a token address with an id token.
func exchanged(idToken string) http.HandlerFunc {
	text, _ := json.Marshal(map[string]any{"access_token": "a", "token_type": "bearer", "expires_in": 60, "id_token": idToken})
	return answering(http.StatusOK, "application/json", string(text))
}

// profileOf has the ids that the imitated provider has for everybody.
func profileOf(name string) http.HandlerFunc {
	return answering(http.StatusOK, "application/json", map[string]string{
		"google":  `{"id":"110169484474386276334"}`,
		"entraid": `{"sub":"OLu859SGc2Sr9ZsqbkG-QbeLgJlb41KcdiPoLYNpSFA"}`,
		"azuread": `{"oid":"690222be-ff1a-4d56-abd1-7e4f7d38e474"}`,
	}[name])
}

func TestApple_BothIDTokensAreHeldToTheRequest(t *testing.T) {
	b := newBench(t, "apple")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signedBy := func(method jwt.SigningMethod, key any) func(jwt.MapClaims) string {
		return func(claims jwt.MapClaims) string {
			token := jwt.NewWithClaims(method, claims)
			token.Header["kid"] = "signing-1"
			signed, err := token.SignedString(key)
			require.NoError(t, err)
			return signed
		}
	}
	type forgery struct {
		change func(jwt.MapClaims)
		sign   func(jwt.MapClaims) string
	}
	forged := map[string]forgery{
		"another issuer":         {func(c jwt.MapClaims) { c["iss"] = "https://accounts.google.com" }, b.fake.Sign},
		"no issuer":              {func(c jwt.MapClaims) { delete(c, "iss") }, b.fake.Sign},
		"somebody else's key":    {func(jwt.MapClaims) {}, signedBy(jwt.SigningMethodRS256, other)},
		"no signature":           {func(jwt.MapClaims) {}, signedBy(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)},
		"a shared secret":        {func(jwt.MapClaims) {}, signedBy(jwt.SigningMethodHS256, []byte("0123456789abcdef0123456789abcdef"))},
		"another algorithm":      {func(jwt.MapClaims) {}, signedBy(jwt.SigningMethodPS256, other)},
		"somebody else's number": {func(c jwt.MapClaims) { c["sub"] = 17 }, b.fake.Sign},
	}
	for what, change := range forgeries(b.clock.Now()) {
		forged[what] = forgery{change, b.fake.Sign}
	}
	for what, f := range forged {
		callback, secret := b.visit()
		claims := b.fake.Claims(providers.Person{Email: "jane@example.com", Attested: providers.Yes}, nonceOf(t, secret))
		f.change(claims)

		inForm := callback
		inForm.IDToken = f.sign(claims)
		_, _, err := b.Finish(t.Context(), inForm, secret)
		require.ErrorIs(t, err, domain.OAuthProfileFetchFailed, "in the form: "+what)
		require.NotContains(t, err.Error(), "jane@example.com")

		callback, secret = b.visit()
		claims["nonce"] = nonceOf(t, secret)
		f.change(claims)
		b.fake.Instead("/token", exchanged(f.sign(claims)))
		_, _, err = b.Finish(t.Context(), callback, secret)
		require.ErrorIs(t, err, domain.OAuthProfileFetchFailed, "from the token address: "+what)
		b.fake.Instead("/token", nil)
	}
}

func TestApple_TheFormsIDTokenMustBeTheSameUsers(t *testing.T) {
	b := newBench(t, "apple")
	callback, secret := b.visit()
	callback.IDToken = b.fake.Sign(b.fake.Claims(providers.Person{ID: "mallory"}, nonceOf(t, secret)))
	_, _, err := b.Finish(t.Context(), callback, secret)
	require.EqualError(t, err, "oauth-profile-fetch-failed: apple: the code and the id token of the form belong to different users")

	callback, secret = b.visit()
	callback.IDToken = "" // the code is what counts
	identity, _, err := b.Finish(t.Context(), callback, secret)
	require.NoError(t, err)
	require.Equal(t, "001234.a1b2c3d4e5f60718293a4b5c6d7e8f90.1234", identity.ID)
}

func TestApple_KeysAreFetchedOnceAndAgainWhenTheyChange(t *testing.T) {
	b := newBench(t, "apple")
	for range 3 {
		_, _, err := b.finish()
		require.NoError(t, err)
	}
	require.Len(t, b.fake.Requests("/keys"), 1)
	b.fake.Rotate()
	_, _, err := b.finish()
	require.NoError(t, err)
	require.Len(t, b.fake.Requests("/keys"), 2)
}
