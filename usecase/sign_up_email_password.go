package usecase

import (
	"context"
	"errors"

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
	Password  domain.PasswordPolicy
}

// SignUpEmailPasswordInput is a request to sign up.
type SignUpEmailPasswordInput struct {
	Email    domain.Email
	Password string
	Options  domain.SignUpOptions
}

// Do returns the first session, or nil when the address must be verified first. Errors: SignupDisabled,
// InvalidEmailPassword (the address is refused), PasswordTooShort, RedirectToNotAllowed, RoleNotAllowed,
// DefaultRoleMustBeInAllowedRoles, EmailAlreadyInUse, DisabledUser (the account was created, but disabled).
func (uc *SignUpEmailPassword) Do(ctx context.Context, in SignUpEmailPasswordInput) (*Session, error) {
	profile, err := uc.check(in)
	if err != nil {
		return nil, err
	}
	hash, err := uc.Passwords.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	user := uc.Policy.WithEmail(domain.UserID(uc.Random.UUID()), in.Email, hash, profile)
	user.CreatedAt = uc.Sessions.Clock.Now()
	if user.Disabled || uc.Policy.RequireVerified {
		return nil, uc.insertWithoutSession(ctx, user)
	}
	session, record, err := uc.Sessions.prepare(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := uc.insert(ctx, user, &record); err != nil {
		return nil, err
	}
	return &session, nil
}

// check applies the rules in the order of the API, before anything costs time.
func (uc *SignUpEmailPassword) check(in SignUpEmailPasswordInput) (domain.Profile, error) {
	if err := uc.Policy.MaySignUp(); err != nil {
		return domain.Profile{}, err
	}
	if err := uc.Policy.MayUseEmail(in.Email); err != nil {
		return domain.Profile{}, err
	}
	if err := uc.Password.Check("password", in.Password); err != nil {
		return domain.Profile{}, err
	}
	return uc.Policy.Resolve(in.Options, string(in.Email))
}

func (uc *SignUpEmailPassword) insertWithoutSession(ctx context.Context, user domain.User) error {
	if err := uc.insert(ctx, user, nil); err != nil {
		return err
	}
	if user.Disabled {
		return domain.DisabledUser
	}
	return nil
}

func (uc *SignUpEmailPassword) insert(ctx context.Context, user domain.User, session *domain.Session) error {
	err := uc.Store.Users().Insert(ctx, user, session)
	if errors.Is(err, port.ErrTaken) {
		return domain.EmailAlreadyInUse
	}
	return err
}
