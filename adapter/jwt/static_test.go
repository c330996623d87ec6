package jwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
)

func TestStatic_EveryAlgorithmRoundTripsAndIsWhatOthersVerify(t *testing.T) {
	for _, algorithm := range jwt.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			key := newKey(t, algorithm)
			s, _ := newStatic(t, key)
			for range 20 { // leading zeros of ECDSA's numbers come and go
				token := sign(t, s, claims())
				got, err := s.Verify(bg, token)
				require.NoError(t, err)
				require.Equal(t, claims(), got)
				header, _ := decode(t, token)
				require.Equal(t, algorithm, header["alg"])
				if key.Private == nil {
					require.NoError(t, rawVerify(algorithm, key.HMAC, token))
				} else {
					require.NoError(t, rawVerify(algorithm, key.Private.Public(), token))
				}
			}
			_, err := s.Verify(bg, forge(t, key, object{"alg": algorithm}, payload(nil)))
			require.NoError(t, err)
		})
	}
}

func TestStatic_WritesTheClaimsOfTheContract(t *testing.T) {
	s, _ := newStatic(t, newKey(t, "HS256"))
	c := claims()
	header, payload := decode(t, sign(t, s, c))
	require.Equal(t, object{"alg": "HS256", "typ": "JWT"}, header)
	hasura := object{
		"x-hasura-allowed-roles": []any{"user", "me"}, "x-hasura-default-role": "user",
		"x-hasura-user-id": string(jane), "x-hasura-user-is-anonymous": "false",
	}
	want := object{
		"sub": string(jane), "iss": issuer, "iat": float64(start().Unix()), "exp": float64(start().Unix() + 900),
		"https://hasura.io/jwt/claims": hasura,
	}
	require.Equal(t, want, payload)

	c.IsAnonymous, c.Elevated = true, true
	hasura["x-hasura-user-is-anonymous"], hasura["x-hasura-auth-elevated"] = "true", string(jane)
	_, payload = decode(t, sign(t, s, c))
	require.Equal(t, want, payload)

	c.AllowedRoles = nil
	hasura["x-hasura-allowed-roles"] = []any{}
	_, payload = decode(t, sign(t, s, c))
	require.Equal(t, want, payload)
}

func TestStatic_ReadsElevationAndAnonymity(t *testing.T) {
	s, _ := newStatic(t, newKey(t, "ES256"))
	c := claims()
	c.IsAnonymous, c.Elevated = true, true
	got, err := s.Verify(bg, sign(t, s, c))
	require.NoError(t, err)
	require.Equal(t, c, got)
}

func TestStatic_SomebodyElsesElevationIsNone(t *testing.T) {
	key := newKey(t, "HS256")
	s, _ := newStatic(t, key)
	got, err := s.Verify(bg, forge(t, key, object{"alg": "HS256"}, payload(func(_, h object) { h["x-hasura-auth-elevated"] = joe })))
	require.NoError(t, err)
	require.False(t, got.Elevated)
}

func TestStatic_UsesTheConfiguredNamespace(t *testing.T) {
	s, err := jwt.NewStatic(newKey(t, "HS256"), jwt.Options{Issuer: issuer, ClaimsNamespace: "urn:app", Clock: &clock{now: start()}})
	require.NoError(t, err)
	token := sign(t, s, claims())
	_, payload := decode(t, token)
	require.Contains(t, payload, "urn:app")
	require.NotContains(t, payload, jwt.DefaultNamespace)
	got, err := s.Verify(bg, token)
	require.NoError(t, err)
	require.Equal(t, claims(), got)

	other, _ := newStatic(t, newKey(t, "HS256"))
	requireRefused(t, other, token)
}

func TestStatic_AcceptsLegacyIssuersAndNoOthers(t *testing.T) {
	key := newKey(t, "HS256")
	s, _ := newStatic(t, key)
	issue := func(iss any) string {
		return forge(t, key, object{"alg": "HS256"}, payload(func(p, _ object) { p["iss"] = iss }))
	}
	_, err := s.Verify(bg, issue("hasura-auth"))
	require.NoError(t, err)
	for _, iss := range []any{"", "https://auth.example.com", issuer + "/", strings.ToUpper(issuer), nil, 1, []string{issuer}} {
		requireRefused(t, s, issue(iss), "%v", iss)
	}
	_, payload := decode(t, sign(t, s, claims()))
	require.Equal(t, issuer, payload["iss"])
}

func TestStatic_HeadersCarryTheKidTheyShould(t *testing.T) {
	for _, algorithm := range jwt.Algorithms() {
		key := newKey(t, algorithm)
		var want any
		if key.Private != nil {
			thumbprint, err := jwt.Thumbprint(key.Private.Public())
			require.NoError(t, err)
			want = thumbprint
		}
		s, _ := newStatic(t, key)
		header, _ := decode(t, sign(t, s, claims()))
		require.Equal(t, want, header["kid"], algorithm)

		key.ID = "2026-03"
		s, _ = newStatic(t, key)
		header, _ = decode(t, sign(t, s, claims()))
		require.Equal(t, "2026-03", header["kid"], algorithm)
	}
}

