package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifySignInWebauthn finishes a sign-in with a security key.
type VerifySignInWebauthn struct {
	Ceremonies Ceremonies
	Sessions   Sessions
	Policy     domain.SignInPolicy
}

// Do returns a new session. answer is what navigator.credentials.get gave, as JSON; the authenticator must have verified the user.
// Errors: DisabledEndpoint, InvalidRequest, those of domain.SignInPolicy.MayAct.
func (uc *VerifySignInWebauthn) Do(ctx context.Context, answer []byte) (Session, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return Session{}, err
	}
	user, err := uc.Ceremonies.prove(ctx, domain.CeremonySignIn, "", answer)
	if err != nil {
		return Session{}, err
	}
	if err := uc.Policy.MayAct(user); err != nil {
		return Session{}, err
	}
	session, err := uc.Sessions.open(ctx, uc.Ceremonies.Store.Sessions(), user, "")
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidEmailPassword
	}
	return session, err
}
