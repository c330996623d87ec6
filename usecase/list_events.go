package usecase

import (
	"context"
	"slices"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListEvents reads the audit log.
type ListEvents struct{ Store port.Store }

// Do returns the newest events that q chooses, the oldest of them first. A user who is given by an address must exist: NotFound. One
// given by an id need not.
func (uc *ListEvents) Do(ctx context.Context, who domain.UserRef, q domain.EventQuery) ([]domain.Event, error) {
	q.User = who.ID
	if who.Email != "" {
		user, err := uc.Store.Users().ByEmail(ctx, who.Email)
		if err != nil {
			return nil, notFound(err)
		}
		q.User = user.ID
	}
	events, err := uc.Store.Events().List(ctx, q)
	slices.Reverse(events)
	return events, err
}
