package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// AdminSetPassword gives a user another password.
type AdminSetPassword struct {
	Administration
	Passwords port.Passwords
	Checks    PasswordChecks
}

// Do sets the password and ends all sessions of the user. Errors: NotFound, PasswordTooShort, PasswordInHIBPDatabase,
// InvalidRequest (the password is too long).
func (uc *AdminSetPassword) Do(ctx context.Context, ref domain.UserRef, password string) error {
	account, err := uc.account(ctx, uc.Store, ref)
	if err != nil {
		return err
	}
	if err := uc.Checks.check(ctx, "password", password); err != nil {
		return err
	}
	hash, err := uc.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, byAdministrator(domain.PasswordChanged, account.ID))
		return repos.Users().SetPasswordHash(ctx, account.ID, hash)
	})
	if err != nil {
		return notFound(err)
	}
	return uc.endSessions(ctx, account.ID)
}
