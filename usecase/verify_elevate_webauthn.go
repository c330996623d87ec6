package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifyElevateWebauthn finishes an elevation with a security key.
type VerifyElevateWebauthn struct {
	Ceremonies Ceremonies
	Sessions   Sessions
	Policy     domain.SignInPolicy
}

// Do returns a new session whose first access token is elevated. Only the bearer's own key, in a ceremony of the bearer's, is good
// for it. Errors: DisabledEndpoint, InvalidRequest, those of domain.SignInPolicy.MayAct, InvalidEmailPassword (the account is gone).
func (uc *VerifyElevateWebauthn) Do(ctx context.Context, bearer domain.UserID, answer []byte) (session Session, err error) {
	defer func() { uc.Sessions.Audit.elevated(ctx, bearer, domain.MethodSecurityKey, session, err) }()
	if err := uc.Ceremonies.allowed(); err != nil {
		return Session{}, err
	}
	if _, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, bearer); err != nil {
		return Session{}, err
	}
	user, err := uc.Ceremonies.prove(ctx, domain.CeremonyElevate, bearer, answer)
	if err != nil {
		return Session{}, err
	}
	session, err = uc.Sessions.open(ctx, uc.Ceremonies.Store.Sessions(), user, "", true)
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidEmailPassword
	}
	return session, err
}
