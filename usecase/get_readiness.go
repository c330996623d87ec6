package usecase

import (
	"context"
	"fmt"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// GetReadiness tells whether requests should be sent here.
type GetReadiness struct {
	Store    port.Store
	Stopping <-chan struct{} // closed when the server was told to stop
}

// Do returns nil when the database answers, its schema is up to date and the server is to go on; domain.Unavailable otherwise.
func (uc *GetReadiness) Do(ctx context.Context) error {
	select {
	case <-uc.Stopping:
		return fmt.Errorf("%w: the server is stopping", domain.Unavailable)
	default:
		return uc.Store.Ready(ctx)
	}
}
