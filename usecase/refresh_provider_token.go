package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RefreshProviderToken exchanges a provider's refresh token for new tokens, with this server's credentials at the provider.
type RefreshProviderToken struct {
	Store     port.Store
	Providers Providers
	Policy    domain.SignInPolicy
}

// Do returns the new tokens and keeps nothing. Errors: SchemaValidation, DisabledEndpoint, those of domain.SignInPolicy.MayAct,
// OAuthProviderError.
func (uc *RefreshProviderToken) Do(ctx context.Context, bearer domain.UserID, provider, refreshToken string) (domain.ProviderTokens, error) {
	adapter, err := uc.Providers.named(provider)
	if err != nil {
		return domain.ProviderTokens{}, err
	}
	if _, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer); err != nil {
		return domain.ProviderTokens{}, err
	}
	return adapter.Refresh(ctx, refreshToken)
}
