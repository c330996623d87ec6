package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Repos are the repositories of one store, all bound to the same transaction when they come from Store.Atomic.
type Repos interface {
	Users() Users
	Sessions() Sessions
	Roles() Roles
	SigningKeys() SigningKeys
}

// Store keeps everything that must outlive the process. What a method has acknowledged survives the death of the process.
type Store interface {
	Repos

	// Atomic runs do in one transaction: all of it happens or, when do returns an error or panics, nothing. The repositories
	// given to do are valid until it returns. Nothing slow belongs inside: no hashing, no mail, no HTTP.
	Atomic(ctx context.Context, do func(ctx context.Context, repos Repos) error) error

	// Ready answers nil when the database can be reached and its schema is what this version needs.
	Ready(ctx context.Context) error
}

// Users keeps accounts and their roles.
type Users interface {
	// Insert creates an account with its roles and, when session is not nil, its first session, whose UserID is user's.
	// The account's CreatedAt is user.CreatedAt. ErrTaken: the address or the phone number belongs to somebody else.
	Insert(ctx context.Context, user domain.User, session *domain.Session) error

	// ByID returns the account with its roles. ErrNotFound.
	ByID(ctx context.Context, id domain.UserID) (domain.User, error)

	// ByEmail returns the account with its roles; case does not matter. ErrNotFound.
	ByEmail(ctx context.Context, email domain.Email) (domain.User, error)

	// ReplacePasswordHash sets the hash if it still is old. It reports nothing when it no longer is: somebody else was faster.
	ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error
}

// Rotation asks for the replacement of a session's refresh token.
type Rotation struct {
	Token           domain.RefreshTokenHash // the token presented
	Successor       domain.RefreshTokenHash
	Family          string // of both, "" when unknown
	Past            domain.PastRotation
	Now             time.Time
	ExpiresAt       time.Time
	KeepSince       time.Time // rotations before that need not be remembered
	RequireVerified bool      // as in domain.SignInPolicy.MayRefresh, whose rule decides with it whether the token is replaced
}

// Sessions keeps the open sessions of users. Personal access tokens live beside them and are none of them.
type Sessions interface {
	// Start opens a session and notes that its user was seen.
	Start(ctx context.Context, session domain.Session) error

	// Rotate replaces a token that is current, not expired, and whose user domain.SignInPolicy.MayRefresh admits; it returns
	// that user, who counts as seen, and the session's id. Otherwise nothing changes: ErrNotFound. Of any number of
	// concurrent rotations of one token exactly one succeeds.
	Rotate(ctx context.Context, r Rotation) (domain.User, domain.SessionID, error)

	// Trails returns the sessions whose current token is token or, when family is not "", whose family is; usually one or none.
	Trails(ctx context.Context, token domain.RefreshTokenHash, family string) ([]domain.Trail, error)

	// End closes a session. It is no error when there is none.
	End(ctx context.Context, id domain.SessionID) error

	// EndByToken closes the session, or removes the personal access token, with that token, and, when family is not "", the
	// sessions of that family. It is no error when there is none.
	EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error

	// EndAll closes all sessions of a user, those of OAuth2 clients included; personal access tokens stay.
	EndAll(ctx context.Context, id domain.UserID) error

	// DeleteExpired removes at most limit rows that expired before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Roles keeps the names of roles that users can have.
type Roles interface {
	// Ensure creates those of roles that are missing.
	Ensure(ctx context.Context, roles []domain.Role) error
}

// SigningKeys keeps the keys for access tokens when the configuration names none.
type SigningKeys interface {
	// List returns all keys, ordered by generation.
	List(ctx context.Context) ([]domain.SigningKey, error)

	// Add stores a key. ErrTaken: its generation exists; another instance was faster.
	Add(ctx context.Context, key domain.SigningKey) error

	// Remove deletes a key. It is no error when there is none.
	Remove(ctx context.Context, generation int) error
}
