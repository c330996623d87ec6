package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// GetUser returns the account of an access token's bearer.
type GetUser struct {
	Store  port.Store
	Policy domain.SignInPolicy
}

// Do returns the user. Errors: InvalidEmailPassword (the account is gone or its address refused), DisabledUser,
// UnverifiedUser, ForbiddenAnonymous.
func (uc *GetUser) Do(ctx context.Context, bearer domain.UserID) (domain.User, error) {
	return actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
}
