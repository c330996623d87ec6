package domain

import (
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// PKCECodeLifetime is how long an app may take to exchange a code.
const PKCECodeLifetime = 5 * time.Minute

// PKCECode is the code that takes the place of a refresh token in a redirect (RFC 7636): 32 random bytes in base64url.
type PKCECode string

// NewPKCECode returns the code made of two times 16 random bytes.
func NewPKCECode(a, b [16]byte) PKCECode {
	return PKCECode(base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...)))
}

// Hash returns what the store keeps of the code: the peer's base64url of its SHA-256.
func (c PKCECode) Hash() string { return S256(string(c)) }

// S256 is the challenge that belongs to a verifier (RFC 7636 §4.2).
func S256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// PKCERecord is a code as the store keeps it.
type PKCERecord struct {
	ID         string
	UserID     UserID
	Hash       string
	Challenge  string
	RedirectTo string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	SessionID  SessionID // of the session that the exchange opens; "" in rows of the peer
}
