package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListPATs shows a user's personal access tokens.
type ListPATs struct {
	Store  port.Store
	Policy domain.SignInPolicy
}

// Do returns the tokens, newest first, without their secrets. Errors: those of domain.SignInPolicy.MayAct.
func (uc *ListPATs) Do(ctx context.Context, bearer domain.UserID) ([]domain.PersonalAccessToken, error) {
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return nil, err
	}
	return uc.Store.PersonalAccessTokens().List(ctx, user.ID)
}
