package port

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// CustomClaims is where the app keeps what tokens shall say about its users.
type CustomClaims interface {
	// Of returns the claims of a user under the names that the app gives them; none where it knows nothing about the user. It may
	// take as long as ctx allows, so nobody asks inside of a transaction. Any error means that nothing is known, and says nothing
	// about the user.
	Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error)
}
