package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
)

func publicPEM(t testing.TB, k jwt.Key) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// exponentThree makes an RSA key whose public exponent is not the usual one.
func exponentThree(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	three, one := big.NewInt(3), big.NewInt(1)
	prime := func() *big.Int {
		for {
			p, err := rand.Prime(rand.Reader, 1024)
			require.NoError(t, err)
			if new(big.Int).Mod(p, three).Int64() == 2 {
				return p
			}
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 3},
		D:         new(big.Int).ModInverse(three, phi), Primes: []*big.Int{p, q},
	}
	key.Precompute()
	require.NoError(t, key.Validate())
	return key
}

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// RFC 7638 §3.1.
func TestThumbprint_IsThatOfTheRFCsRSAKey(t *testing.T) {
	n := "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn" +
		"64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91Cb" +
		"OpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	got, err := jwt.Thumbprint(&rsa.PublicKey{N: new(big.Int).SetBytes(bytesOf(t, n)), E: 65537})
	require.NoError(t, err)
	require.Equal(t, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", got)
}

// RFC 8037 appendices A.2 and A.3.
func TestThumbprint_IsThatOfTheRFCsEd25519Key(t *testing.T) {
	got, err := jwt.Thumbprint(ed25519.PublicKey(bytesOf(t, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")))
	require.NoError(t, err)
	require.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", got)
}

func TestThumbprint_RefusesKeysThatAreNone(t *testing.T) {
	_, err := jwt.Thumbprint("key")
	require.EqualError(t, err, "a key of type string has no JWK here")
}

// About one key in 128 has a coordinate that begins with a zero byte, which must not be dropped (RFC 7518 §6.2.1.2).
func TestJWKS_WritesCoordinatesInFullLength(t *testing.T) {
	lengths := map[string]int{"ES256": 43, "ES384": 64, "ES512": 88}
	curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	for algorithm, length := range lengths {
		zero := false
		for i := 0; i < 5000 && !zero; i++ {
			private, err := ecdsa.GenerateKey(curves[algorithm], rand.Reader)
			require.NoError(t, err)
			point, err := private.PublicKey.Bytes()
			require.NoError(t, err)
			size := len(point) / 2
			zero = point[1] == 0 && point[2]&0x80 == 0 || point[1+size] == 0
			if !zero && i > 3 {
				continue
			}
			s, _ := newStatic(t, jwt.Key{Algorithm: algorithm, Private: private})
			keys, _, err := s.JWKS(bg)
			require.NoError(t, err)
			require.Len(t, keys[0].X, length)
			require.Len(t, keys[0].Y, length)
			require.Equal(t, "EC", keys[0].KeyType)
			require.True(t, private.PublicKey.Equal(publicFrom(t, keys[0])))
		}
		require.True(t, zero)
	}
}

func TestMaker_MakesKeysOfEveryAsymmetricAlgorithm(t *testing.T) {
	maker := jwt.Maker{Cipher: vault("v"), Random: rand.Reader}
	for _, algorithm := range []string{"", "ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512"} {
		made, err := maker.Make(algorithm)
		require.NoError(t, err)
		text, err := vault("v").Decrypt(made.PrivateKey)
		require.NoError(t, err)
		block, _ := pem.Decode([]byte(text))
		require.Equal(t, "PRIVATE KEY", block.Type)
		_, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		require.NoError(t, err)

		private, err := jwt.ParsePrivateKey(text)
		require.NoError(t, err)
		public, err := jwt.ParsePublicKey(made.PublicKey)
		require.NoError(t, err)
		if algorithm == "" {
			algorithm = "ES256"
		}
		thumbprint, err := jwt.Thumbprint(public)
		require.NoError(t, err)
		require.Equal(t, domain.SigningKey{
			ID: thumbprint, Algorithm: algorithm, PrivateKey: made.PrivateKey, PublicKey: made.PublicKey,
		}, made)
		s, _ := newStatic(t, jwt.Key{Algorithm: algorithm, Private: private, Public: public})
		require.NoError(t, rawVerify(algorithm, public, sign(t, s, claims())))
	}
}

func TestMaker_NeverMakesTheSameKeyTwice(t *testing.T) {
	maker := jwt.Maker{Cipher: vault("v"), Random: rand.Reader}
	for _, algorithm := range []string{"ES256", "EdDSA"} {
		one, err := maker.Make(algorithm)
		require.NoError(t, err)
		other, err := maker.Make(algorithm)
		require.NoError(t, err)
		require.NotEqual(t, one.ID, other.ID)
	}
}

func TestMaker_RefusesSharedSecretsAndUnknownAlgorithms(t *testing.T) {
	for _, algorithm := range []string{"HS256", "none", "PS256", "es256"} {
		_, err := jwt.Maker{Cipher: vault("v"), Random: rand.Reader}.Make(algorithm)
		require.ErrorContains(t, err, "must be ES256", algorithm)
	}
}

func TestParsePrivateKey_ReadsWhatToolsWrite(t *testing.T) {
	rsaKey := newKey(t, "RS256").Private.(*rsa.PrivateKey)
	ecKey := newKey(t, "ES256").Private.(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	require.NoError(t, err)
	write := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	parameters := write("EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7})
	for text, equal := range map[string]func(crypto.PrivateKey) bool{
		write("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)): rsaKey.Equal,
		write("PRIVATE KEY", pkcs8):                                   rsaKey.Equal,
		parameters + write("EC PRIVATE KEY", sec1):                    ecKey.Equal,
		"\n\n" + write("EC PRIVATE KEY", sec1) + "\n":                 ecKey.Equal,
	} {
		got, err := jwt.ParsePrivateKey(text)
		require.NoError(t, err, text)
		require.True(t, equal(got))
	}
	for _, text := range []string{"", "hunter2", publicPEM(t, jwt.Key{Private: ecKey}), write("PRIVATE KEY", []byte("hunter2"))} {
		_, err := jwt.ParsePrivateKey(text)
		require.EqualError(t, err, "is not a private key in PEM (PKCS#8, PKCS#1 or SEC 1, not encrypted)")
	}
}

func TestParsePublicKey_ReadsWhatToolsWrite(t *testing.T) {
	key := newKey(t, "RS256")
	private := key.Private.(*rsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	for _, text := range []string{
		publicPEM(t, key),
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)})),
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
	} {
		got, err := jwt.ParsePublicKey(text)
		require.NoError(t, err)
		require.True(t, private.PublicKey.Equal(got))
	}
	for _, text := range []string{"", "hunter2"} {
		_, err := jwt.ParsePublicKey(text)
		require.EqualError(t, err, "is not a public key in PEM (PKIX, PKCS#1 or a certificate)")
	}
}
