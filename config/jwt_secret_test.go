package config_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hexauth/hexauth/config"
	"github.com/stretchr/testify/require"
)

const secretName = "HASURA_GRAPHQL_JWT_SECRET"

// members are the members of the secret's JSON object.
type members map[string]any

func (m members) String() string {
	text, _ := json.Marshal(m)
	return string(text)
}

func loadSecret(t *testing.T, text string) *config.JWTSecret {
	t.Helper()
	return load(t, production(map[string]string{secretName: text})).JWTSecret
}

func secretMistakes(t *testing.T, text string) []string {
	t.Helper()
	var messages []string
	for _, p := range problems(t, production(map[string]string{secretName: text})) {
		require.Equal(t, secretName, p.Variable)
		messages = append(messages, p.Message)
	}
	return messages
}

func block(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkix(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	return block(t, "PUBLIC KEY", der, err)
}

func pkcs8(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block(t, "PRIVATE KEY", der, err)
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func TestJWTSecret_HMACKeyIsTheBytesOfTheString(t *testing.T) {
	for algorithm, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		key := strings.Repeat("k", size)
		got := loadSecret(t, members{"type": algorithm, "key": key, "kid": "1", "issuer": "i", "claims_format": "json",
			"jwk_url": "https://x", "claims_map": members{}, "allowed_skew": 3, "audience": []string{"a"}}.String())
		require.Equal(t, config.JWTSecret{Algorithm: algorithm, KeyID: "1", Issuer: "i", ClaimsNamespace: config.DefaultClaimsNamespace, HMAC: []byte(key)}, *got)
	}
}

func TestJWTSecret_ReadsEveryKindOfKeyPair(t *testing.T) {
	rsaKey, ed := newRSA(t, 2048), newEd25519(t)
	p256, p384, p521 := newECDSA(t, elliptic.P256()), newECDSA(t, elliptic.P384()), newECDSA(t, elliptic.P521())
	for algorithm, key := range map[string]crypto.Signer{
		"RS256": rsaKey, "RS384": rsaKey, "RS512": rsaKey, "ES256": p256, "ES384": p384, "ES512": p521, "EdDSA": ed, "Ed25519": ed,
	} {
		got := loadSecret(t, members{"type": algorithm, "key": pkix(t, key), "signing_key": pkcs8(t, key), "kid": "k"}.String())
		want := config.JWTSecret{Algorithm: strings.Replace(algorithm, "Ed25519", "EdDSA", 1), KeyID: "k",
			ClaimsNamespace: config.DefaultClaimsNamespace, Private: got.Private, Public: got.Public}
		require.Equal(t, want, *got)
		require.True(t, got.Private.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key), algorithm)
		require.True(t, got.Public.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()), algorithm)
	}
}

func TestJWTSecret_ReadsOlderEncodings(t *testing.T) {
	rsaKey, ecKey := newRSA(t, 2048), newECDSA(t, elliptic.P256())
	pkcs1 := block(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil)
	pkcs1Public := block(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), nil)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey)
	certificate := block(t, "CERTIFICATE", der, err)
	der, err = x509.MarshalECPrivateKey(ecKey)
	sec1 := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + block(t, "EC PRIVATE KEY", der, err)

	for _, m := range []members{
		{"type": "RS256", "key": pkcs1Public, "signing_key": pkcs1},
		{"type": "RS256", "key": certificate, "signing_key": pkcs1},
		{"type": "RS256", "key": strings.ReplaceAll(pkix(t, rsaKey), "\n", `\n`), "signing_key": strings.ReplaceAll(pkcs1, "\n", `\r\n`)},
		{"type": "ES256", "key": pkix(t, ecKey), "signing_key": sec1},
	} {
		require.NotNil(t, loadSecret(t, m.String()).Private)
	}
}

func TestJWTSecret_RefusesWhatIsNoSecret(t *testing.T) {
	const object = `must be a JSON object such as {"type":"HS256","key":"at least 32 random characters"}`
	const types = "type must be one of HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, EdDSA, Ed25519"
	long := strings.Repeat("k", 32)
	for text, want := range map[string][]string{
		"hunter2":                                {object},
		`"HS256"`:                                {object},
		`null`:                                   {object},
		`[]`:                                     {object},
		hmacSecret + hmacSecret:                  {object},
		`{}`:                                     {types},
		`{"type":"hs256","key":"x"}`:             {types},
		`{"type":"none","key":""}`:               {types},
		`{"type":1,"key":{}}`:                    {"key must be a string", "type must be a string"},
		`{"type":"HS256"}`:                       {"key is required: at least 32 random characters"},
		`{"type":"HS256","key":""}`:              {"key is required: at least 32 random characters"},
		`{"jwk_url":"https://x"}`:                {"jwk_url alone is not enough: this server signs tokens, so it needs the key itself (type, key, and signing_key where the type is not HS*)"},
		`{"type":"RS256","jwk_url":"https://x"}`: {"jwk_url alone is not enough: this server signs tokens, so it needs the key itself (type, key, and signing_key where the type is not HS*)"},
		members{"type": "HS256", "key": long, "signing_key": "x"}.String():                    {"signing_key belongs to RS*, ES* and EdDSA only: remove it or change type"},
		members{"type": "HS256", "key": long, "claims_format": "stringified_json"}.String():   {`claims_format must be "json" or left out: claims are written as a JSON object, not as a string`},
		members{"type": "HS256", "key": "-----BEGIN PUBLIC KEY-----\n" + long}.String():       {"key must be a random string for HS*, and not a PEM key: give the RS*, ES* or EdDSA type the key was made for"},
		members{"type": "HS512", "key": strings.Repeat("k", 31)}.String():                     {"key must have at least 32 bytes, best chosen at random, for example by \"openssl rand -hex 32\""},
		members{"type": "HS256", "key": "k", "kid": 1, "issuer": true, "jwk_url": 0}.String(): {"issuer must be a string", "jwk_url must be a string", "kid must be a string"},
	} {
		require.Equal(t, want, secretMistakes(t, text), text)
	}
}

