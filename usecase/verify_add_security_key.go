package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifyAddSecurityKey finishes the registration of another security key.
type VerifyAddSecurityKey struct {
	Ceremonies Ceremonies
	Random     port.Random
	Policy     domain.SignInPolicy
}

// VerifyAddSecurityKeyInput is the new key.
type VerifyAddSecurityKeyInput struct {
	Bearer   domain.UserID
	Answer   []byte // of navigator.credentials.create, as JSON
	Nickname string
}

// Do stores the key and returns it. Errors: DisabledEndpoint, InvalidRequest (also where there are domain.MaxSecurityKeys by now), those of domain.SignInPolicy.MayAct,
// InvalidEmailPassword (the account is gone).
func (uc *VerifyAddSecurityKey) Do(ctx context.Context, in VerifyAddSecurityKeyInput) (domain.SecurityKey, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return domain.SecurityKey{}, err
	}
	if _, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, in.Bearer); err != nil {
		return domain.SecurityKey{}, err
	}
	ceremony, err := uc.Ceremonies.take(ctx, domain.CeremonyAdd, in.Bearer, in.Answer)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	key, err := uc.Ceremonies.newKey(ceremony, in.Answer)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	key.ID, key.Nickname = domain.SecurityKeyID(uc.Random.UUID()), in.Nickname
	err = uc.Ceremonies.Audit.change(ctx, uc.Ceremonies.Store, func(ctx context.Context, repos *change) error {
		others, err := repos.SecurityKeys().List(ctx, in.Bearer)
		if err == nil {
			err = domain.RoomForKey(others)
		}
		if err != nil {
			return err
		}
		repos.note(ctx, domain.Event{Kind: domain.SecurityKeyAdded, UserID: in.Bearer, Target: string(key.ID)})
		return repos.SecurityKeys().Add(ctx, key)
	})
	switch {
	case errors.Is(err, port.ErrTaken):
		return domain.SecurityKey{}, errKeyTaken()
	case errors.Is(err, port.ErrNotFound):
		return domain.SecurityKey{}, domain.InvalidEmailPassword
	}
	return key, err
}
