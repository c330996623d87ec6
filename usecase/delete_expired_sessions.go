package usecase

import (
	"context"

	"github.com/hexauth/hexauth/port"
)

// DeleteExpiredSessions removes refresh tokens and personal access tokens that have expired. Any number of instances may run it.
type DeleteExpiredSessions struct {
	Store port.Store
	Clock port.Clock
	Batch int // rows a statement removes at most
}

// Do works in batches, so that no statement takes long, and says how many rows it removed.
func (uc *DeleteExpiredSessions) Do(ctx context.Context) (int, error) {
	total := 0
	for {
		deleted, err := uc.Store.Sessions().DeleteExpired(ctx, uc.Clock.Now(), uc.Batch)
		total += deleted
		if err != nil || deleted < uc.Batch {
			return total, err
		}
	}
}
