package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// ProviderLinks keeps which identities of providers belong to which users, and the providers' tokens, encrypted.
type ProviderLinks interface {
	// Ensure makes links to these providers possible.
	Ensure(ctx context.Context, providers []string) error

	// Add stores a link. ErrTaken: the identity belongs to somebody already. ErrNotFound: the user is gone.
	Add(ctx context.Context, link domain.ProviderLink) error

	// Owner returns the user to whom an identity belongs. ErrNotFound.
	Owner(ctx context.Context, identity domain.ProviderIdentity) (domain.User, error)

	// KeepTokens replaces the tokens of an identity. ErrNotFound: it belongs to nobody.
	KeepTokens(ctx context.Context, identity domain.ProviderIdentity, tokens domain.ProviderTokens, now time.Time) error

	// Newest returns the link of a user to a provider that was used last, with its tokens. Tokens of the peer's older versions,
	// which kept them in clear, count as none. ErrNotFound.
	Newest(ctx context.Context, user domain.UserID, provider string) (domain.ProviderLink, error)

	// TakeTokens returns the tokens of that link and removes them. Of concurrent callers one gets them. ErrNotFound: there is no
	// link, or it has no tokens.
	TakeTokens(ctx context.Context, user domain.UserID, provider string) (domain.ProviderTokens, error)

	// List returns a user's links without tokens, the oldest first.
	List(ctx context.Context, user domain.UserID) ([]domain.ProviderLink, error)

	// Remove deletes one of a user's links. ErrNotFound.
	Remove(ctx context.Context, user domain.UserID, id string) error
}

// ProviderStates keeps what is to happen when a browser comes back from a provider. States are kept as hashes, everything that
// belongs to them is encrypted.
type ProviderStates interface {
	// Add stores a state. ErrNotFound: the user whose account is to get the identity is gone.
	Add(ctx context.Context, state domain.ProviderStateRecord) error

	// Consume removes a state that is not expired and returns it. Of concurrent callers one gets it. ErrNotFound.
	Consume(ctx context.Context, hash string, now time.Time) (domain.ProviderStateRecord, error)

	// DeleteExpired removes at most limit states that expired before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