func TestJWTSecret_RefusesKeysThatDoNotFit(t *testing.T) {
	const noPublic, noPrivate = "must be the public key in PEM, starting with -----BEGIN PUBLIC KEY-----", "must be the private key in PEM, starting with -----BEGIN PRIVATE KEY-----"
	rsaKey, p256, p384, ed := newRSA(t, 2048), newECDSA(t, elliptic.P256()), newECDSA(t, elliptic.P384()), newEd25519(t)
	damaged := block(t, "PRIVATE KEY", []byte("damaged"), nil)
	for name, c := range map[string]struct {
		typ, key, signingKey string
		want                 []string
	}{
		"nothing":            {"RS256", "", "", []string{"key is required: " + noPublic, "signing_key is required because this server signs tokens: " + noPrivate}},
		"no signing key":     {"RS256", pkix(t, rsaKey), "", []string{"signing_key is required because this server signs tokens: " + noPrivate}},
		"no PEM":             {"RS256", "hunter2", "hunter2", []string{"key " + noPublic, "signing_key " + noPrivate}},
		"swapped":            {"RS256", pkcs8(t, rsaKey), pkix(t, rsaKey), []string{"key " + noPublic, "signing_key " + noPrivate}},
		"another pair":       {"RS256", pkix(t, newRSA(t, 2048)), pkcs8(t, rsaKey), []string{"key and signing_key do not belong together: key must be the public half of signing_key"}},
		"another Ed25519":    {"EdDSA", pkix(t, newEd25519(t)), pkcs8(t, ed), []string{"key and signing_key do not belong together: key must be the public half of signing_key"}},
		"EC for RSA":         {"RS256", pkix(t, p256), pkcs8(t, p256), []string{"key must be an RSA key for RS256", "signing_key must be an RSA key for RS256"}},
		"RSA for EC":         {"ES256", pkix(t, p256), pkcs8(t, rsaKey), []string{"signing_key must be a key on the curve P-256 for ES256"}},
		"another curve":      {"ES256", pkix(t, p384), pkcs8(t, p384), []string{"key must be a key on the curve P-256 for ES256", "signing_key must be a key on the curve P-256 for ES256"}},
		"EC for EdDSA":       {"EdDSA", pkix(t, p256), pkcs8(t, ed), []string{"key must be an Ed25519 key for EdDSA"}},
		"damaged":            {"RS256", strings.ReplaceAll(damaged, "PRIVATE", "PUBLIC"), damaged, []string{"key is damaged: " + noPublic, "signing_key is damaged: " + noPrivate}},
		"passphrase, PKCS#8": {"RS256", pkix(t, rsaKey), strings.ReplaceAll(damaged, "PRIVATE", "ENCRYPTED PRIVATE"), []string{"signing_key must not be protected by a passphrase"}},
		"passphrase, PKCS#1": {"RS256", pkix(t, rsaKey), legacyEncrypted(), []string{"signing_key must not be protected by a passphrase"}},
	} {
		require.Equal(t, c.want, secretMistakes(t, members{"type": c.typ, "key": c.key, "signing_key": c.signingKey}.String()), name)
	}
}

func legacyEncrypted() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: []byte("x")}))
}

func TestJWTSecret_RSAKeyThatCannotSignIsRefusedInBothModes(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key := newRSA(t, 768)
	text := members{"type": "RS256", "key": pkix(t, key), "signing_key": pkcs8(t, key)}.String()
	for _, mode := range []string{"true", "false"} {
		require.Equal(t, []config.Problem{
			{Variable: secretName, Message: "key must be an RSA key of at least 2048 bits"},
			{Variable: secretName, Message: "signing_key must be an RSA key of at least 2048 bits"},
		}, problems(t, production(map[string]string{secretName: text, "AUTH_DEV_MODE": mode})))
	}
}

func TestJWTSecret_ShortRSAKeyIsRefusedInProductionOnly(t *testing.T) {
	key := newRSA(t, 1024)
	text := members{"type": "RS256", "key": pkix(t, key), "signing_key": pkcs8(t, key)}.String()
	require.Equal(t, []string{"the RSA key must have at least 2048 bits"}, secretMistakes(t, text))
	c := load(t, production(map[string]string{secretName: text, "AUTH_DEV_MODE": "true"}))
	require.Equal(t, []string{"HASURA_GRAPHQL_JWT_SECRET: the RSA key must have at least 2048 bits"}, c.Warnings)
}
