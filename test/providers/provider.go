package providers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The client that every provider knows. Some of its characters have to be escaped in forms and headers.
const (
	ClientID     = "client-1"
	ClientSecret = "s3cret/+ %:"
)

// Provider is one imitated provider. It may be used by several goroutines.
type Provider struct {
	Name string
	URL  string           // of this imitation
	Now  func() time.Time // for id tokens and client secrets; set it before the first request

	dialect dialect
	secret  *ecdsa.PrivateKey // Apple: with which clients sign

	keyMu     sync.Mutex
	signing   *rsa.PrivateKey // of id tokens
	signingID string

	mu       sync.Mutex
	person   Person
	counter  int
	codes    map[string]*grant // by code, or by request token (OAuth 1.0a); used ones stay, with a nil grant
	tokens   map[string]Person // by access token
	refresh  map[string]Person // by refresh token
	requests []Request
	instead  map[string]http.HandlerFunc
}

// grant is a consent that was not taken yet.
type grant struct {
	person      Person
	redirectURI string
	challenge   string // PKCE
	nonce       string
	scope       string
	token       string // OAuth 1.0a: the verifier's counterpart
	secret      string
	verifier    string
}

// Request is what arrived.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Form   url.Values // of the body
}

// Names lists the providers.
func Names() []string {
	return []string{
		"apple", "azuread", "bitbucket", "discord", "entraid", "facebook", "github", "gitlab", "google", "linkedin", "spotify", "strava",
		"twitch", "twitter", "windowslive", "workos",
	}
}

// Start runs the provider until the test ends. Whoever signs in first is jane@example.com, attested.
func Start(t testing.TB, name string) *Provider {
	t.Helper()
	p, err := New(name)
	require.NoError(t, err)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// New returns a provider to be served at the root of its URL, which the caller sets.
func New(name string) (*Provider, error) {
	d, ok := dialects()[name]
	if !ok {
		return nil, fmt.Errorf("no provider is called %q", name)
	}
	p := &Provider{
		Name: name, Now: time.Now, dialect: d, codes: map[string]*grant{}, tokens: map[string]Person{}, refresh: map[string]Person{},
		instead: map[string]http.HandlerFunc{}, signingID: firstSigningKey,
	}
	p.person = Person{Email: "jane@example.com", Attested: Yes, Name: "Jane Doe"}
	var err error
	if p.secret, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if d.signs {
		p.signing, err = firstKey()
	}
	return p, err
}

// firstKey is the first signing key of every provider: making one takes longer than most tests.
var firstKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// SignsIn says who is at the browser from now on.
func (p *Provider) SignsIn(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Instead has a path ("/token", "/profile", "/profile/emails", "/request_token", "/keys", "/authorize") answered by somebody
// else; nil gives it back.
func (p *Provider) Instead(path string, handler http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead[path] = handler
}

// Requests returns what arrived at a path, oldest first.
func (p *Provider) Requests(path string) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Request
	for _, r := range p.requests {
		if r.Path == path {
			list = append(list, r)
		}
	}
	return list
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	_ = r.ParseForm()
	p.mu.Lock()
	p.requests = append(p.requests, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Form: maps.Clone(r.PostForm),
	})
	instead := p.instead[r.URL.Path]
	p.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	paths := map[string]http.HandlerFunc{
		"/authorize": p.authorize, "/token": p.token, "/profile": p.profile, "/profile/emails": p.emails, "/keys": p.keys,
	}
	if p.Name == "twitter" {
		paths = map[string]http.HandlerFunc{
			"/request_token": p.requestToken, "/authorize": p.authorizeOAuth1, "/access_token": p.accessToken, "/profile": p.profileOAuth1,
		}
	}
	if handle, ok := paths[r.URL.Path]; ok {
		handle(w, r)
		return
	}
	http.NotFound(w, r)
}

// draw returns text that was never returned before and that a search for secrets recognises.
func (p *Provider) draw(kind string) string {
	p.counter++
	return fmt.Sprintf("%s-%s-%d-%s", p.Name, kind, p.counter, rand.Text())
}

// Environment configures hexauth for this provider.
func (p *Provider) Environment() map[string]string {
	prefix := "AUTH_PROVIDER_" + strings.ToUpper(p.Name) + "_"
	if p.Name == "windowslive" {
		prefix = "AUTH_PROVIDER_WINDOWS_LIVE_"
	}
	environ := map[string]string{
		prefix + "ENABLED": "true", prefix + "AUTHORIZATION_URL": p.URL + "/authorize", prefix + "TOKEN_URL": p.URL + "/token",
		prefix + "USER_PROFILE_URL": p.URL + "/profile", prefix + "CLIENT_ID": ClientID, prefix + "CLIENT_SECRET": ClientSecret,
	}
	switch p.Name {
	case "apple":
		delete(environ, prefix+"CLIENT_SECRET")
		delete(environ, prefix+"USER_PROFILE_URL")
		environ[prefix+"JWKS_URL"] = p.URL + "/keys"
		environ[prefix+"TEAM_ID"], environ[prefix+"KEY_ID"], environ[prefix+"PRIVATE_KEY"] = AppleTeamID, AppleKeyID, p.ApplePrivateKey()
	case "twitter":
		delete(environ, prefix+"CLIENT_ID")
		delete(environ, prefix+"CLIENT_SECRET")
		environ[prefix+"CONSUMER_KEY"], environ[prefix+"CONSUMER_SECRET"] = ClientID, ClientSecret
		environ[prefix+"REQUEST_TOKEN_URL"], environ[prefix+"TOKEN_URL"] = p.URL+"/request_token", p.URL+"/access_token"
	}
	return environ
}
