package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	timeout       = 10 * time.Second // for everything that one call needs of an issuer
	maxIDToken    = 16 << 10         // bytes
	clockDistance = time.Minute      // by which an issuer's clock may be ahead
)

// Options are what all issuers need of this server.
type Options struct {
	Clock  port.Clock
	Random port.Random
	Client *http.Client // whose transport is used; nil for one of its own
	Log    *slog.Logger // of issuers that can't be asked; nil for none
}

// Verifier is a port.IDTokens with pinned issuer, keys, algorithms and audiences.
type Verifier struct {
	name      string
	issuer    string
	audiences []string
	claims    ClaimNames
	clock     port.Clock
	keys      *keySet
	log       *slog.Logger
	custom    bool // the issuer is part of the identity
}

var _ port.IDTokens = (*Verifier)(nil)

// Pinned are what is known of an issuer without discovery.
type Pinned struct {
	Name      string
	Issuer    string
	KeysURL   string
	Audiences []string
}

// Apple verifies id tokens of Sign in with Apple; keysURL is "" for Apple's own.
func Apple(audiences []string, keysURL string, o Options) *Verifier {
	if keysURL == "" {
		keysURL = "https://appleid.apple.com/auth/keys"
	}
	return NewVerifier(Pinned{Name: "apple", Issuer: "https://appleid.apple.com", KeysURL: keysURL, Audiences: audiences}, o)
}

// Google verifies id tokens of Google; keysURL is "" for Google's own. Google writes its issuer with and without the scheme; both
// stand for the same keys, so both are accepted.
func Google(audiences []string, keysURL string, o Options) *Verifier {
	if keysURL == "" {
		keysURL = "https://www.googleapis.com/oauth2/v3/certs"
	}
	return NewVerifier(Pinned{Name: "google", Issuer: "https://accounts.google.com", KeysURL: keysURL, Audiences: audiences}, o)
}

// NewVerifier returns the verifier of an issuer that signs with RS256.
func NewVerifier(p Pinned, o Options) *Verifier {
	address := func(context.Context) (string, error) { return p.KeysURL, nil }
	return &Verifier{
		name: p.Name, issuer: p.Issuer, audiences: p.Audiences, claims: ClaimNames{}.withDefaults(), clock: o.Clock, log: logOf(o),
		keys: newKeySet(outgoing.New(o.Client, timeout), o.Clock, address, []jose.SignatureAlgorithm{jose.RS256}),
	}
}

// Run renews the keys until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	every(ctx, renewal, func(ctx context.Context) { v.report(ctx, v.keys.published.renew(ctx)) })
}

// report tells operators of an issuer that can't be asked.
func (v *Verifier) report(ctx context.Context, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		v.log.WarnContext(ctx, "an issuer of id tokens can't be asked; what is known of it stays in use", "provider", v.name, "cause", err.Error())
	}
}

func logOf(o Options) *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Verify implements port.IDTokens.
func (v *Verifier) Verify(ctx context.Context, idToken, nonce string) (domain.ProviderIdentity, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	token, err := v.check(ctx, idToken, v.audiences)
	if err == nil && !sameNonce(token.Nonce, nonce) {
		err = errors.New("the nonce is not the request's, neither raw nor hashed")
	}
	if err == nil {
		var identity domain.ProviderIdentity
		if identity, err = v.identity(token); err == nil {
			return identity, nil
		}
	}
	if errors.Is(err, domain.Unavailable) {
		return domain.ProviderIdentity{}, fmt.Errorf("%s: %w", v.name, err)
	}
	return domain.ProviderIdentity{}, fmt.Errorf("%w: %s: %w", &domain.FieldError{
		Code: domain.InvalidRequest, Field: "idToken", Reason: "is not a good token of this provider for this app",
	}, v.name, err)
}

// check holds a token to issuer, audience, algorithm, keys and times (OpenID Connect Core §3.1.3.7).
func (v *Verifier) check(ctx context.Context, raw string, audiences []string) (*oidc.IDToken, error) {
	if len(raw) > maxIDToken || strings.ContainsFunc(raw, unicode.IsSpace) { // which the library would pass over
		return nil, errors.New("the id token is too long or has white space")
	}
	if _, err := v.keys.known(ctx, false); err != nil {
		return nil, err
	}
	names := make([]string, len(v.keys.algorithms))
	for i, algorithm := range v.keys.algorithms {
		names[i] = string(algorithm)
	}
	verifier := oidc.NewVerifier(v.issuer, v.keys, &oidc.Config{SkipClientIDCheck: true, SupportedSigningAlgs: names, Now: v.clock.Now})
	token, err := verifier.Verify(ctx, raw)
	switch {
	case err != nil:
		return nil, errors.New("the id token is malformed, expired, another issuer's, or not signed by the issuer") // the library's words repeat claims
	case !slices.ContainsFunc(token.Audience, func(audience string) bool { return slices.Contains(audiences, audience) }):
		return nil, errors.New("the id token is for another audience")
	case token.IssuedAt.After(v.clock.Now().Add(clockDistance)):
		return nil, errors.New("the id token comes from the future")
	}
	return token, nil
}

// identity reads who a token is about.
func (v *Verifier) identity(token *oidc.IDToken) (domain.ProviderIdentity, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return domain.ProviderIdentity{}, errors.New("the claims are malformed")
	}
	return v.read(token.Subject, claims), nil
}

func (v *Verifier) read(subject string, claims map[string]any) domain.ProviderIdentity {
	identity := v.claims.read(claims)
	identity.Provider, identity.ID = v.name, subject
	if v.custom {
		identity.Issuer = v.issuer
	}
	return identity
}

// sameNonce compares a token's nonce with that of a request. Apps give providers the nonce as it is or its SHA-256; either way only
// who has the raw one can present the token. A request with a nonce wants a token with one.
func sameNonce(inToken, ofRequest string) bool {
	sum := sha256.Sum256([]byte(ofRequest))
	raw := subtle.ConstantTimeCompare([]byte(inToken), []byte(ofRequest))
	hashed := subtle.ConstantTimeCompare([]byte(inToken), []byte(hex.EncodeToString(sum[:])))
	return raw == 1 || ofRequest != "" && hashed == 1
}

// every calls do at once and then again and again until ctx ends.
func every(ctx context.Context, period time.Duration, do func(ctx context.Context)) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		do(bounded)
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
