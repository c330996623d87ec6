package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminDeleteUser deletes a user.
type AdminDeleteUser struct{ Administration }

// Do removes the account and everything that is kept about the user. Access tokens stay good until they expire, for whoever does
// not ask this server. NotFound.
func (uc *AdminDeleteUser) Do(ctx context.Context, ref domain.UserRef) error {
	account, err := uc.account(ctx, uc.Store, ref)
	if err != nil {
		return err
	}
	return notFound(uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, byAdministrator(domain.UserDeleted, account.ID))
		return repos.Administration().Delete(ctx, account.ID)
	}))
}
