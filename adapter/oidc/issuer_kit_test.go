package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signer is a key of the issuer.
type signer struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newES256(t testing.TB) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return signer{uuid.NewString(), jose.ES256, key}
}

// sign makes a token of claims.
func (s signer) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return compact(t, s.algorithm, jose.JSONWebKey{Key: s.private, KeyID: s.id}, claims)
}

func compact(t testing.TB, algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	require.NoError(t, err)
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := maker.Sign(text)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

// issuer is a small OpenID issuer. Tests change its fields before they let a user in.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	clock  *kit.Clock
	signer signer

	claims   map[string]any // of the id token, beyond the usual ones; nil values leave a claim out
	info     map[string]any // of userinfo; nil: there is none
	document map[string]any // overrides members of the discovery document
	down     atomic.Bool
	keysRead atomic.Int64
	form     url.Values // of the last token request
	basic    bool       // it came with credentials in the header
	hostile  http.HandlerFunc

	challenge, nonce string // of the last visit
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, clock: kit.NewClock(), signer: newES256(t)}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case i.hostile != nil:
		i.hostile(w, r)
	case i.down.Load():
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/auth", "token_endpoint": i.server.URL + "/token",
			"jwks_uri": i.server.URL + "/keys", "authorization_response_iss_parameter_supported": true,
		}
		if i.info != nil {
			document["userinfo_endpoint"] = i.server.URL + "/me"
		}
		answer(w, merge(document, i.document))
	case r.URL.Path == "/keys":
		i.keysRead.Add(1)
		public := jose.JSONWebKey{Key: i.signer.private.Public(), KeyID: i.signer.id, Use: "sig", Algorithm: string(i.signer.algorithm)}
		answer(w, map[string]any{"keys": []any{map[string]any{"kty": "something new"}, public}})
	case r.URL.Path == "/token":
		i.token(w, r)
	case r.URL.Path == "/me" && r.Header.Get("Authorization") == "Bearer access":
		answer(w, i.info)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.form = r.PostForm
	_, _, i.basic = r.BasicAuth()
	if r.PostForm.Get("grant_type") == "refresh_token" {
		if r.PostForm.Get("refresh_token") != "refresh" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_grant", "error_description": "a secret"})
			return
		}
		answer(w, map[string]any{"access_token": "renewed", "token_type": "Bearer", "expires_in": 60})
		return
	}
	if r.PostForm.Get("code") != "code" || domain.S256(r.PostForm.Get("code_verifier")) != i.challenge {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"error": "invalid_grant"})
		return
	}
	answer(w, map[string]any{
		"access_token": "access", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh", "id_token": i.idToken(i.claims),
	})
}

// idToken is a good token but for what claims say.
func (i *issuer) idToken(claims map[string]any) string {
	return i.signer.sign(i.t, i.good(claims))
}

func (i *issuer) good(claims map[string]any) map[string]any {
	now := i.clock.Now()
	return merge(map[string]any{
		"iss": i.server.URL, "sub": "user 1", "aud": "client", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": i.nonce,
		"email": "jane@example.com", "email_verified": true, "name": "Jane Doe", "picture": "https://example.com/jane.png",
	}, claims)
}

func merge(base, over map[string]any) map[string]any {
	for name, value := range over {
		if base[name] = value; value == nil {
			delete(base, name)
		}
	}
	return base
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// options are those of an adapter that is asked by this test alone.
func (i *issuer) options() oidc.Options {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	i.t.Cleanup(transport.CloseIdleConnections)
	return oidc.Options{Clock: i.clock, Random: system.Random{}, Client: &http.Client{Transport: transport}}
}

func (i *issuer) adapter(changes ...func(*oidc.Settings)) *oidc.Issuer {
	settings := oidc.Settings{Name: "corp", Issuer: i.server.URL, ClientID: "client", ClientSecret: "client's secret"}
	for _, change := range changes {
		change(&settings)
	}
	return oidc.NewIssuer(settings, i.options())
}

// visit goes to the issuer and comes back.
func (i *issuer) visit(adapter *oidc.Issuer) (callback port.ProviderCallback, secret string) {
	i.t.Helper()
	location, secret, err := adapter.Begin(i.t.Context(), port.AuthorizationRequest{State: "state", RedirectURI: "https://auth.example.com/callback"})
	require.NoError(i.t, err)
	parsed, err := url.Parse(location)
	require.NoError(i.t, err)
	query := parsed.Query()
	require.Equal(i.t, []string{"state", "code", "client", "S256", "https://auth.example.com/callback"},
		[]string{query.Get("state"), query.Get("response_type"), query.Get("client_id"), query.Get("code_challenge_method"), query.Get("redirect_uri")})
	i.challenge, i.nonce = query.Get("code_challenge"), query.Get("nonce")
	require.NotContains(i.t, location, secret)
	return port.ProviderCallback{RedirectURI: "https://auth.example.com/callback", Code: "code", Issuer: i.server.URL}, secret
}

// enters is the whole way.
func (i *issuer) enters(adapter *oidc.Issuer) (domain.ProviderIdentity, domain.ProviderTokens, error) {
	i.t.Helper()
	callback, secret := i.visit(adapter)
	return adapter.Finish(i.t.Context(), callback, secret)
}

func (i *issuer) jane() domain.ProviderIdentity {
	return domain.ProviderIdentity{
		Provider: "corp", Issuer: i.server.URL, ID: "user 1", Email: "jane@example.com", EmailVerified: true, Name: "Jane Doe",
		AvatarURL: "https://example.com/jane.png",
	}
}
