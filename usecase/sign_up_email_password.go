package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignUpEmailPassword creates an account with an e-mail address and a password.
type SignUpEmailPassword struct {
	Store     port.Store
	Passwords port.Passwords
	Random    port.Random
	Sessions  Sessions
	Policy    domain.SignUpPolicy
	Checks    PasswordChecks
	Tickets   Tickets
}

// SignUpEmailPasswordInput is a request to sign up.
type SignUpEmailPasswordInput struct {
	Email    domain.Email
	Password string
	Options  domain.SignUpOptions

	CodeChallenge string // for the link that verifies the address
}

// Do returns the first session, or nil when the address must be verified first. Errors: SignupDisabled,
// InvalidEmailPassword (the address is refused), PasswordTooShort, PasswordInHIBPDatabase, RedirectToNotAllowed, RoleNotAllowed,
// DefaultRoleMustBeInAllowedRoles, EmailAlreadyInUse, DisabledUser (the account was created, but disabled).
func (uc *SignUpEmailPassword) Do(ctx context.Context, in SignUpEmailPasswordInput) (*Session, error) {
	profile, err := uc.check(ctx, in)
	if err != nil {
		return nil, err
	}
	hash, err := uc.Passwords.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	user := uc.Policy.WithEmail(domain.UserID(uc.Random.UUID()), in.Email, hash, profile)
	enrolment := Enrolment{Store: uc.Store, Sessions: uc.Sessions, Policy: uc.Policy, Tickets: uc.Tickets}
	return enrolment.create(ctx, port.NewUser{User: user}, profile.RedirectTo, in.CodeChallenge)
}

// check applies the rules in the order of the API, before anything costs time.
func (uc *SignUpEmailPassword) check(ctx context.Context, in SignUpEmailPasswordInput) (domain.Profile, error) {
	if err := uc.Policy.MaySignUp(); err != nil {
		return domain.Profile{}, err
	}
	if err := uc.Policy.MayUseEmail(in.Email); err != nil {
		return domain.Profile{}, err
	}
	if err := uc.Checks.check(ctx, "password", in.Password); err != nil {
		return domain.Profile{}, err
	}
	if err := uc.Policy.MayLink(in.Options.RedirectTo); uc.Policy.RequireVerified && err != nil {
		return domain.Profile{}, err
	}
	return uc.Policy.Resolve(in.Options, string(in.Email))
}
