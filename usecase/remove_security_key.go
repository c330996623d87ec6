package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RemoveSecurityKey takes a security key from a user's account.
type RemoveSecurityKey struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
	WaysIn     domain.WaysInPolicy
}

// Do removes one of the bearer's keys, unless the user could not sign in any more without it: of two removals at once the second
// sees what the first has left. Sessions that were opened with the key stay. Errors: DisabledEndpoint, NotFound (the bearer has no
// such key), LastWayIn, those of domain.SignInPolicy.MayAct, InvalidEmailPassword (the account is gone).
func (uc *RemoveSecurityKey) Do(ctx context.Context, bearer domain.UserID, id domain.SecurityKeyID) error {
	if err := uc.Ceremonies.allowed(); err != nil {
		return err
	}
	user, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return err
	}
	err = uc.Ceremonies.Audit.change(ctx, uc.Ceremonies.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.SecurityKeyRemoved, UserID: user.ID, Target: string(id)})
		before, err := repos.Users().WaysIn(ctx, user.ID)
		if err != nil {
			return err
		}
		if err := repos.SecurityKeys().Remove(ctx, user.ID, id); err != nil {
			return err
		}
		after := before
		after.SecurityKeys--
		return uc.WaysIn.MayLose(before, after)
	})
	if errors.Is(err, port.ErrNotFound) {
		return domain.NotFound
	}
	return err
}
