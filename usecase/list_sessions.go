package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ListSessions shows a user where they are signed in.
type ListSessions struct {
	Store port.Store
	Clock port.Clock
}

// Do returns the bearer's open sessions, the one used last first. Anonymous users have sessions too.
func (uc *ListSessions) Do(ctx context.Context, bearer domain.UserID) ([]domain.OpenSession, error) {
	return uc.Store.Sessions().List(ctx, bearer, uc.Clock.Now())
}
