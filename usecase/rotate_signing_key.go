package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RotateSigningKey adds a key that takes over the signing of access tokens. Tokens of the old one stay good: it is published
// until the last of them has expired.
type RotateSigningKey struct {
	Store     port.Store
	Audit     Audit
	Maker     port.KeyMaker
	Clock     port.Clock
	Algorithm string
}

// Do returns the new key. It is published at once and signs after delay, so that everybody who caches keys has it by then.
// port.ErrTaken: another rotation happened at the same time.
func (uc *RotateSigningKey) Do(ctx context.Context, delay time.Duration) (domain.SigningKey, error) {
	keys, err := uc.Store.SigningKeys().List(ctx)
	if err != nil {
		return domain.SigningKey{}, err
	}
	key, err := uc.Maker.Make(uc.Algorithm)
	if err != nil {
		return domain.SigningKey{}, err
	}
	key.Generation = 1
	if len(keys) > 0 {
		key.Generation = keys[len(keys)-1].Generation + 1
	}
	key.CreatedAt = uc.Clock.Now()
	key.ActivateAt = key.CreatedAt.Add(delay)
	return key, uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.SigningKeyRotated, Actor: domain.ActorAdministrator, Target: key.ID})
		return repos.SigningKeys().Add(ctx, key)
	})
}
