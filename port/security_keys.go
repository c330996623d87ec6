package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// SecurityKeys keeps passkeys and security keys of users.
type SecurityKeys interface {
	// Add stores a key. ErrTaken: somebody, perhaps the same user, has the credential already. ErrNotFound: there is no such user.
	Add(ctx context.Context, key domain.SecurityKey) error

	// List returns a user's keys, oldest first; those of which nobody knows since when they are there come before the others.
	List(ctx context.Context, user domain.UserID) ([]domain.SecurityKey, error)

	// Use notes the counter, the backup flags and the time of the use of a key. ErrNotFound, and nothing changes: the key is gone,
	// or its counter has reached key.Counter by now (WebAuthn Level 3 §7.2, step 22: there may be a copy of it). Keys that never
	// count, whose counters stay 0, are not compared.
	Use(ctx context.Context, key domain.SecurityKey) error

	// Rename gives one of a user's keys another nickname, none when it is "", and returns the key. ErrNotFound.
	Rename(ctx context.Context, user domain.UserID, id domain.SecurityKeyID, nickname string) (domain.SecurityKey, error)

	// Remove deletes one of a user's keys. ErrNotFound.
	Remove(ctx context.Context, user domain.UserID, id domain.SecurityKeyID) error
}

// Ceremonies keeps what must be remembered between the two halves of WebAuthn ceremonies.
type Ceremonies interface {
	// Add stores a ceremony under its challenge.
	Add(ctx context.Context, ceremony domain.Ceremony) error

	// Take removes the ceremony with that challenge and purpose if it is not expired and, where user is not "", is that user's. Of
	// concurrent callers one gets it. ErrNotFound, and nothing changes.
	Take(ctx context.Context, challenge string, purpose domain.CeremonyPurpose, user domain.UserID, now time.Time) (domain.Ceremony, error)

	// DeleteExpired removes at most limit ceremonies that expired before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
