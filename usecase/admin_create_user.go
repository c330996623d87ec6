package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// AdminCreateUser creates an account without its owner.
type AdminCreateUser struct {
	Administration
	Passwords port.Passwords
	Checks    PasswordChecks
	Random    port.Random
	Policy    domain.SignUpPolicy
}

// AdminCreateUserInput is what the account shall be. Zero values mean: as at a sign-up.
type AdminCreateUserInput struct {
	Email         domain.Email
	EmailVerified bool
	Disabled      bool
	Password      string // "" for an account without one
	Roles         []domain.Role
	DefaultRole   domain.Role
	DisplayName   string
	Locale        string
	Metadata      domain.Metadata
}

// Do creates the account and returns it. No mail is sent. Errors: PasswordTooShort, PasswordInHIBPDatabase, InvalidRequest (the
// password is too long), DefaultRoleMustBeInAllowedRoles, EmailAlreadyInUse.
func (uc *AdminCreateUser) Do(ctx context.Context, in AdminCreateUserInput) (account domain.Account, err error) {
	user, err := uc.user(in)
	if err != nil {
		return domain.Account{}, err
	}
	if in.Password != "" {
		if err := uc.Checks.check(ctx, "password", in.Password); err != nil {
			return domain.Account{}, err
		}
		if user.PasswordHash, err = uc.Passwords.Hash(ctx, in.Password); err != nil {
			return domain.Account{}, err
		}
	}
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if err := repos.Roles().Ensure(ctx, user.Roles); err != nil {
			return err
		}
		repos.note(ctx, byAdministrator(domain.UserCreated, user.ID))
		if err := repos.Users().Insert(ctx, port.NewUser{User: user}); err != nil {
			return err
		}
		account, err = repos.Administration().Account(ctx, user.ID)
		return err
	})
	if errors.Is(err, port.ErrTaken) {
		return domain.Account{}, domain.EmailAlreadyInUse
	}
	return account, err
}

func (uc *AdminCreateUser) user(in AdminCreateUserInput) (domain.User, error) {
	roles := in.Roles
	if len(roles) == 0 {
		roles = uc.Policy.AllowedRoles
	}
	defaultRole, err := domain.DefaultRoleAmong(roles, in.DefaultRole, uc.Policy.DefaultRole)
	if err != nil {
		return domain.User{}, err
	}
	profile := domain.Profile{
		Roles: roles, DefaultRole: defaultRole, DisplayName: in.DisplayName, Locale: in.Locale, Metadata: in.Metadata,
	}
	if profile.DisplayName == "" {
		profile.DisplayName = string(in.Email)
	}
	if profile.Locale == "" {
		profile.Locale = uc.Policy.DefaultLocale
	}
	user := uc.Policy.WithEmail(domain.UserID(uc.Random.UUID()), in.Email, "", profile)
	user.EmailVerified, user.Disabled, user.CreatedAt = in.EmailVerified, in.Disabled, uc.Clock.Now()
	return user, nil
}
