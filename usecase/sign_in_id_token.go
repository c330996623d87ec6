package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// SignInIDToken signs somebody in with the id token that the app got from the provider itself.
type SignInIDToken struct {
	ProviderSignIn
	IDTokens IDTokens
}

// SignInIDTokenInput is the token, and what a new account looks like.
type SignInIDTokenInput struct {
	IDTokenInput
	Options domain.SignUpOptions
}

// Do returns the session or the ticket for a second step; neither when a new user must verify the address first. Errors: SchemaValidation, DisabledEndpoint,
// InvalidRequest (the token is not good), OAuthProfileFetchFailed, InvalidEmailPassword, DisabledUser, UnverifiedUser, SignupDisabled,
// RedirectToNotAllowed, RoleNotAllowed, DefaultRoleMustBeInAllowedRoles, ProviderAccountAlreadyLinked, Unavailable.
func (uc *SignInIDToken) Do(ctx context.Context, in SignInIDTokenInput) (SignedIn, error) {
	return uc.byIDToken(ctx, domain.ProviderSignIn, uc.IDTokens, in)
}

// byIDToken is what signing in and up with an id token share.
func (p ProviderSignIn) byIDToken(ctx context.Context, flow domain.ProviderFlow, tokens IDTokens, in SignInIDTokenInput) (signedIn SignedIn, err error) {
	try := p.Sessions.Audit.signIn(domain.MethodIDToken)
	try.target = tokens.known(in.Provider)
	defer func() { try.ended(ctx, signedIn, err) }()
	identity, err := tokens.identity(ctx, in.IDTokenInput)
	if err != nil {
		return SignedIn{}, err
	}
	if identity.Email != "" {
		if err := p.SignUp.MayUseEmail(identity.Email); err != nil {
			return SignedIn{}, err
		}
	}
	got, err := p.enter(ctx, arrival{identity: identity, flow: flow, options: in.Options})
	if err != nil {
		return SignedIn{}, err
	}
	return p.Sessions.finish(ctx, got.admitted)
}
