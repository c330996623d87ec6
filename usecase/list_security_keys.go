package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// ListSecurityKeys shows a user's security keys.
type ListSecurityKeys struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
}

// Do returns the bearer's keys, oldest first. Errors: DisabledEndpoint, those of domain.SignInPolicy.MayAct, InvalidEmailPassword
// (the account is gone).
func (uc *ListSecurityKeys) Do(ctx context.Context, bearer domain.UserID) ([]domain.SecurityKey, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return nil, err
	}
	user, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return nil, err
	}
	return uc.Ceremonies.Store.SecurityKeys().List(ctx, user.ID)
}
