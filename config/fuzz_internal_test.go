package config

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wantUnrepeated demands that parsing a text fails without repeating any of the longer texts in it. What an error also says where that
// text is another one are its own words.
func wantUnrepeated(t *testing.T, parse func(text string) error, text string) {
	t.Helper()
	said := parse(text).Error()
	require.Less(t, len(said), 20_000)
	for _, found := range regexp.MustCompile(`"([^"\\]{20,})"`).FindAllStringSubmatch(text, -1) {
		if strings.Contains(said, found[1]) {
			err := parse(strings.ReplaceAll(text, found[1], strings.Repeat("z", len(found[1]))))
			require.True(t, err != nil && strings.Contains(err.Error(), found[1]), "%s", said)
		}
	}
}

// only forgets the value.
func only[T any](parse func(text string) (T, error)) func(text string) error {
	return func(text string) error {
		_, err := parse(text)
		return err
	}
}

// FuzzDuration reads durations, in seconds or as Go writes them.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"90", "15m", "720h", "-1", "9223372037", "1e3", "1h30m", "+5s", "", "５"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		again, err := parseDuration(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
		if strings.Trim(text, "0123456789") == "" {
			require.Zero(t, d%time.Second)
			require.GreaterOrEqual(t, d, time.Duration(0))
		}
	})
}

