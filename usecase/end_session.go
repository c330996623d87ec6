package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// EndSession signs a user out elsewhere.
type EndSession struct {
	Store port.Store
	Audit Audit
}

// Do ends one of the bearer's sessions. NotFound: it is none of theirs, or over.
func (uc *EndSession) Do(ctx context.Context, bearer domain.UserID, id domain.SessionID) error {
	ctx = domain.WithActing(ctx, bearer, "") // the session may be the one that asks
	err := uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.SessionEnded, UserID: bearer, SessionID: id})
		return repos.Sessions().EndOwn(ctx, bearer, id)
	})
	if errors.Is(err, port.ErrNotFound) {
		return domain.NotFound
	}
	return err
}
