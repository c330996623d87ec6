package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminListSessions shows where a user is signed in.
type AdminListSessions struct{ Administration }

// Do returns the user's open sessions, the one used last first. NotFound.
func (uc *AdminListSessions) Do(ctx context.Context, ref domain.UserRef) ([]domain.OpenSession, error) {
	account, err := uc.account(ctx, uc.Store, ref)
	if err != nil {
		return nil, err
	}
	return uc.Store.Sessions().List(ctx, account.ID, uc.Clock.Now())
}
