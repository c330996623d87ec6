package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListProviders shows a user's identities at providers.
type ListProviders struct {
	Store  port.Store
	Policy domain.SignInPolicy
}

// Do returns the links, the oldest first, without tokens. Errors: those of domain.SignInPolicy.MayAct.
func (uc *ListProviders) Do(ctx context.Context, bearer domain.UserID) ([]domain.ProviderLink, error) {
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return nil, err
	}
	return uc.Store.ProviderLinks().List(ctx, user.ID)
}
