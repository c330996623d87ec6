package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Settings are what the operator says about an issuer.
type Settings struct {
	Name         string // in paths
	Issuer       string // exactly as the issuer writes it
	ClientID     string
	ClientSecret string   // "" for a public client
	Scopes       []string // nil: openid, email, profile
	Claims       ClaimNames
	Audiences    []string // of id tokens that apps bring; nil: the client id
}

// Issuer is an OpenID issuer: a port.IdentityProvider, and a port.IDTokens.
type Issuer struct {
	*Verifier
	settings Settings
	client   *http.Client
	random   port.Random
	document kept[metadata]
}

var _ port.IdentityProvider = (*Issuer)(nil)

// metadata is what the issuer's document says (OpenID Connect Discovery §3, RFC 8414, RFC 9207).
type metadata struct {
	AuthorizationURL string   `json:"authorization_endpoint"`
	TokenURL         string   `json:"token_endpoint"`
	KeysURL          string   `json:"jwks_uri"`
	UserInfoURL      string   `json:"userinfo_endpoint"`
	AuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	TellsIssuer      bool     `json:"authorization_response_iss_parameter_supported"`
}

// NewIssuer returns the issuer without asking it anything.
func NewIssuer(s Settings, o Options) *Issuer {
	if s.Scopes == nil {
		s.Scopes = []string{oidc.ScopeOpenID, "email", "profile"}
	}
	if s.Audiences == nil {
		s.Audiences = []string{s.ClientID}
	}
	client := outgoing.New(o.Client, timeout)
	i := &Issuer{settings: s, client: client, random: o.Random}
	i.document = kept[metadata]{clock: o.Clock, fetch: i.discover}
	i.Verifier = &Verifier{
		name: s.Name, issuer: s.Issuer, audiences: s.Audiences, claims: s.Claims.withDefaults(), clock: o.Clock, log: logOf(o), custom: true,
		keys: newKeySet(client, o.Clock, i.keysURL, asymmetric()),
	}
	return i
}

// Run renews what is known of the issuer until ctx ends.
func (i *Issuer) Run(ctx context.Context) {
	every(ctx, renewal, func(ctx context.Context) {
		err := i.document.renew(ctx)
		if err == nil {
			err = i.keys.published.renew(ctx)
		}
		i.report(ctx, err)
	})
}

func (i *Issuer) keysURL(ctx context.Context) (string, error) {
	found, err := i.metadata(ctx)
	return found.KeysURL, err
}

func (i *Issuer) metadata(ctx context.Context) (metadata, error) {
	found, err := i.document.get(ctx, false)
	if err != nil {
		return metadata{}, fmt.Errorf("the issuer can't be discovered: %w", err)
	}
	return found, nil
}

// discover asks for the issuer's document.
func (i *Issuer) discover(ctx context.Context) (metadata, error) {
	var found metadata
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.client), i.settings.Issuer) // compares the issuer (Discovery §4.3)
	switch {
	case err != nil && ctx.Err() != nil:
		return found, ctx.Err()
	case err != nil:
		return found, errors.New("there is no document of this issuer at its address") // the library's words repeat the answer
	}
	if err := provider.Claims(&found); err != nil {
		return found, errors.New("the issuer's document is malformed")
	}
	for _, address := range []string{found.AuthorizationURL, found.TokenURL, found.KeysURL} {
		if !i.trusts(address) {
			return found, errors.New("the issuer's document lacks an address, or names one without TLS")
		}
	}
	if !i.trusts(found.UserInfoURL) {
		found.UserInfoURL = ""
	}
	return found, nil
}

// trusts tells whether an address is as safe as the issuer's own.
func (i *Issuer) trusts(address string) bool {
	own, err := url.Parse(i.settings.Issuer)
	parsed, err2 := url.Parse(address)
	return err == nil && err2 == nil && parsed.Host != "" && (parsed.Scheme == "https" || parsed.Scheme == "http" && own.Scheme == "http")
}

// request is what Finish needs of the request: Begin's secret.
type request struct {
	Verifier string `json:"verifier"`
	Nonce    string `json:"nonce"`
}

// Begin implements port.IdentityProvider. Challenge and nonce are sent to every issuer: those that don't know them ignore them
// (RFC 6749 §3.1).
func (i *Issuer) Begin(ctx context.Context, r port.AuthorizationRequest) (location, secret string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := i.metadata(ctx)
	if err != nil {
		return "", "", fmt.Errorf("%w: %s: %w", domain.OAuthProviderError, i.name, err)
	}
	own := request{Verifier: i.unguessable(), Nonce: i.unguessable()}
	text, err := json.Marshal(own)
	if err != nil {
		return "", "", err
	}
	config := i.config(found, r.RedirectURI)
	return config.AuthCodeURL(r.State, oauth2.S256ChallengeOption(own.Verifier), oidc.Nonce(own.Nonce)), string(text), nil
}

