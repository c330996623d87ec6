package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// UnlinkProvider removes one of a user's identities at providers.
type UnlinkProvider struct {
	Store  port.Store
	Policy domain.SignInPolicy
	WaysIn domain.WaysInPolicy
	Audit  Audit
}

// Do removes it. Of two removals at once that would each leave what the other removes, one is refused. Errors: NotFound,
// LastWayIn, those of domain.SignInPolicy.MayAct.
func (uc *UnlinkProvider) Do(ctx context.Context, bearer domain.UserID, id string) error {
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return err
	}
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.ProviderUnlinked, UserID: user.ID, Target: id})
		before, err := repos.Users().WaysIn(ctx, user.ID)
		if err != nil {
			return err
		}
		if err := repos.ProviderLinks().Remove(ctx, user.ID, id); err != nil {
			return err
		}
		after, err := repos.Users().WaysIn(ctx, user.ID)
		if err != nil {
			return err
		}
		return uc.WaysIn.MayLose(before, after)
	})
	if errors.Is(err, port.ErrNotFound) {
		return domain.NotFound
	}
	return err
}
