package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminGetUser shows an account.
type AdminGetUser struct{ Administration }

// Do returns the account. NotFound.
func (uc *AdminGetUser) Do(ctx context.Context, ref domain.UserRef) (domain.Account, error) {
	return uc.account(ctx, uc.Store, ref)
}
