package domain

import "time"

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
