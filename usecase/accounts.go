package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// actingUser returns the account of an access token's bearer if it may still be acted upon: a token outlives what happens to
// its account for a quarter of an hour. The codes are those of domain.SignInPolicy.MayAct, and InvalidEmailPassword when the
// account is gone.
func actingUser(ctx context.Context, users port.Users, policy domain.SignInPolicy, bearer domain.UserID) (domain.User, error) {
	user, err := users.ByID(ctx, bearer)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, domain.InvalidEmailPassword
	}
	if err != nil {
		return domain.User{}, err
	}
	return user, policy.MayAct(user)
}
