package oidc_test

import (
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/hostile"
	"github.com/hexauth/hexauth/test/kit"
)

const fuzzedIssuer = "https://id.example.com"

// spoken is an issuer whose documents a fuzz target writes.
type spoken struct {
	clock     *kit.Clock
	signer    signer
	documents map[string]hostile.Answer // by path
	asked     int
}

func newSpoken(f *testing.F) *spoken {
	f.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // so that all processes of a run mean the same by a token
	return &spoken{clock: kit.NewClock(), signer: signer{"1", jose.EdDSA, key}}
}

func (s *spoken) options() oidc.Options {
	via := hostile.Transport(func(r *http.Request) hostile.Answer {
		s.asked++
		if answer, found := s.documents[r.URL.Path]; found {
			return answer
		}
		return hostile.Answer{Status: http.StatusNotFound}
	})
	return oidc.Options{Clock: s.clock, Random: system.Random{}, Client: via.Client()}
}

func (s *spoken) issuer() *oidc.Issuer {
	return oidc.NewIssuer(oidc.Settings{Name: "corp", Issuer: fuzzedIssuer, ClientID: "client", ClientSecret: "the-secret-of-the-client"}, s.options())
}

func (s *spoken) keys(f testing.TB) []byte {
	public := jose.JSONWebKey{Key: s.signer.private.Public(), KeyID: s.signer.id, Use: "sig", Algorithm: string(s.signer.algorithm)}
	text, err := json.Marshal(map[string]any{"keys": []any{public}})
	require.NoError(f, err)
	return text
}

const document = `{"issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/auth","token_endpoint":"https://id.example.com/token",` +
	`"jwks_uri":"https://id.example.com/keys","userinfo_endpoint":"https://id.example.com/me"}`

// FuzzDiscovery reads an issuer's document. A browser is sent nowhere without TLS, and only on the word of that issuer.
func FuzzDiscovery(f *testing.F) {
	f.Add(200, []byte(document))
	f.Add(200, []byte(strings.ReplaceAll(document, "https://id.example.com/auth", "http://evil.example/auth")))
	f.Add(200, []byte(strings.ReplaceAll(document, "https://id.example.com/auth", "javascript:alert(1)")))
	f.Add(200, []byte(strings.Replace(document, "https://id.example.com", "https://evil.example", 1)))
	f.Add(200, []byte(`{"issuer":["https://id.example.com"]}`))
	f.Add(500, []byte(`null`))
	s := newSpoken(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		s.documents, s.asked = map[string]hostile.Answer{"/.well-known/openid-configuration": {Status: status, Body: body}}, 0
		location, secret, err := s.issuer().Begin(t.Context(), port.AuthorizationRequest{State: "state", RedirectURI: "https://auth.example.com/callback"})
		require.Equal(t, 1, s.asked)
		if err != nil {
			require.ErrorIs(t, err, domain.OAuthProviderError)
			require.Empty(t, location+secret)
			require.Less(t, len(err.Error()), 200, "it repeats the document")
			return
		}
		var said struct{ Issuer string }
		require.NoError(t, json.Unmarshal(body, &said))
		require.Equal(t, fuzzedIssuer, said.Issuer)
		parsed, err := url.Parse(location)
		require.NoError(t, err)
		require.Equal(t, "https", parsed.Scheme)
		require.NotEmpty(t, parsed.Host)
		require.Equal(t, "state", parsed.Query().Get("state"))
	})
}

