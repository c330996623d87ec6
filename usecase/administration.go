package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Administration is what the operations for administrators have in common. They are subject to the rules about what an account is,
// but not to those about who may sign up, and not to the configured choice of roles.
type Administration struct {
	Store port.Store
	Clock port.Clock
}

// account finds who is meant. NotFound.
func (a Administration) account(ctx context.Context, repos port.Repos, ref domain.UserRef) (domain.Account, error) {
	id := ref.ID
	if id == "" {
		user, err := repos.Users().ByEmail(ctx, ref.Email)
		if err != nil {
			return domain.Account{}, notFound(err)
		}
		id = user.ID
	}
	account, err := repos.Administration().Account(ctx, id)
	return account, notFound(err)
}

// notFound translates what is not, or no longer, there.
func notFound(err error) error {
	if errors.Is(err, port.ErrNotFound) {
		return domain.NotFound
	}
	return err
}

// changed changes an account and returns it as it is then. Roles that nobody has had come into being. NotFound, EmailAlreadyInUse.
func (a Administration) changed(ctx context.Context, id domain.UserID, change domain.UserChange) (account domain.Account, err error) {
	err = a.Store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		if change.Roles != nil {
			if err := repos.Roles().Ensure(ctx, change.Roles); err != nil {
				return err
			}
		}
		if err := repos.Administration().Change(ctx, id, change); err != nil {
			return err
		}
		account, err = repos.Administration().Account(ctx, id)
		return err
	})
	if errors.Is(err, port.ErrTaken) {
		return domain.Account{}, domain.EmailAlreadyInUse
	}
	return account, notFound(err)
}

// endSessions ends all sessions of a user after a change that must not leave any. The change is committed before: whoever is just
// signing in either sees it or has a session by now, which ends here.
func (a Administration) endSessions(ctx context.Context, id domain.UserID) error {
	return a.Store.Sessions().EndAllBut(ctx, id, "")
}