func TestStatic_AcceptsTokensFromBeforeTheKeyHadAKidButNoForeignKid(t *testing.T) {
	for _, id := range []string{"", "2026-03"} {
		for _, algorithm := range []string{"HS256", "ES256"} {
			key := newKey(t, algorithm)
			key.ID = id
			s, _ := newStatic(t, key)
			_, err := s.Verify(bg, forge(t, key, object{"alg": algorithm, "typ": "JWT"}, payload(nil)))
			require.NoError(t, err)
			for _, kid := range []any{"other", "", 1, nil, []string{"2026-03"}} {
				requireRefused(t, s, forge(t, key, object{"alg": algorithm, "kid": kid}, payload(nil)), "%v", kid)
			}
		}
	}
}

func TestStatic_SignsConcurrently(t *testing.T) {
	for _, algorithm := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		s, _ := newStatic(t, newKey(t, algorithm))
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 10 {
					token, err := s.Sign(bg, claims())
					if err == nil {
						_, err = s.Verify(bg, token)
					}
					if err != nil {
						t.Error(algorithm, err)
					}
				}
			})
		}
		all.Wait()
	}
}

func TestStatic_PublishesKeysThatVerifyItsTokens(t *testing.T) {
	for _, algorithm := range jwt.Algorithms() {
		s, _ := newStatic(t, newKey(t, algorithm))
		keys, maxAge, err := s.JWKS(bg)
		require.NoError(t, err)
		require.Equal(t, 60*time.Second, maxAge)
		if strings.HasPrefix(algorithm, "HS") {
			require.Equal(t, []domain.JWK{}, keys)
			continue
		}
		require.Len(t, keys, 1)
		token := sign(t, s, claims())
		header, _ := decode(t, token)
		require.Equal(t, header["kid"], keys[0].KeyID)
		require.Equal(t, algorithm, keys[0].Algorithm)
		require.NoError(t, rawVerify(algorithm, publicFrom(t, keys[0]), token))
	}
}

func TestStatic_PublishesTheRealExponent(t *testing.T) {
	key := newKey(t, "RS256")
	s, _ := newStatic(t, key)
	keys, _, err := s.JWKS(bg)
	require.NoError(t, err)
	public := key.Private.Public().(*rsa.PublicKey)
	require.Equal(t, domain.JWK{
		KeyType: "RSA", KeyID: keys[0].KeyID, Algorithm: "RS256", E: "AQAB",
		N: base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
	}, keys[0])

	jwk := jwt.Key{Algorithm: "RS256", Private: exponentThree(t)}
	s, _ = newStatic(t, jwk)
	keys, _, err = s.JWKS(bg)
	require.NoError(t, err)
	require.Equal(t, "Aw", keys[0].E)
	require.NoError(t, rawVerify("RS256", publicFrom(t, keys[0]), sign(t, s, claims())))
}

func TestNewStatic_RefusesKeysThatDoNotFit(t *testing.T) {
	ec := newKey(t, "ES256")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	for name, key := range map[string]jwt.Key{
		"no algorithm":     {HMAC: []byte("secret")},
		"none":             {Algorithm: "none", HMAC: []byte("secret")},
		"PS256":            {Algorithm: "PS256", Private: newKey(t, "RS256").Private},
		"no secret":        {Algorithm: "HS256"},
		"secret and key":   {Algorithm: "HS256", HMAC: []byte("secret"), Private: ec.Private},
		"no private key":   {Algorithm: "ES256", Public: ec.Private.Public()},
		"secret for ES256": {Algorithm: "ES256", HMAC: []byte("secret")},
		"another curve":    {Algorithm: "ES384", Private: ec.Private},
		"EC for RSA":       {Algorithm: "RS256", Private: ec.Private},
		"EC for EdDSA":     {Algorithm: "EdDSA", Private: ec.Private},
		"Ed25519 for ES":   {Algorithm: "ES256", Private: newKey(t, "EdDSA").Private},
		"small RSA":        {Algorithm: "RS256", Private: small},
		"P-224":            {Algorithm: "ES256", Private: p224},
		"foreign public":   {Algorithm: "ES256", Private: ec.Private, Public: newKey(t, "ES256").Private.Public()},
	} {
		_, err := jwt.NewStatic(key, jwt.Options{Issuer: issuer, Clock: &clock{}})
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret\"", name)
	}
	ec.Public = ec.Private.Public()
	_, err = jwt.NewStatic(ec, jwt.Options{Issuer: issuer, Clock: &clock{}})
	require.NoError(t, err)
	_, err = jwt.NewStatic(ec, jwt.Options{Clock: &clock{}})
	require.Error(t, err)
	_, err = jwt.NewStatic(ec, jwt.Options{Issuer: issuer})
	require.Error(t, err)
}

func BenchmarkStatic(b *testing.B) {
	for _, algorithm := range jwt.Algorithms() {
		s, _ := newStatic(b, newKey(b, algorithm))
		token := sign(b, s, claims())
		b.Run(algorithm+"/sign", func(b *testing.B) {
			for b.Loop() {
				sign(b, s, claims())
			}
		})
		b.Run(algorithm+"/verify", func(b *testing.B) {
			for b.Loop() {
				_, err := s.Verify(bg, token)
				require.NoError(b, err)
			}
		})
	}
}