// FuzzSecrets reads the variables that hold JSON or keys: signing keys, webhooks, OpenID issuers, Apple's key, secrets of hooks, custom
// claims. No mistake repeats what stands in them, and what is accepted can be used.
func FuzzSecrets(f *testing.F) {
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	for _, seed := range []string{
		`{"type":"HS256","key":"0123456789abcdef0123456789abcdef","kid":"x","issuer":"hasura-auth","claims_namespace":"https://x"}`, `{"type":"RS256","key":"-----BEGIN PUBLIC KEY-----\\nAA==\\n-----END PUBLIC KEY-----","signing_key":"-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----"}`,
		`{"jwk_url":"https://example.com/jwks"}`, `[{"url":"https://hooks.example.com/auth?key=0123456789abcdef0123","secret":"whsec_` + key + `","events":["sign_in","user.deleted"]}]`,
		`[{"name":"corp","issuer":"https://id.example.com","clientId":"hexauth","clientSecret":"0123456789abcdef0123","scopes":["openid"],"claims":{"email":"mail"},"audiences":["a"]}]`,
		`{"plan":"customer.plan","orgs":"orgs[?(@.a=='b')].id"}`, `{"plan":"free","n":1.50}`, "whsec_" + key, "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----", key, "feedfacecafebeef0123456789abcdef", `null`, `[null]`, `{"a":null}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) error{
			only(parseJWTSecret), only(parseWebhooks), only(parseOIDCProviders), only(parseHookSecret), only(parseHexKey), only(parseAppleKey), only(parseObject),
			only(parseClaimsDefaults),
		} {
			if parse(text) != nil {
				wantUnrepeated(t, parse, text)
			}
		}
		if secret, err := parseJWTSecret(text); err == nil {
			require.True(t, (len(secret.HMAC) > 0) == strings.HasPrefix(secret.Algorithm, "HS"))
			require.True(t, (secret.Private != nil) == (secret.HMAC == nil))
			if key, isRSA := secret.Public.(*rsa.PublicKey); isRSA {
				require.GreaterOrEqual(t, key.N.BitLen(), 1024)
			}
		}
		if hooks, err := parseWebhooks(text); err == nil {
			for _, hook := range hooks {
				_, err := url.Parse(hook.URL)
				require.NoError(t, err)
				require.GreaterOrEqual(t, len(hook.Secret), 24)
				require.NotContains(t, hook.Name(), "?")
			}
		}
		if issuers, err := parseOIDCProviders(text); err == nil {
			for _, issuer := range issuers {
				require.Regexp(t, `\A[a-z0-9][a-z0-9_-]{0,63}\z`, issuer.Name)
				parsed, err := url.Parse(issuer.Issuer)
				require.NoError(t, err)
				require.NotEmpty(t, parsed.Hostname())
				require.NotEmpty(t, issuer.ClientID)
			}
		}
		if key, err := parseHookSecret(text); err == nil {
			require.True(t, len(key) >= 24 && len(key) <= 64)
		}
		if key, err := parseHexKey(text); err == nil {
			require.True(t, len(key) >= 16 && len(key) <= 32)
		}
		if key, err := parseAppleKey(text); err == nil {
			require.Equal(t, "P-256", key.Curve.Params().Name)
		}
		if object, err := parseObject(text); err == nil {
			encoded, err := json.Marshal(object)
			require.NoError(t, err)
			again, err := parseObject(string(encoded))
			require.NoError(t, err)
			require.Equal(t, object, again)
		}
		if claims, err := parseClaims(text); err == nil {
			again, err := parseClaims(claims.String())
			require.NoError(t, err)
			require.Equal(t, claims.String(), again.String())
		}
		if defaults, err := parseClaimsDefaults(text); err == nil {
			again, err := parseClaimsDefaults(defaults.String())
			if err == nil { // a text can get longer when it is written anew
				require.Equal(t, defaults.String(), again.String())
			}
		}
	})
}

// FuzzVariable gives one variable any value, in development or in production. What is accepted is shown so that it can be given again,
// with the same effect.
func FuzzVariable(f *testing.F) {
	variables := Variables()
	byName, kinds := map[string]Variable{}, map[string]bool{}
	for _, v := range variables {
		byName[v.Name] = v
		if kinds[v.Type] {
			continue
		}
		kinds[v.Type] = true
		for i, value := range []string{v.Example, "1e309", "https://example.com/x?a=b#c", "a,,10.0.0.0/8 ,::1", "\x00"} {
			f.Add(v.Name, value, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string, production bool) {
		v, known := byName[name]
		if !known {
			v = variables[crc32.ChecksumIEEE([]byte(name))%uint32(len(variables))]
		}
		environ := map[string]string{"AUTH_DEV_MODE": "true"}
		if production {
			environ = map[string]string{
				"AUTH_DEV_MODE": "false", "AUTH_DATABASE_URL": "postgres://u@h/d", "AUTH_ENCRYPTION_KEY": strings.Repeat("ab", 32), "AUTH_SERVER_URL": "https://auth.example.com",
			}
		}
		environ[v.Name] = value
		c, err := Load(environ)
		if err != nil {
			for _, problem := range err.(*Error).Problems {
				require.NotEmpty(t, problem.Variable)
				require.True(t, !v.Secret || len(value) < 16 || !strings.Contains(problem.Message, value), problem.Message)
			}
			return
		}
		at := slices.IndexFunc(c.Effective(), func(s Setting) bool { return s.Name == v.Name })
		if at < 0 || v.Secret || v.Name == "AUTH_DEV_MODE" || strings.HasSuffix(v.Name, "_CONNECTION") || v.Name == "AUTH_DATABASE_URL" {
			return // hidden, in whole or in part
		}
		shown := c.Effective()[at].Value
		environ[v.Name] = shown
		again, err := Load(environ)
		require.NoError(t, err, "%s is shown as %q", v.Name, shown)
		at = slices.IndexFunc(again.Effective(), func(s Setting) bool { return s.Name == v.Name })
		if at < 0 { // an empty list is as good as none, and nothing is shown of a provider of which nothing is set
			require.Empty(t, shown)
			return
		}
		require.Equal(t, shown, again.Effective()[at].Value)
	})
}

// FuzzEnviron reads lists of the form of os.Environ.
func FuzzEnviron(f *testing.F) {
	f.Add("A=b\nA=c\n=\nx\nB==")
	f.Fuzz(func(t *testing.T, text string) {
		list := strings.Split(text, "\n")
		for name, value := range FromEnviron(list) {
			first := slices.IndexFunc(list, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
			require.GreaterOrEqual(t, first, 0)
			require.NotContains(t, name, "=")
			require.Equal(t, name+"="+value, list[first])
		}
	})
}
