package port

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AuthorizationRequest is what a provider needs to know to ask its user for consent.
type AuthorizationRequest struct {
	State        string // opaque, comes back with the callback
	RedirectURI  string // of the callback
	Organization string // WorkOS: an organization of the request, "" for the configured one
	Connection   string // WorkOS: a connection of the request, "" for the configured one
}

// ProviderCallback is what the browser brought back from the provider. None of it can be trusted.
type ProviderCallback struct {
	RedirectURI   string // as in the request
	Code          string // OAuth 2.0
	Issuer        string // RFC 9207, "" when the provider sent none
	IDToken       string // Apple's form
	User          string // Apple's form: JSON with a name, at the first consent only
	OAuthToken    string // OAuth 1.0a
	OAuthVerifier string // OAuth 1.0a
}

// IdentityProvider knows users of somebody else's: an OAuth or OpenID provider.
type IdentityProvider interface {
	// Begin returns where the browser has to go, and what Finish needs of this request: PKCE verifier, nonce, request token
	// secret. That is secret, and "" when there is nothing. domain.OAuthProviderError: the provider had to be asked, and could
	// not be.
	Begin(ctx context.Context, request AuthorizationRequest) (location, secret string, err error)

	// Finish exchanges what came back for the identity and the provider's tokens. domain.OAuthTokenExchangeFailed,
	// domain.OAuthProfileFetchFailed, each with the reason wrapped beside it and without a secret.
	Finish(ctx context.Context, callback ProviderCallback, secret string) (domain.ProviderIdentity, domain.ProviderTokens, error)

	// Refresh exchanges a refresh token for new tokens. domain.OAuthProviderError.
	Refresh(ctx context.Context, refreshToken string) (domain.ProviderTokens, error)
}

// IDTokens verifies id tokens that an app got from a provider by itself.
type IDTokens interface {
	// Verify returns the identity of a token with pinned issuer, audience, algorithm and keys that is not expired. nonce is the
	// request's, raw; a token that carries one must carry it raw or as the SHA-256 in hexadecimal digits. domain.InvalidRequest
	// with the reason wrapped beside it; domain.Unavailable when the keys can't be had.
	Verify(ctx context.Context, idToken, nonce string) (domain.ProviderIdentity, error)
}
