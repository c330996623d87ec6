package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// EndOtherSessions signs a user out everywhere but here.
type EndOtherSessions struct {
	Store port.Store
	Audit Audit
}

// Do ends all of the bearer's sessions but current; all of them when the access token does not name its session.
func (uc *EndOtherSessions) Do(ctx context.Context, bearer domain.UserID, current domain.SessionID) error {
	return uc.Audit.endAllBut(ctx, uc.Store, bearer, current)
}
