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

// Do returns a new session; the token stays as it is. No second factor is asked for: a program has none, and whoever made the token
// was signed in. Errors: InvalidPAT, those of domain.SignInPolicy.MayAct.
func (uc *SignInPAT) Do(ctx context.Context, token string) (session Session, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodPAT)
	defer func() { try.endedWith(ctx, session, err) }()
	user, err := uc.Store.PersonalAccessTokens().Owner(ctx, domain.RefreshToken(token).Hash(), uc.Sessions.Clock.Now())
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidPAT
	}
	if err != nil {
		return Session{}, err
	}
	try.user = user.ID
	if err := uc.Policy.MayAct(user); err != nil {
		return Session{}, err
	}
	signedIn, err := uc.Sessions.signIn(ctx, uc.Store, user, domain.ByToken, "")
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidPAT
	}
	if err != nil {
		return Session{}, err
	}
	return *signedIn.Session, nil
}
