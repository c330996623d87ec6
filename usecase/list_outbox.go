package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListOutbox shows what waits to be sent or was given up.
type ListOutbox struct{ Outbox port.Outbox }

// Do returns the newest limit messages, without their secrets.
func (uc *ListOutbox) Do(ctx context.Context, limit int) ([]domain.QueuedMessage, error) {
	return uc.Outbox.List(ctx, limit)
}
