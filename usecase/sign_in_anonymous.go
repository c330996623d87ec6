package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInAnonymous creates an account without any credential and opens a session for it.
type SignInAnonymous struct {
	Store    port.Store
	Random   port.Random
	Sessions Sessions
	Policy   domain.SignUpPolicy
}

// Do returns the session; of options it heeds the display name, the locale and the metadata. Errors: SignupDisabled,
// DisabledEndpoint (anonymous users are switched off).
func (uc *SignInAnonymous) Do(ctx context.Context, options domain.SignUpOptions) (Session, error) {
	if err := uc.Policy.MaySignUp(); err != nil {
		return Session{}, err
	}
	if !uc.Policy.AnonymousEnabled {
		return Session{}, domain.DisabledEndpoint
	}
	user := uc.Policy.Anonymous(domain.UserID(uc.Random.UUID()), options)
	user.CreatedAt = uc.Sessions.Clock.Now()
	o, record := uc.Sessions.prepare(ctx, user)
	if err := uc.Sessions.Audit.create(ctx, uc.Store.Users(), port.NewUser{User: user, Session: &record}, domain.ActorUser); err != nil {
		return Session{}, err
	}
	return uc.Sessions.issue(ctx, o)
}
