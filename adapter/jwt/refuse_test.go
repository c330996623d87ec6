package jwt_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
)

func TestVerify_RefusesUnsignedTokens(t *testing.T) {
	for _, algorithm := range []string{"HS256", "ES256"} {
		key := newKey(t, algorithm)
		s, _ := newStatic(t, key)
		good := sign(t, s, claims())
		parts := strings.Split(good, ".")
		requireRefused(t, s, parts[0]+"."+parts[1]+".")
		for _, alg := range []any{"none", "None", "NONE", "", nil, 0, "HS257", []string{algorithm}} {
			head := segment(t, object{"alg": alg, "typ": "JWT"})
			requireRefused(t, s, head+"."+parts[1]+".", "%v", alg)
			requireRefused(t, s, head+"."+parts[1]+"."+parts[2], "%v", alg)
		}
	}
}

func TestVerify_RefusesHMACWithThePublicKeyAsSecret(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		key := newKey(t, algorithm)
		s, _ := newStatic(t, key)
		kid, err := jwt.Thumbprint(key.Private.Public())
		require.NoError(t, err)
		jwks, _, err := s.JWKS(bg)
		require.NoError(t, err)
		for _, secret := range []string{publicPEM(t, key), strings.TrimSpace(publicPEM(t, key)), jwks[0].N + jwks[0].X} {
			for _, hs := range []string{"HS256", "HS384", "HS512"} {
				forged := jwt.Key{Algorithm: hs, HMAC: []byte(secret)}
				requireRefused(t, s, forge(t, forged, object{"alg": hs, "kid": kid}, payload(nil)))
				requireRefused(t, s, forge(t, forged, object{"alg": algorithm, "kid": kid}, payload(nil)))
			}
		}
	}
}

func TestVerify_LetsTheKeyDecideAboutTheAlgorithm(t *testing.T) {
	for _, pair := range [][2]string{{"HS256", "HS512"}, {"HS512", "HS256"}, {"RS256", "RS512"}, {"RS512", "RS256"}} {
		key := newKey(t, pair[0])
		s, _ := newStatic(t, key)
		swapped := key
		swapped.Algorithm = pair[1]
		requireRefused(t, s, forge(t, swapped, object{"alg": pair[1]}, payload(nil)))
		requireRefused(t, s, forge(t, key, object{"alg": pair[1]}, payload(nil)))
		_, err := s.Verify(bg, forge(t, key, object{"alg": pair[0]}, payload(nil)))
		require.NoError(t, err)
	}
}

func TestVerify_RefusesTokensOfOtherKeys(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		s, _ := newStatic(t, newKey(t, algorithm))
		own, _ := decode(t, sign(t, s, claims()))
		stranger := newKey(t, algorithm)
		requireRefused(t, s, forge(t, stranger, object{"alg": algorithm}, payload(nil)))
		requireRefused(t, s, forge(t, stranger, own, payload(nil)))
	}
	s, _ := newStatic(t, newKey(t, "HS256"))
	requireRefused(t, s, forge(t, jwt.Key{Algorithm: "HS256", HMAC: []byte("guess")}, object{"alg": "HS256"}, payload(nil)))
}

func TestVerify_RefusesEveryChangedCharacter(t *testing.T) {
	for _, algorithm := range []string{"HS256", "ES256", "EdDSA"} {
		s, _ := newStatic(t, newKey(t, algorithm))
		token := sign(t, s, claims())
		for i := range token {
			for _, c := range []byte("Aa0_.=\n") {
				if token[i] != c {
					requireRefused(t, s, token[:i]+string(c)+token[i+1:], "position %d", i)
				}
			}
			requireRefused(t, s, token[:i])
			requireRefused(t, s, token[:i]+"\n"+token[i:])
		}
		for _, changed := range []string{token + "=", token + ".", "." + token, token + " ", " " + token, token + "\n", "Bearer " + token} {
			requireRefused(t, s, changed)
		}
	}
}

