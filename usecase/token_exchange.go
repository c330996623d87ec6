package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// TokenExchange gives the app that knows the verifier the session of a code (RFC 7636).
type TokenExchange struct {
	Store    port.Store
	Sessions Sessions
	Policy   domain.SignInPolicy
}

// TokenExchangeInput is a code from a redirect and the verifier of the challenge that was given before.
type TokenExchangeInput struct {
	Code     domain.PKCECode
	Verifier string
}

// Do returns the session, or the ticket for a second step. InvalidRequest: the code is unknown, expired, used, or the verifier is another's, which does not
// spoil the code. Errors besides: DisabledUser, UnverifiedUser, InvalidEmailPassword.
func (uc *TokenExchange) Do(ctx context.Context, in TokenExchangeInput) (signedIn SignedIn, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodPKCE)
	defer func() { try.ended(ctx, signedIn, err) }()
	var got admitted
	err = uc.Store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		code, err := repos.PKCECodes().Redeem(ctx, in.Code.Hash(), domain.S256(in.Verifier), uc.Sessions.Clock.Now())
		if errors.Is(err, port.ErrNotFound) {
			return &domain.FieldError{Code: domain.InvalidRequest, Field: "code", Reason: "is invalid, expired, or does not belong to this codeVerifier"}
		}
		if err != nil {
			return err
		}
		try.user = code.UserID
		user, err := actingUser(ctx, repos.Users(), uc.Policy, code.UserID)
		if err != nil {
			return err
		}
		id := code.SessionID
		if id == "" {
			id = domain.SessionID(uc.Sessions.Random.UUID())
		}
		got, err = uc.Sessions.admit(ctx, repos, user, domain.ByPossession, id)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return uc.Sessions.finish(ctx, got)
}
