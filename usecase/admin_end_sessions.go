package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// AdminEndSessions signs a user out.
type AdminEndSessions struct{ Administration }

// AdminEndSessionsInput says what to end.
type AdminEndSessionsInput struct {
	User    domain.UserRef
	Session domain.SessionID // only this one; "" for all of them
	Tokens  bool             // personal access tokens, too; not together with Session
}

// Do ends the sessions. With all of them whatever was mailed and could open another becomes void, too. NotFound: there is no such user,
// or no such session.
func (uc *AdminEndSessions) Do(ctx context.Context, in AdminEndSessionsInput) error {
	account, err := uc.account(ctx, uc.Store, in.User)
	if err != nil {
		return err
	}
	if in.Session != "" {
		return notFound(uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
			event := byAdministrator(domain.SessionEnded, account.ID)
			event.SessionID = in.Session
			repos.note(ctx, event)
			return repos.Sessions().EndOwn(ctx, account.ID, in.Session)
		}))
	}
	if in.Tokens {
		if err := uc.removeTokens(ctx, account.ID); err != nil {
			return err
		}
	}
	return uc.endSessions(ctx, account.ID)
}

func (uc *AdminEndSessions) removeTokens(ctx context.Context, id domain.UserID) error {
	return uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		tokens, err := repos.PersonalAccessTokens().List(ctx, id)
		for _, token := range tokens {
			if err := repos.PersonalAccessTokens().Remove(ctx, id, token.ID); err != nil && !errors.Is(err, port.ErrNotFound) {
				return err
			}
			event := byAdministrator(domain.PATRemoved, id)
			event.Target = token.ID
			repos.note(ctx, event)
		}
		return err
	})
}
