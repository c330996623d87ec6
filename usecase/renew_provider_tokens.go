package usecase

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RenewProviderTokens lets a backend, which knows the admin secret, renew the tokens that are kept for a user.
type RenewProviderTokens struct {
	Store       port.Store
	Providers   Providers
	Clock       port.Clock
	AdminSecret string // "": nobody may
}

// RenewProviderTokensInput is whose tokens shall be renewed, and the secret.
type RenewProviderTokensInput struct {
	AdminSecret string
	Provider    string
	UserID      domain.UserID
}

// Do renews the tokens where the provider gave a refresh token that nobody has taken yet, and does nothing otherwise. Errors:
// InvalidAdminSecret.
func (uc *RenewProviderTokens) Do(ctx context.Context, in RenewProviderTokensInput) error {
	given, wanted := sha256.Sum256([]byte(in.AdminSecret)), sha256.Sum256([]byte(uc.AdminSecret))
	if uc.AdminSecret == "" || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		return domain.InvalidAdminSecret
	}
	provider, found := uc.Providers[in.Provider]
	if !found {
		return nil
	}
	link, err := uc.Store.ProviderLinks().Newest(ctx, in.UserID, in.Provider)
	if errors.Is(err, port.ErrNotFound) || err == nil && (link.Tokens == nil || link.Tokens.RefreshToken == "") {
		return nil
	}
	if err != nil {
		return err
	}
	tokens, err := provider.Refresh(ctx, link.Tokens.RefreshToken)
	if err != nil {
		return nil //nolint:nilerr // the answer is the same whatever the provider says
	}
	tokens.RefreshToken = cmp.Or(tokens.RefreshToken, link.Tokens.RefreshToken)
	err = uc.Store.ProviderLinks().KeepTokens(ctx, link.Identity, tokens, uc.Clock.Now())
	if errors.Is(err, port.ErrNotFound) {
		return nil
	}
	return err
}
