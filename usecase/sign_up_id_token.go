package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// SignUpIDToken creates an account for whoever an id token speaks of.
type SignUpIDToken struct {
	ProviderSignIn
	IDTokens IDTokens
}

// Do returns the session; none when the address must be verified first. Errors: SignupDisabled, EmailAlreadyInUse (the identity
// or its address has an account), and those of SignInIDToken.
func (uc *SignUpIDToken) Do(ctx context.Context, in SignInIDTokenInput) (SignedIn, error) {
	if err := uc.SignUp.MaySignUp(); err != nil {
		return SignedIn{}, err
	}
	return uc.byIDToken(ctx, domain.ProviderSignUp, uc.IDTokens, in)
}
