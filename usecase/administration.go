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
	Audit Audit
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
func (a Administration) changed(ctx context.Context, id domain.UserID, wanted domain.UserChange) (account domain.Account, err error) {
	err = a.Audit.change(ctx, a.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, byAdministrator(updatedKind(wanted), id))
		if wanted.Email != nil {
			repos.note(ctx, byAdministrator(domain.EmailChanged, id))
		}
		if wanted.Roles != nil {
			if err := repos.Roles().Ensure(ctx, wanted.Roles); err != nil {
				return err
			}
		}
		if err := repos.Administration().Change(ctx, id, wanted); err != nil {
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
	return a.Audit.change(ctx, a.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, byAdministrator(domain.SessionsEnded, id))
		return repos.Sessions().EndAllBut(ctx, id, "")
	})
}

// byAdministrator is an event about a user that an administrator brought about.
func byAdministrator(kind domain.EventKind, user domain.UserID) domain.Event {
	return domain.Event{Kind: kind, Actor: domain.ActorAdministrator, UserID: user}
}

// updatedKind names a change by the most important thing about it.
func updatedKind(wanted domain.UserChange) domain.EventKind {
	switch {
	case wanted.Disabled != nil && *wanted.Disabled:
		return domain.UserDisabled
	case wanted.Disabled != nil:
		return domain.UserEnabled
	}
	return domain.UserUpdated
}
