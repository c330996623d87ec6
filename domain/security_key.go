package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
)

// SecurityKeyID identifies a passkey or security key of a user: a UUID.
type SecurityKeyID string

// SecurityKey is a WebAuthn credential as the store keeps it (WebAuthn Level 3 §4, credential record).
type SecurityKey struct {
	ID             SecurityKeyID
	UserID         UserID
	CredentialID   string // base64url without padding
	PublicKey      []byte // COSE
	Counter        uint32 // of signatures; 0 where the authenticator keeps none
	Transports     []string
	Nickname       string
	UserVerified   bool // at registration
	BackupEligible bool
	BackedUp       bool
	CreatedAt      time.Time
	LastUsedAt     time.Time // zero: never
}

// MaxSecurityKeys is how many passkeys and security keys a user may have. All of them are named in each question for one of them.
const MaxSecurityKeys = 50

// RoomForKey answers a FieldError with InvalidRequest when a user who has these keys may have no other.
func RoomForKey(keys []SecurityKey) error {
	if len(keys) < MaxSecurityKeys {
		return nil
	}
	return &FieldError{
		Code: InvalidRequest, Field: "user", Reason: "has " + strconv.Itoa(MaxSecurityKeys) + " security keys, the most there may be: remove one first",
	}
}

// CeremonyPurpose says what a WebAuthn ceremony is for. An answer to one is good for no other.
type CeremonyPurpose string

// The purposes.
const (
	CeremonySignUp  CeremonyPurpose = "sign-up"
	CeremonySignIn  CeremonyPurpose = "sign-in"
	CeremonyAdd     CeremonyPurpose = "add"
	CeremonyElevate CeremonyPurpose = "elevate"
)

// CeremonyLifetime is how long the user may take to touch the key.
const CeremonyLifetime = 5 * time.Minute

// Ceremony is what is remembered between the two halves of a ceremony. It is found by its challenge, once.
type Ceremony struct {
	Challenge string // base64url without padding, as the client's data carries it
	Purpose   CeremonyPurpose
	UserID    UserID        // "" when the key itself will tell
	State     string        // of the WebAuthn adapter, opaque
	Email     Email         // sign-up: the address
	Options   SignUpOptions // sign-up: the wishes of the first half
	ExpiresAt time.Time
}

// DecoyKey makes up the users and keys that a sign-in is asked for where errors are concealed and the address has none
// (WebAuthn Level 3 §14.6.2). What is made up for an address is always the same, on every instance.
type DecoyKey [32]byte

// For returns a user who doesn't exist and the id of a credential that nobody has.
func (k DecoyKey) For(email Email) (UserID, SecurityKey) {
	user, credential := k.mac("user", email), k.mac("credential", email)
	user[8] = user[8]&0x3f | 0x80 // RFC 9562 §4.1: variant
	text := hex.EncodeToString(user)
	id := UserID(text[:8] + "-" + text[8:12] + "-4" + text[13:16] + "-" + text[16:20] + "-" + text[20:32])
	return id, SecurityKey{UserID: id, CredentialID: base64.RawURLEncoding.EncodeToString(credential)}
}

func (k DecoyKey) mac(use string, email Email) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(use + "\x00" + email.Canonical()))
	return h.Sum(nil)
}
