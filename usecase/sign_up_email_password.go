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
	user.CreatedAt = uc.Sessions.Clock.Now()
	if user.Disabled {
		return nil, firstError(uc.insert(ctx, port.NewUser{User: user}), domain.DisabledUser)
	}
	if uc.Policy.RequireVerified {
		ticket, message := uc.Tickets.link(forLink{domain.TicketVerifyEmail, user, in.Email, profile.RedirectTo, in.CodeChallenge})
		return nil, uc.insert(ctx, port.NewUser{User: user, Ticket: &ticket, Message: &message})
	}
	session, record, err := uc.Sessions.prepare(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := uc.insert(ctx, port.NewUser{User: user, Session: &record}); err != nil {
		return nil, err
	}
	return &session, nil
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

func (uc *SignUpEmailPassword) insert(ctx context.Context, user port.NewUser) error {
	err := uc.Store.Users().Insert(ctx, user)
	if errors.Is(err, port.ErrTaken) {
		return domain.EmailAlreadyInUse
	}
	return err
}
