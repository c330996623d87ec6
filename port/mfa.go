package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// MFASecrets keeps what second factors are checked against, TOTP secrets encrypted and recovery codes as keyed hashes, and counts
// how often somebody tries to guess either. Secrets that a hasura-auth server left in clear are read as they are.
type MFASecrets interface {
	// SetTOTPSecret keeps a secret, in base32, until TOTP is activated with it; an earlier one that was not activated is forgotten.
	// ErrTaken: a second factor is active. ErrNotFound: there is no such user.
	SetTOTPSecret(ctx context.Context, user domain.UserID, secret string) error

	// Attempt counts an attempt of the user and returns the TOTP secret, "" when there is none. ErrNotFound: the attempts of the
	// window that ends at windowEndsAt, or of the one that is open, are spent, or there is no such user.
	Attempt(ctx context.Context, user domain.UserID, now, windowEndsAt time.Time) (secret string, err error)

	// AcceptTOTP notes that the code of a time step was used, and forgets the attempts. Of concurrent callers with one step one
	// succeeds. ErrNotFound, and nothing changes: this step or a later one was used before.
	AcceptTOTP(ctx context.Context, user domain.UserID, step int64) error

	// ActivateTOTP switches TOTP on. ErrNotFound: by now another secret is kept, or a second factor is active.
	ActivateTOTP(ctx context.Context, user domain.UserID, secret string) error

	// DeactivateTOTP switches TOTP off and forgets the secret and the recovery codes. ErrNotFound: it was not on.
	DeactivateTOTP(ctx context.Context, user domain.UserID) error

	// ReplaceRecoveryCodes keeps the hashes of new recovery codes in the place of all earlier ones. ErrNotFound: there is no such
	// user.
	ReplaceRecoveryCodes(ctx context.Context, user domain.UserID, hashes []string) error

	// ConsumeRecoveryCode removes a recovery code and forgets the attempts. Of concurrent callers one succeeds. ErrNotFound.
	ConsumeRecoveryCode(ctx context.Context, user domain.UserID, hash string) error

	// EncryptTOTPSecrets encrypts up to limit secrets that are kept in clear, of users whose ids come after after, and says which
	// was the last and how many there were. Any number of callers may do so at once.
	EncryptTOTPSecrets(ctx context.Context, after domain.UserID, limit int) (last domain.UserID, found int, err error)
}