// Finish implements port.IdentityProvider.
func (i *Issuer) Finish(ctx context.Context, callback port.ProviderCallback, secret string) (domain.ProviderIdentity, domain.ProviderTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	token, own, found, err := i.exchange(ctx, callback, secret)
	if err != nil {
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthTokenExchangeFailed, i.name, err)
	}
	identity, err := i.who(ctx, token, own, found)
	if err != nil {
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProfileFetchFailed, i.name, err)
	}
	return identity, i.tokens(token), nil
}

func (i *Issuer) exchange(ctx context.Context, callback port.ProviderCallback, secret string) (*oauth2.Token, request, metadata, error) {
	var own request
	found, err := i.metadata(ctx)
	switch {
	case err != nil:
		return nil, own, found, err
	case json.Unmarshal([]byte(secret), &own) != nil || own.Verifier == "" || own.Nonce == "":
		return nil, own, found, errors.New("the secret of the request is missing or damaged")
	case callback.Code == "":
		return nil, own, found, errors.New("the callback has no code")
	case callback.Issuer != i.settings.Issuer && (callback.Issuer != "" || found.TellsIssuer):
		return nil, own, found, errors.New("the callback comes from another issuer (RFC 9207)")
	}
	config := i.config(found, callback.RedirectURI)
	token, err := config.Exchange(i.withClient(ctx), callback.Code, oauth2.VerifierOption(own.Verifier))
	if err != nil {
		return nil, own, found, outgoing.Failure(err)
	}
	return token, own, found, nil
}

// who verifies the id token that came with the access token. What it does not tell is asked for at the issuer's userinfo, which
// must speak of the same subject (OpenID Connect Core §5.3.2).
func (i *Issuer) who(ctx context.Context, token *oauth2.Token, own request, found metadata) (domain.ProviderIdentity, error) {
	raw, _ := token.Extra("id_token").(string)
	verified, err := i.check(ctx, raw, []string{i.settings.ClientID})
	if err != nil {
		return domain.ProviderIdentity{}, err
	}
	var claims map[string]any
	switch {
	case verified.Nonce != own.Nonce:
		return domain.ProviderIdentity{}, errors.New("the id token belongs to another request: its nonce differs")
	case verified.AccessTokenHash != "" && verified.VerifyAccessToken(token.AccessToken) != nil:
		return domain.ProviderIdentity{}, errors.New("the id token belongs to another access token")
	case verified.Claims(&claims) != nil:
		return domain.ProviderIdentity{}, errors.New("the claims are malformed")
	case len(verified.Audience) > 1 && claims["azp"] != i.settings.ClientID:
		return domain.ProviderIdentity{}, errors.New("the id token was given to another client (azp)")
	case i.claims.complete(claims) || found.UserInfoURL == "":
		return i.read(verified.Subject, claims), nil
	}
	var info map[string]any
	if err := getJSON(ctx, i.client, found.UserInfoURL, token.AccessToken, &info); err != nil {
		return domain.ProviderIdentity{}, fmt.Errorf("userinfo: %w", err)
	}
	if info["sub"] != verified.Subject {
		return domain.ProviderIdentity{}, errors.New("userinfo speaks of somebody else than the id token")
	}
	return i.read(verified.Subject, info), nil
}

// Refresh implements port.IdentityProvider. The old refresh token is kept when there is no new one.
func (i *Issuer) Refresh(ctx context.Context, refreshToken string) (domain.ProviderTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := i.metadata(ctx)
	if err == nil && refreshToken == "" {
		err = errors.New("there is no refresh token")
	}
	if err != nil {
		return domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProviderError, i.name, err)
	}
	config := i.config(found, "")
	token, err := config.TokenSource(i.withClient(ctx), &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return domain.ProviderTokens{}, fmt.Errorf("%w: %s: %w", domain.OAuthProviderError, i.name, outgoing.Failure(err))
	}
	return i.tokens(token), nil
}

func (i *Issuer) config(found metadata, redirectURI string) oauth2.Config {
	style := oauth2.AuthStyleInHeader // what an issuer that says nothing takes (Discovery §3)
	if i.settings.ClientSecret == "" || len(found.AuthMethods) > 0 && !slices.Contains(found.AuthMethods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return oauth2.Config{
		ClientID: i.settings.ClientID, ClientSecret: i.settings.ClientSecret, Scopes: i.settings.Scopes, RedirectURL: redirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: found.AuthorizationURL, TokenURL: found.TokenURL, AuthStyle: style},
	}
}

func (i *Issuer) withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, i.client)
}

// tokens counts the expiry by this server's clock.
func (i *Issuer) tokens(token *oauth2.Token) domain.ProviderTokens {
	return domain.ProviderTokens{
		AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, ExpiresAt: outgoing.Expiry(i.clock.Now(), token.ExpiresIn),
	}
}

// unguessable returns 32 random bytes in base64url: a verifier as RFC 7636 §4.1 recommends it.
func (i *Issuer) unguessable() string {
	a, b := i.random.Nonce(), i.random.Nonce()
	return base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...))
}
