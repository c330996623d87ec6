package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignUpWebauthn begins a sign-up with a security key instead of a password.
type SignUpWebauthn struct {
	Ceremonies Ceremonies
	Random     port.Random
	Policy     domain.SignUpPolicy
}

// SignUpWebauthnInput is a request to sign up.
type SignUpWebauthnInput struct {
	Email   domain.Email
	Options domain.SignUpOptions
}

// Do returns the options for navigator.credentials.create. Whether the address is taken is not looked at: whoever finishes the
// ceremony learns it. Errors: DisabledEndpoint, SignupDisabled, RedirectToNotAllowed, RoleNotAllowed,
// DefaultRoleMustBeInAllowedRoles, InvalidEmailPassword (the address is refused).
func (uc *SignUpWebauthn) Do(ctx context.Context, in SignUpWebauthnInput) ([]byte, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return nil, err
	}
	if err := uc.Policy.MaySignUp(); err != nil {
		return nil, err
	}
	profile, err := resolveWithKey(uc.Policy, in.Email, in.Options)
	if err != nil {
		return nil, err
	}
	owner := port.KeyOwner{ID: domain.UserID(uc.Random.UUID()), Name: profile.DisplayName, DisplayName: profile.DisplayName}
	ceremony := domain.Ceremony{Purpose: domain.CeremonySignUp, Email: in.Email, Options: in.Options}
	return uc.Ceremonies.register(ctx, ceremony, owner, true)
}

// resolveWithKey applies the rules about new accounts in the order of the API.
func resolveWithKey(policy domain.SignUpPolicy, email domain.Email, options domain.SignUpOptions) (domain.Profile, error) {
	if err := policy.MayLink(options.RedirectTo); policy.RequireVerified && err != nil {
		return domain.Profile{}, err
	}
	profile, err := policy.Resolve(options, string(email))
	if err != nil {
		return domain.Profile{}, err
	}
	return profile, policy.MayUseEmail(email)
}
