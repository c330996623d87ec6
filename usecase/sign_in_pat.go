package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInPAT signs a program in with a personal access token.
type SignInPAT struct {
	Store    port.Store
	Sessions Sessions
	Policy   domain.SignInPolicy
}

// Do returns a new session; the token stays as it is. Errors: InvalidPAT, those of domain.SignInPolicy.MayAct.
func (uc *SignInPAT) Do(ctx context.Context, token string) (Session, error) {
	user, err := uc.Store.PersonalAccessTokens().Owner(ctx, domain.RefreshToken(token).Hash(), uc.Sessions.Clock.Now())
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidPAT
	}
	if err != nil {
		return Session{}, err
	}
	if err := uc.Policy.MayAct(user); err != nil {
		return Session{}, err
	}
	session, err := uc.Sessions.open(ctx, uc.Store.Sessions(), user, "")
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidPAT
	}
	return session, err
}
