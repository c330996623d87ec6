package usecase

import (
	"context"

	"github.com/hexauth/hexauth/port"
)

// GetReadiness tells whether requests can be served.
type GetReadiness struct {
	Store port.Store
}

// Do returns nil when the database answers and its schema is up to date, domain.Unavailable otherwise.
func (uc *GetReadiness) Do(ctx context.Context) error { return uc.Store.Ready(ctx) }
