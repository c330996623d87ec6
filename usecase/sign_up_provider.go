package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// SignUpProvider sends a browser to a provider, to create an account.
type SignUpProvider struct{ ProviderVisit }

// Do returns where to send the browser. Errors: SignupDisabled, and those of SignInProvider but for what it says of connect.
func (uc *SignUpProvider) Do(ctx context.Context, in ProviderVisitInput) (ProviderDeparture, error) {
	if err := uc.SignUp.MaySignUp(); err != nil {
		return ProviderDeparture{}, err
	}
	in.Connect = nil
	return uc.depart(ctx, domain.ProviderSignUp, in)
}
