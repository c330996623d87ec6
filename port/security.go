package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Passwords hashes and verifies passwords. Both are slow on purpose; how many run at once is bounded. A caller who would have
// to wait too long gets domain.Unavailable.
type Passwords interface {
	// Hash returns the hash to store, a PHC string or a bcrypt string.
	Hash(ctx context.Context, password string) (string, error)

	// Verify compares. It costs the same work whether hash is "" (never matches) or not. rehash says that the password was
	// right and the hash is not what Hash would make today.
	Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error)
}

// PasswordHashes tells which hashes from elsewhere can be used here.
type PasswordHashes interface {
	// Known tells whether Passwords.Verify can compare with hash: its kind is known, it is well-formed, and its costs are bearable.
	Known(hash string) bool
}

// AccessTokens signs and verifies access tokens.
type AccessTokens interface {
	// Sign returns the JWT for claims.
	Sign(ctx context.Context, claims domain.Claims) (string, error)

	// Verify returns the claims of an access token. A token that is malformed, expired, signed by others or made for another
	// use is domain.Unauthorized with the reason wrapped beside it.
	Verify(ctx context.Context, token string) (domain.Claims, error)
}

// PublicKeys publishes the keys with which others verify access tokens.
type PublicKeys interface {
	// JWKS returns them; none when tokens are signed with a shared secret. maxAge says for how long they may be cached.
	JWKS(ctx context.Context) (keys []domain.JWK, maxAge time.Duration, err error)
}

// KeyMaker makes key pairs for access tokens.
type KeyMaker interface {
	// Make returns a new key pair, its private half encrypted, with no generation or times set.
	Make(algorithm string) (domain.SigningKey, error)
}
