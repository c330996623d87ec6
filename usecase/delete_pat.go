package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// DeletePAT revokes a personal access token.
type DeletePAT struct {
	Store  port.Store
	Policy domain.SignInPolicy
	Audit  Audit
}

// Do removes one of the bearer's tokens. Errors: NotFound, those of domain.SignInPolicy.MayAct.
func (uc *DeletePAT) Do(ctx context.Context, bearer domain.UserID, id string) error {
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return err
	}
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.PATRemoved, UserID: user.ID, Target: id})
		return repos.PersonalAccessTokens().Remove(ctx, user.ID, id)
	})
	if errors.Is(err, port.ErrNotFound) {
		return domain.NotFound
	}
	return err
}
