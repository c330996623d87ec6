package usecase

import (
	"context"

	"github.com/hexauth/hexauth/port"
)

// RetryOutbox brings messages back that were given up.
type RetryOutbox struct {
	Outbox port.Outbox
	Clock  port.Clock
}

// Do makes one message due, or all that are parked when id is "", and says how many.
func (uc *RetryOutbox) Do(ctx context.Context, id string) (int, error) {
	return uc.Outbox.Retry(ctx, id, uc.Clock.Now())
}
