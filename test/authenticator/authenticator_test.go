package authenticator_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/authenticator"
)

const (
	created = `{"challenge":"AAAA","user":{"id":"2c35b6f3-c4b9-48e3-978a-d4d0f1d42e24"}}`
	asked   = `{"challenge":"BBBB"}`
)

type answer struct {
	ID       string
	Response struct{ ClientDataJSON, AuthenticatorData, Signature, UserHandle, AttestationObject string }
}

func parse(t *testing.T, text []byte) (a answer) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, &a))
	return a
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

func TestKey_SignsWhatTheSpecificationSays(t *testing.T) {
	signed := func(key *authenticator.Key) (data, signature []byte) {
		key.Create([]byte(created))
		a := parse(t, key.Get([]byte(asked)))
		client := sha256.Sum256(bytesOf(t, a.Response.ClientDataJSON))
		require.JSONEq(t, `{"type":"webauthn.get","challenge":"BBBB","origin":"https://app.example.com","crossOrigin":false}`, string(bytesOf(t, a.Response.ClientDataJSON)))
		require.Equal(t, "2c35b6f3-c4b9-48e3-978a-d4d0f1d42e24", a.Response.UserHandle)
		return slices.Concat(bytesOf(t, a.Response.AuthenticatorData), client[:]), bytesOf(t, a.Response.Signature)
	}
	edwards := authenticator.EdDSA("https://app.example.com", "example.com", "a")
	data, signature := signed(edwards)
	require.True(t, ed25519.Verify(edwards.PublicKey()[10:], data, signature))

	nist := authenticator.ES256("https://app.example.com", "example.com", "a")
	data, signature = signed(nist)
	cose := nist.PublicKey()
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, cose[10:42], cose[45:]))
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	require.True(t, ecdsa.VerifyASN1(public, sum[:], signature))
	require.Equal(t, cose, authenticator.ES256("https://app.example.com", "example.com", "a").PublicKey(), "it follows from its label")
}

func TestKey_SaysWhatItIsToldTo(t *testing.T) {
	key := authenticator.EdDSA("https://app.example.com", "example.com", "a")
	key.Create([]byte(created))
	flags := func() byte { return bytesOf(t, parse(t, key.Get([]byte(asked))).Response.AuthenticatorData)[32] }
	require.Equal(t, byte(0x05), flags())
	key.Unverified, key.Eligible, key.BackedUp = true, true, true
	require.Equal(t, byte(0x19), flags())
	key.Counts, key.Counter = true, 7
	key.Get([]byte(asked))
	require.Equal(t, byte(8), bytesOf(t, parse(t, key.Get([]byte(asked))).Response.AuthenticatorData)[36])
	key.WithoutHandle = true
	require.Empty(t, parse(t, key.Get([]byte(asked))).Response.UserHandle)
}
