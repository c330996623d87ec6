package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignOut ends one session, or all sessions of a user. Access tokens stay good until they expire.
type SignOut struct {
	Store port.Store
	Key   domain.RefreshTokenKey
	Audit Audit
}

// SignOutInput says what to end.
type SignOutInput struct {
	Bearer domain.UserID       // "" when the request is not authenticated
	Token  domain.RefreshToken // of the session to end
	All    bool                // every session of the bearer instead
}

// Do ends what in names; that there is no such session is no error. A token that was replaced in the meantime, by another
// tab, ends its session all the same. Personal access tokens survive All. Error: InvalidRequest when in names nothing.
func (uc *SignOut) Do(ctx context.Context, in SignOutInput) error {
	if in.All {
		if in.Bearer == "" {
			return &domain.FieldError{Code: domain.InvalidRequest, Field: "all", Reason: "needs an access token that says whose sessions to end"}
		}
		return uc.Audit.endAllBut(ctx, uc.Store, in.Bearer, "")
	}
	if in.Token == "" {
		return &domain.FieldError{Code: domain.InvalidRequest, Field: "refreshToken", Reason: "is required unless all is true"}
	}
	return uc.Store.Sessions().EndByToken(ctx, in.Token.Hash(), uc.Key.Family(in.Token))
}