func TestVerify_RefusesRubbishWithoutReadingItAll(t *testing.T) {
	s, _ := newStatic(t, newKey(t, "ES256"))
	for _, token := range []string{
		"", ".", "..", "...", "a.b.c", "null", "{}", "\x00", strings.Repeat(".", 8192), strings.Repeat("a.", 4000),
		segment(t, nil) + "." + segment(t, nil) + ".", segment(t, object{}) + "." + segment(t, []int{}) + ".AA",
	} {
		requireRefused(t, s, token)
	}
	dots := strings.Repeat(".", 10<<20)
	allocated := testing.AllocsPerRun(10, func() { _, _ = s.Verify(bg, dots) })
	require.Less(t, allocated, 10.0)
	began := time.Now()
	for range 1000 {
		requireRefused(t, s, dots)
	}
	require.Less(t, time.Since(began), 2*time.Second)
}

func TestVerify_RefusesTokensOverTheSizeLimitEvenWhenGood(t *testing.T) {
	key := newKey(t, "HS256")
	s, _ := newStatic(t, key)
	sized := func(n int) string {
		return forge(t, key, object{"alg": "HS256"}, payload(func(p, _ object) { p["pad"] = strings.Repeat("x", n) }))
	}
	_, err := s.Verify(bg, sized(5000))
	require.NoError(t, err)
	requireRefused(t, s, sized(6200))
}

func TestVerify_RefusesHeadersOfOtherTokens(t *testing.T) {
	key := newKey(t, "ES256")
	s, _ := newStatic(t, key)
	for _, header := range []object{
		{"alg": "ES256", "typ": "at+jwt"}, {"alg": "ES256", "typ": "id_token"}, {"alg": "ES256", "typ": ""},
		{"alg": "ES256", "typ": nil}, {"alg": "ES256", "typ": 1},
		{"alg": "ES256", "crit": []string{"exp"}}, {"alg": "ES256", "crit": nil},
		{"alg": "ES256", "crit": []string{"b64"}, "b64": false},
	} {
		requireRefused(t, s, forge(t, key, header, payload(nil)), "%v", header)
	}
	for _, typ := range []string{"JWT", "jwt", "Jwt"} {
		_, err := s.Verify(bg, forge(t, key, object{"alg": "ES256", "typ": typ}, payload(nil)))
		require.NoError(t, err)
	}
}

func TestVerify_ExpiresExactlyAtExp(t *testing.T) {
	s, c := newStatic(t, newKey(t, "HS256"))
	token := sign(t, s, claims())
	c.advance(15*time.Minute - time.Microsecond)
	_, err := s.Verify(bg, token)
	require.NoError(t, err)
	c.advance(time.Microsecond)
	requireRefused(t, s, token)
	c.advance(time.Hour)
	requireRefused(t, s, token)
}

func TestVerify_AllowsForAnotherMachinesClockWhenATokenWasIssued(t *testing.T) {
	key := newKey(t, "HS256")
	s, _ := newStatic(t, key)
	issued := func(d time.Duration) string {
		return forge(t, key, object{"alg": "HS256"}, payload(func(p, _ object) { p["iat"] = start().Add(d).Unix() }))
	}
	for _, d := range []time.Duration{-24 * time.Hour, 0, 60 * time.Second} {
		_, err := s.Verify(bg, issued(d))
		require.NoError(t, err)
	}
	requireRefused(t, s, issued(61*time.Second))
}

