package usecase

import (
	"context"
	"errors"
	"strings"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifyToken tells whether an access token is good.
type VerifyToken struct {
	Tokens port.AccessTokens
	Store  port.Store
	Policy domain.SignInPolicy
}

// VerifyTokenInput has the token to verify, or whoever the request was authenticated as.
type VerifyTokenInput struct {
	Token  string // "Bearer " before it is tolerated
	Bearer domain.UserID
}

// Do returns nil for a good token. A token in the body is verified by itself, without the database: InvalidRequest when it is
// bad. Without one the bearer's account is looked at as GetUser does, and InvalidRequest says that there is no bearer.
func (uc *VerifyToken) Do(ctx context.Context, in VerifyTokenInput) error {
	if in.Token != "" {
		_, err := uc.Tokens.Verify(ctx, strings.TrimPrefix(in.Token, "Bearer "))
		if errors.Is(err, domain.Unauthorized) {
			return &domain.FieldError{Code: domain.InvalidRequest, Field: "token", Reason: "is not a valid access token"}
		}
		return err
	}
	if in.Bearer == "" {
		return domain.InvalidRequest
	}
	_, err := actingUser(ctx, uc.Store.Users(), uc.Policy, in.Bearer)
	return err
}
