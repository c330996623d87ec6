package oauth

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"

	"github.com/hexauth/hexauth/adapter/outgoing"
)

// Settings are what this server's operator says about one provider. "" and nil stand for what the provider's file says.
type Settings struct {
	ClientID         string // Twitter: the consumer key
	ClientSecret     string // Twitter: the consumer secret; Apple has none
	Scopes           []string
	AuthorizationURL string // a query is kept
	TokenURL         string
	ProfileURL       string

	RequestTokenURL string // Twitter
	Tenant          string // Microsoft: a tenant's id or domain, common, organizations or consumers

	AppleTeamID     string
	AppleKeyID      string
	ApplePrivateKey *ecdsa.PrivateKey // on P-256
	AppleKeysURL    string            // the JWKS for id tokens

	WorkOSOrganization string // when a request names none, and likewise below
	WorkOSConnection   string
	WorkOSDomain       string
}

// Options are what all providers need of this server.
type Options struct {
	Clock   port.Clock
	Random  port.Random
	Timeout time.Duration // for everything one call needs of a provider; 0 for 10 s
	Client  *http.Client  // whose transport is used; nil for one of its own
}

// kind is what is particular about a provider of OAuth 2.0.
type kind struct {
	authorizationURL string
	tokenURL         string
	profileURL       string
	scopes           []string
	parameters       url.Values // more of the authorization request
	basic            bool       // credentials go into the header Authorization, otherwise into the form (RFC 6749 §2.3.1)
	pkce             bool       // RFC 7636 is known to be supported together with a client secret
	nonce            nonce

	// select adds what depends on the request; nil for nothing.
	selects func(request port.AuthorizationRequest, parameters url.Values)
	// secret makes the client secret for one request; nil for that of the settings.
	secret func(now time.Time) (string, error)
	// read finds out who it is that the provider let in.
	read func(ctx context.Context, v visit) (profile, error)
}

// nonce says when a provider gives id tokens that repeat a nonce (OpenID Connect Core §3.1.2.1).
type nonce int

const (
	never      nonce = iota
	withOpenID       // when the scopes hold openid
	always
)

// provider is a port.IdentityProvider that speaks OAuth 2.0.
type provider struct {
	name    string
	kind    kind
	config  oauth2.Config
	clock   port.Clock
	random  port.Random
	client  *http.Client
	timeout time.Duration
}

var _ port.IdentityProvider = (*provider)(nil)

func newProvider(name string, k kind, s Settings, o Options) *provider {
	k.profileURL = cmp.Or(s.ProfileURL, k.profileURL)
	if s.Scopes != nil {
		k.scopes = s.Scopes
	}
	if k.nonce == withOpenID && !slices.Contains(k.scopes, "openid") {
		k.nonce = never
	}
	style := oauth2.AuthStyleInParams
	if k.basic {
		style = oauth2.AuthStyleInHeader
	}
	return &provider{
		name: name, kind: k, clock: o.Clock, random: o.Random, client: o.Client, timeout: o.Timeout,
		config: oauth2.Config{
			ClientID: s.ClientID, ClientSecret: s.ClientSecret, Scopes: k.scopes,
			Endpoint: oauth2.Endpoint{
				AuthURL: cmp.Or(s.AuthorizationURL, k.authorizationURL), TokenURL: cmp.Or(s.TokenURL, k.tokenURL), AuthStyle: style,
			},
		},
	}
}

// request is what Finish needs of the request: Begin's secret.
type request struct {
	Verifier    string `json:"verifier,omitempty"`    // RFC 7636
	Nonce       string `json:"nonce,omitempty"`       // OpenID Connect
	Token       string `json:"token,omitempty"`       // OAuth 1.0a
	TokenSecret string `json:"tokenSecret,omitempty"` // OAuth 1.0a
}

func (r request) encode() string {
	if r == (request{}) {
		return ""
	}
	text, _ := json.Marshal(r) //nolint:errchkjson // strings can always be encoded
	return string(text)
}

func decodeRequest(secret string) (request, error) {
	var r request
	if secret != "" && json.Unmarshal([]byte(secret), &r) != nil {
		return request{}, errors.New("the secret of the request is damaged")
	}
	return r, nil
}

// Begin asks nobody: the address is put together from the settings.
func (p *provider) Begin(_ context.Context, r port.AuthorizationRequest) (location, secret string, err error) {
	var own request
	parameters := url.Values{}
	for name, values := range p.kind.parameters {
		parameters[name] = values
	}
	if p.kind.selects != nil {
		p.kind.selects(r, parameters)
	}
	if p.kind.pkce {
		own.Verifier = unguessable(p.random)
		parameters.Set("code_challenge", domain.S256(own.Verifier))
		parameters.Set("code_challenge_method", "S256")
	}
	if p.kind.nonce != never {
		own.Nonce = unguessable(p.random)
		parameters.Set("nonce", own.Nonce)
	}
	var options []oauth2.AuthCodeOption
	for name := range parameters {
		options = append(options, oauth2.SetAuthURLParam(name, parameters.Get(name)))
	}
	config := p.config
	config.RedirectURL = r.RedirectURI
	return config.AuthCodeURL(r.State, options...), own.encode(), nil
}

