package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// GetProviderTokens hands out the tokens that a provider gave at the last sign-in, once.
type GetProviderTokens struct {
	Store  port.Store
	Policy domain.SignInPolicy
}

// Do returns the tokens and forgets them; the zero value when there are none. The provider need not be switched on. Errors: those
// of domain.SignInPolicy.MayAct.
func (uc *GetProviderTokens) Do(ctx context.Context, bearer domain.UserID, provider string) (domain.ProviderTokens, error) {
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return domain.ProviderTokens{}, err
	}
	tokens, err := uc.Store.ProviderLinks().TakeTokens(ctx, user.ID, provider)
	if errors.Is(err, port.ErrNotFound) {
		return domain.ProviderTokens{}, nil
	}
	return tokens, err
}
