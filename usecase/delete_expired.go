package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// DeleteExpired removes what has expired: refresh tokens, personal access tokens, tickets, codes, counts of SMS, ceremonies, states of provider
// sign-ins, messages that were given up long ago, and events of the audit log. Any number of instances may run it.
type DeleteExpired struct {
	Store port.Store
	Clock port.Clock
	Batch int // rows a statement removes at most

	KeepEvents time.Duration // in the audit log
}

// Do works in batches, so that no statement takes long, and says how many rows it removed.
func (uc *DeleteExpired) Do(ctx context.Context) (int, error) {
	total, now := 0, uc.Clock.Now()
	for _, expiring := range []struct {
		before     time.Time
		repository interface {
			DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
		}
	}{
		{now, uc.Store.Sessions()}, {now, uc.Store.Tickets()}, {now, uc.Store.OTPs()}, {now, uc.Store.PKCECodes()},
		{now, uc.Store.Ceremonies()}, {now, uc.Store.SMSCounts()},
		{now, uc.Store.ProviderStates()},
		{now.Add(-domain.ParkedFor), uc.Store.Outbox()}, {now.Add(-uc.KeepEvents), uc.Store.Events()},
	} {
		for {
			deleted, err := expiring.repository.DeleteExpired(ctx, expiring.before, uc.Batch)
			total += deleted
			if err != nil {
				return total, err
			}
			if deleted < uc.Batch {
				break
			}
		}
	}
	return total, nil
}