func TestVerify_RefusesWhatIsNoAccessToken(t *testing.T) {
	key := newKey(t, "ES256")
	s, _ := newStatic(t, key)
	verify := func(p any) error {
		_, err := s.Verify(bg, forge(t, key, object{"alg": "ES256", "typ": "JWT"}, p))
		return err
	}
	require.NoError(t, verify(payload(nil)))
	for name, change := range map[string]func(p, h object){
		"third-party access token": func(p, _ object) { p["aud"], p["scope"] = "client", "openid graphql" },
		"id token":                 func(p, _ object) { p["aud"] = []string{"client"} },
		"empty audience":           func(p, _ object) { p["aud"] = nil },
		"scope alone":              func(p, _ object) { p["scope"] = "" },
		"no exp":                   func(p, _ object) { delete(p, "exp") },
		"exp null":                 func(p, _ object) { p["exp"] = nil },
		"exp text":                 func(p, _ object) { p["exp"] = "4102444800" },
		"exp zero":                 func(p, _ object) { p["exp"] = 0 },
		"exp negative":             func(p, _ object) { p["exp"] = -1 },
		"no iat":                   func(p, _ object) { delete(p, "iat") },
		"iat text":                 func(p, _ object) { p["iat"] = "1" },
		"iat null":                 func(p, _ object) { p["iat"] = nil },
		"not valid yet":            func(p, _ object) { p["nbf"] = start().Unix() + 1 },
		"no iss":                   func(p, _ object) { delete(p, "iss") },
		"no sub":                   func(p, _ object) { delete(p, "sub") },
		"sub of somebody else":     func(p, _ object) { p["sub"] = joe },
		"sub is a number":          func(p, _ object) { p["sub"] = 1 },
		"user id missing":          func(_, h object) { delete(h, "x-hasura-user-id") },
		"user of somebody else":    func(_, h object) { h["x-hasura-user-id"] = joe },
		"both no UUID":             func(p, h object) { p["sub"], h["x-hasura-user-id"] = "jane", "jane" },
		"both empty":               func(p, h object) { p["sub"], h["x-hasura-user-id"] = "", "" },
		"both in upper case": func(p, h object) {
			p["sub"], h["x-hasura-user-id"] = strings.ToUpper(string(jane)), strings.ToUpper(string(jane))
		},
		"both without dashes": func(p, h object) {
			p["sub"], h["x-hasura-user-id"] = strings.ReplaceAll(string(jane), "-", "0"), strings.ReplaceAll(string(jane), "-", "0")
		},
		"no namespace":         func(p, _ object) { delete(p, jwt.DefaultNamespace) },
		"namespace is text":    func(p, _ object) { p[jwt.DefaultNamespace] = "{}" },
		"another namespace":    func(p, h object) { delete(p, jwt.DefaultNamespace); p["https://example.com"] = h },
		"no roles":             func(_, h object) { delete(h, "x-hasura-allowed-roles") },
		"roles in PostgreSQL":  func(_, h object) { h["x-hasura-allowed-roles"] = "{user,me}" },
		"role is a number":     func(_, h object) { h["x-hasura-allowed-roles"] = []any{"user", 1} },
		"no default role":      func(_, h object) { delete(h, "x-hasura-default-role") },
		"anonymous is a bool":  func(_, h object) { h["x-hasura-user-is-anonymous"] = true },
		"anonymous is nothing": func(_, h object) { delete(h, "x-hasura-user-is-anonymous") },
	} {
		require.ErrorIs(t, verify(payload(change)), domain.Unauthorized, name)
	}
	for name, p := range map[string]any{
		"state": object{
			"iss": issuer, "exp": start().Unix() + 300, "iat": start().Unix(), "connect": "eyJ", "provider": "github",
			"options": object{"redirectTo": "https://example.com", "allowedRoles": []string{"user"}, "defaultRole": "user"},
		},
		"state of a user": object{"iss": issuer, "sub": jane, "exp": start().Unix() + 300, "iat": start().Unix()},
		"nothing":         object{},
		"null":            nil,
		"list":            []any{payload(nil)},
		"text":            "hello",
	} {
		require.ErrorIs(t, verify(p), domain.Unauthorized, name)
	}
}

// FuzzVerify_NeverAcceptsWhatIsNotSigned reads access tokens.
func FuzzVerify_NeverAcceptsWhatIsNotSigned(f *testing.F) {
	keys := map[string]jwt.Key{}
	tokens := map[string]*jwt.Static{}
	for _, algorithm := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		keys[algorithm] = newKey(f, algorithm)
		tokens[algorithm], _ = newStatic(f, keys[algorithm])
		f.Add(sign(f, tokens[algorithm], claims()))
		f.Add(forge(f, keys[algorithm], object{"alg": "none"}, payload(nil)))
		f.Add(forge(f, keys[algorithm], object{"alg": algorithm, "kid": "x", "crit": []string{"x"}}, object{}))
	}
	f.Add("..")
	f.Add(strings.Repeat(".", 5000))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`)) + "..")
	f.Fuzz(func(t *testing.T, token string) {
		for algorithm, s := range tokens {
			got, err := s.Verify(bg, token)
			if err != nil {
				require.ErrorIs(t, err, domain.Unauthorized)
				require.Equal(t, domain.Claims{}, got)
				continue
			}
			var key any = keys[algorithm].HMAC
			if private := keys[algorithm].Private; private != nil {
				key = private.Public()
			}
			require.NoError(t, rawVerify(algorithm, key, token))
			require.Equal(t, claims(), got)
		}
	})
}
