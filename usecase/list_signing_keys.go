package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListSigningKeys tells which keys there are and in which state.
type ListSigningKeys struct {
	Keys     port.SigningKeys
	Clock    port.Clock
	Lifetime time.Duration // how long a key is published after its successor has taken over
}

// Do returns the keys ordered by generation.
func (uc *ListSigningKeys) Do(ctx context.Context) ([]domain.KeyState, error) {
	keys, err := uc.Keys.List(ctx)
	if err != nil {
		return nil, err
	}
	return domain.KeyStates(keys, uc.Clock.Now(), uc.Lifetime), nil
}