// Finish takes one code to the token address, at most once.
func (p *provider) Finish(ctx context.Context, callback port.ProviderCallback, secret string) (domain.ProviderIdentity, domain.ProviderTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	token, own, err := p.exchange(ctx, callback, secret)
	if err != nil {
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthTokenExchangeFailed, p.name, err)
	}
	who, err := p.kind.read(ctx, visit{provider: p, callback: callback, request: own, token: token})
	if err == nil {
		var identity domain.ProviderIdentity
		if identity, err = who.identity(p.name); err == nil {
			return identity, p.tokens(token), nil
		}
	}
	return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProfileFetchFailed, p.name, err)
}

func (p *provider) exchange(ctx context.Context, callback port.ProviderCallback, secret string) (*oauth2.Token, request, error) {
	own, err := decodeRequest(secret)
	switch {
	case err != nil:
		return nil, own, err
	case callback.Code == "":
		return nil, own, errors.New("the callback has no code")
	case p.kind.pkce && own.Verifier == "" || p.kind.nonce != never && own.Nonce == "":
		return nil, own, errors.New("the request's secret is missing")
	case !sameOrigin(callback.Issuer, p.config.Endpoint.AuthURL):
		return nil, own, errors.New("the callback comes from another issuer (RFC 9207)")
	}
	config, err := p.authenticated()
	if err != nil {
		return nil, own, err
	}
	config.RedirectURL = callback.RedirectURI
	var options []oauth2.AuthCodeOption
	if own.Verifier != "" {
		options = append(options, oauth2.VerifierOption(own.Verifier))
	}
	token, err := config.Exchange(p.withClient(ctx), callback.Code, options...)
	if err != nil {
		return nil, own, outgoing.Failure(err)
	}
	return token, own, nil
}

// Refresh keeps the old refresh token when the provider gives no new one.
func (p *provider) Refresh(ctx context.Context, refreshToken string) (domain.ProviderTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	if refreshToken == "" {
		return domain.ProviderTokens{}, fmt.Errorf("%w: %s: there is no refresh token", domain.OAuthProviderError, p.name)
	}
	config, err := p.authenticated()
	if err != nil {
		return domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProviderError, p.name, err)
	}
	token, err := config.TokenSource(p.withClient(ctx), &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProviderError, p.name, outgoing.Failure(err))
	}
	return p.tokens(token), nil
}

// authenticated returns the configuration with a client secret that is good now.
func (p *provider) authenticated() (oauth2.Config, error) {
	config := p.config
	if p.kind.secret == nil {
		return config, nil
	}
	secret, err := p.kind.secret(p.clock.Now())
	config.ClientSecret = secret
	return config, err
}

func (p *provider) withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, p.client)
}

// tokens counts the expiry by this server's clock.
func (p *provider) tokens(token *oauth2.Token) domain.ProviderTokens {
	tokens := domain.ProviderTokens{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken}
	seconds := token.ExpiresIn
	if inForm, ok := token.Extra("expires_in").(int64); ok && seconds == 0 {
		seconds = inForm
	}
	tokens.ExpiresAt = outgoing.Expiry(p.clock.Now(), seconds)
	return tokens
}

// unguessable returns 32 random bytes in base64url: a verifier as RFC 7636 §4.1 recommends it.
func unguessable(random port.Random) string {
	a, b := random.Nonce(), random.Nonce()
	return base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...))
}

// sameOrigin tells whether the issuer that a callback names is where the browser was sent to. Providers that don't know RFC
// 9207 name none.
func sameOrigin(issuer, authorizationURL string) bool {
	if issuer == "" {
		return true
	}
	a, errA := url.Parse(issuer)
	b, errB := url.Parse(authorizationURL)
	return errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host
}

// visit is one user's way through a provider: what the provider's file reads the profile with.
type visit struct {
	*provider
	callback port.ProviderCallback
	request  request
	token    *oauth2.Token
}

// get decodes a JSON document of the provider's API. headers are pairs of name and value, beyond the access token.
func (v visit) get(ctx context.Context, address string, into any, headers ...string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return errors.New("the address can't be used")
	}
	request.Header.Set("Authorization", "Bearer "+v.token.AccessToken)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return getJSON(v.client, request, into)
}