// FuzzKeys reads an issuer's keys. A token of somebody else's key stays refused, and so does one that no key has signed.
func FuzzKeys(f *testing.F) {
	s := newSpoken(f)
	f.Add(s.keys(f))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQ","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"OKP","crv":"Ed25519","x":""},7,null]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"` + strings.Repeat("A", 20000) + `","e":"AQAB","x5c":["AA"]}]}`))
	other := newES256(f)
	now := s.clock.Now()
	stranger := other.sign(f, map[string]any{"iss": fuzzedIssuer, "sub": "1", "aud": "client", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	f.Fuzz(func(t *testing.T, body []byte) {
		s.documents, s.asked = map[string]hostile.Answer{"/keys": {Body: body}}, 0
		verifier := oidc.NewVerifier(oidc.Pinned{Name: "corp", Issuer: fuzzedIssuer, KeysURL: fuzzedIssuer + "/keys", Audiences: []string{"client"}}, s.options())
		for _, token := range []string{stranger, stranger[:strings.LastIndexByte(stranger, '.')+1], strings.Repeat("a", 20<<10)} {
			who, err := verifier.Verify(t.Context(), token, "")
			require.Error(t, err)
			require.Equal(t, domain.ProviderIdentity{}, who)
			require.Less(t, len(err.Error()), 400)
		}
		require.Equal(t, 1, s.asked, "an issuer is left alone for a while")
	})
}

// FuzzIDToken reads id tokens that apps bring. None is good that the issuer has not signed.
func FuzzIDToken(f *testing.F) {
	s := newSpoken(f)
	s.documents = map[string]hostile.Answer{"/.well-known/openid-configuration": {Body: []byte(document)}, "/keys": {Body: s.keys(f)}}
	issuer, now := s.issuer(), s.clock.Now()
	good := s.signer.sign(f, map[string]any{"iss": fuzzedIssuer, "sub": "1", "aud": "client", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	part := strings.Split(good, ".")
	for _, seed := range []string{good, "", "..", part[0] + "." + part[1] + ".", "eyJhbGciOiJub25lIn0." + part[1] + ".", good + "=", `{"payload":"` + part[1] + `","signatures":[]}`, "a.b.c.d.e", part[0] + "\n." + part[1] + "." + part[2]} {
		f.Add(seed, "")
	}
	f.Add(good, "a nonce")
	f.Fuzz(func(t *testing.T, token, nonce string) {
		who, err := issuer.Verify(t.Context(), token, nonce)
		if err != nil {
			require.Equal(t, domain.ProviderIdentity{}, who)
			require.Less(t, len(err.Error()), 400)
			if len(token) > 16 {
				require.NotContains(t, err.Error(), token)
			}
			return
		}
		require.Equal(t, [2]string{part[0], part[1]}, [2]string(strings.Split(token, ".")[:2]), "what was signed")
		require.Empty(t, nonce)
	})
}

// FuzzClaims reads claims that the issuer has signed, and what its userinfo adds. Nobody is known without the right issuer, audience and
// time, and no address is attested that is none.
func FuzzClaims(f *testing.F) {
	s := newSpoken(f)
	s.documents = map[string]hostile.Answer{"/.well-known/openid-configuration": {Body: []byte(document)}, "/keys": {Body: s.keys(f)}}
	issuer, now := s.issuer(), s.clock.Now()
	for _, more := range []string{
		`"email":"jane@example.com","email_verified":true,"name":"Jane","picture":"https://e.com/x"`, `"email":"x","email_verified":"true"`, `"email":["a@b.cd"],"name":7`,
		`"sub":"\u0000"`, `"aud":["client","other"]`, `"aud":"other"`, `"exp":1e300`, `"iat":9e18`, `"exp":"x"`, `"iss":"https://evil.example"`, `"nonce":"x"`,
	} {
		f.Add([]byte(`{"iss":"https://id.example.com","sub":"1","aud":"client","iat":1768480496,"exp":4000000000,` + more + `}`))
	}
	f.Fuzz(func(t *testing.T, claims []byte) {
		maker, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: s.signer.private, KeyID: s.signer.id}}, nil)
		require.NoError(t, err)
		signed, err := maker.Sign(claims)
		require.NoError(t, err)
		token, err := signed.CompactSerialize()
		require.NoError(t, err)
		who, err := issuer.Verify(t.Context(), token, "")
		if err != nil {
			require.Equal(t, domain.ProviderIdentity{}, who)
			require.Less(t, len(err.Error()), 400)
			return
		}
		var said map[string]any
		require.NoError(t, json.Unmarshal(claims, &said))
		require.Equal(t, [2]string{"corp", fuzzedIssuer}, [2]string{who.Provider, who.Issuer})
		require.True(t, who.Email != "" || !who.EmailVerified)
		exp, isNumber := said["exp"].(float64)
		require.True(t, isNumber && exp >= float64(now.Unix()), "%s", claims)
	})
}
