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

// Do returns a new session. answer is what navigator.credentials.get gave, as JSON; the authenticator must have verified the user,
// which makes the key two factors: no other is asked for. Errors: DisabledEndpoint, InvalidRequest, those of domain.SignInPolicy.MayAct.
func (uc *VerifySignInWebauthn) Do(ctx context.Context, answer []byte) (session Session, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodSecurityKey)
	defer func() { try.endedWith(ctx, session, err) }()
	if err := uc.Ceremonies.allowed(); err != nil {
		return Session{}, err
	}
	user, err := uc.Ceremonies.prove(ctx, domain.CeremonySignIn, "", answer)
	if err != nil {
		return Session{}, err
	}
	try.user = user.ID
	if err := uc.Policy.MayAct(user); err != nil {
		return Session{}, err
	}
	signedIn, err := uc.Sessions.signIn(ctx, uc.Ceremonies.Store, user, domain.ByPasskey, "")
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidEmailPassword
	}
	if err != nil {
		return Session{}, err
	}
	return *signedIn.Session, nil
}
