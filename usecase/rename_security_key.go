package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RenameSecurityKey gives a security key another name.
type RenameSecurityKey struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
}

// RenameSecurityKeyInput is the key's new name.
type RenameSecurityKeyInput struct {
	Bearer   domain.UserID
	ID       domain.SecurityKeyID
	Nickname string // "": none
}

// Do returns the key as it is then. Errors: DisabledEndpoint, NotFound (the bearer has no such key), those of
// domain.SignInPolicy.MayAct, InvalidEmailPassword (the account is gone).
func (uc *RenameSecurityKey) Do(ctx context.Context, in RenameSecurityKeyInput) (domain.SecurityKey, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return domain.SecurityKey{}, err
	}
	user, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, in.Bearer)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	var key domain.SecurityKey
	err = uc.Ceremonies.Audit.change(ctx, uc.Ceremonies.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.SecurityKeyRenamed, UserID: user.ID, Target: string(in.ID)})
		key, err = repos.SecurityKeys().Rename(ctx, user.ID, in.ID, in.Nickname)
		return err
	})
	if errors.Is(err, port.ErrNotFound) {
		return domain.SecurityKey{}, domain.NotFound
	}
	return key, err
}
