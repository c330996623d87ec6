package oidc_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/domain"
)

// pinned is a verifier like Google's, of an issuer that signs with RS256.
func (i *issuer) pinned(audiences ...string) *oidc.Verifier {
	i.signer = signer{"rsa", jose.RS256, rsaKey()}
	return oidc.NewVerifier(oidc.Pinned{Name: "google", Issuer: i.server.URL, KeysURL: i.server.URL + "/keys", Audiences: audiences}, i.options())
}

func TestVerifier_TakesATokenForAnyOfItsAudiences(t *testing.T) {
	i := newIssuer(t)
	verifier := i.pinned("web", "ios")
	for _, audience := range []any{"web", "ios", []string{"other", "ios"}} {
		who, err := verifier.Verify(t.Context(), i.idToken(map[string]any{"aud": audience, "email_verified": "true", "nonce": nil}), "")
		require.NoError(t, err)
		require.Equal(t, domain.ProviderIdentity{
			Provider: "google", ID: "user 1", Email: "jane@example.com", EmailVerified: true, Name: "Jane Doe", AvatarURL: "https://example.com/jane.png",
		}, who)
	}
}

func TestVerifier_TakesTheNonceRawOrHashed(t *testing.T) {
	i := newIssuer(t)
	verifier := i.pinned("client")
	sum := sha256.Sum256([]byte("raw"))
	hashed := hex.EncodeToString(sum[:])
	for name, test := range map[string]struct {
		inToken any
		sent    string
		good    bool
	}{
		"raw":                         {"raw", "raw", true},
		"hashed":                      {hashed, "raw", true},
		"an app that hashes for both": {hashed, hashed, true},
		"another":                     {"raw", "other", false},
		"missing in the request":      {"raw", "", false},
		"hash missing in the request": {hashed, "", false},
		"missing in the token":        {nil, "raw", false},
		"none at all":                 {nil, "", true},
	} {
		_, err := verifier.Verify(t.Context(), i.idToken(map[string]any{"nonce": test.inToken}), test.sent)
		if test.good {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, domain.InvalidRequest, name)
	}
}

func TestVerifier_RefusesEverythingElse(t *testing.T) {
	i := newIssuer(t)
	verifier := i.pinned("client")
	mine := i.signer
	foreign := newES256(t)
	foreign.id = mine.id
	public, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	require.NoError(t, err)
	good := i.good(map[string]any{"nonce": nil})
	now := i.clock.Now()
	token := mine.sign(t, good)
	for name, bad := range map[string]string{
		"nothing":                       "",
		"no token":                      "x",
		"dots":                          strings.Repeat(".", 100_000),
		"too long":                      token + strings.Repeat("A", 20_000),
		"another issuer":                i.idToken(map[string]any{"nonce": nil, "iss": "https://mallory.example"}),
		"no issuer":                     i.idToken(map[string]any{"nonce": nil, "iss": nil}),
		"another audience":              i.idToken(map[string]any{"nonce": nil, "aud": "other"}),
		"no audience":                   i.idToken(map[string]any{"nonce": nil, "aud": nil}),
		"expired":                       i.idToken(map[string]any{"nonce": nil, "exp": now.Add(-time.Second).Unix()}),
		"no expiry":                     i.idToken(map[string]any{"nonce": nil, "exp": nil}),
		"from the future":               i.idToken(map[string]any{"nonce": nil, "iat": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()}),
		"another key under the same id": foreign.sign(t, good),
		"HS256 with the public key":     compact(t, jose.HS256, public, good),
		"an algorithm of the same key that is not pinned": compact(t, jose.RS512, jose.JSONWebKey{Key: rsaKey(), KeyID: mine.id}, good),
		"no signature":      "eyJhbGciOiJub25lIn0." + strings.Split(token, ".")[1] + ".",
		"a changed payload": strings.Split(token, ".")[0] + "." + strings.Split(i.idToken(map[string]any{"sub": "x"}), ".")[1] + "." + strings.Split(token, ".")[2],
	} {
		_, err := verifier.Verify(t.Context(), bad, "")
		require.ErrorIs(t, err, domain.InvalidRequest, name)
		var field *domain.FieldError
		require.ErrorAs(t, err, &field, name)
		require.Equal(t, "idToken", field.Field)
		require.NotContains(t, err.Error(), "jane@example.com")
	}
	_, err = verifier.Verify(t.Context(), token, "")
	require.NoError(t, err)
}

func TestVerifier_FollowsTheIssuersKeysWithoutBeingMadeToAskAgainAndAgain(t *testing.T) {
	i := newIssuer(t)
	adapter := i.adapter()
	plain := map[string]any{"nonce": nil}
	_, err := adapter.Verify(t.Context(), i.idToken(plain), "")
	require.NoError(t, err)
	stranger := newES256(t)
	for range 50 {
		_, err = adapter.Verify(t.Context(), stranger.sign(t, i.good(plain)), "")
		require.ErrorIs(t, err, domain.InvalidRequest)
	}
	require.EqualValues(t, 1, i.keysRead.Load())
	i.clock.Advance(10 * time.Second)
	old := i.idToken(plain)
	i.signer = newES256(t)
	_, err = adapter.Verify(t.Context(), i.idToken(plain), "")
	require.NoError(t, err)
	require.EqualValues(t, 2, i.keysRead.Load())
	_, err = adapter.Verify(t.Context(), old, "")
	require.ErrorIs(t, err, domain.InvalidRequest, "a key that was withdrawn")
}

func TestVerifier_AHundredAtOnceAskOnce(t *testing.T) {
	i := newIssuer(t)
	adapter := i.adapter()
	token := i.idToken(map[string]any{"nonce": nil})
	var all sync.WaitGroup
	failures := make([]error, 100)
	for n := range failures {
		all.Go(func() { _, failures[n] = adapter.Verify(t.Context(), token, "") })
	}
	all.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, i.keysRead.Load())
}

func TestVerifier_ATokenOfOneIssuerIsNoneOfAnother(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	two.signer = one.signer // even with the same keys
	_, err := two.adapter().Verify(t.Context(), one.idToken(map[string]any{"nonce": nil}), "")
	require.ErrorIs(t, err, domain.InvalidRequest)
}
