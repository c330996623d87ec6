package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// PersonalAccessTokens keeps the tokens that users make for programs.
type PersonalAccessTokens interface {
	// Add stores a token. ErrNotFound: there is no such user.
	Add(ctx context.Context, token domain.PersonalAccessToken) error

	// Owner returns the user of a token that is not expired. ErrNotFound.
	Owner(ctx context.Context, hash domain.RefreshTokenHash, now time.Time) (domain.User, error)

	// List returns a user's tokens, newest first, expired ones included until they are cleaned up.
	List(ctx context.Context, user domain.UserID) ([]domain.PersonalAccessToken, error)

	// Remove deletes one of a user's tokens. ErrNotFound.
	Remove(ctx context.Context, user domain.UserID, id string) error
}
