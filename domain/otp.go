package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Limits of codes. A code has a million values, so what keeps it safe is how often one may guess: the budget belongs to the
// address and new codes do not refill it (NIST SP 800-63B §5.2.2, OWASP Authentication Cheat Sheet).
const (
	OTPLifetime = 15 * time.Minute
	OTPAttempts = 5
	OTPWindow   = 15 * time.Minute // in which OTPAttempts may be made
)

// OTP is a one-time code: six decimal digits.
type OTP string

// NewOTP returns the code made of 16 random bytes.
func NewOTP(random [16]byte) OTP {
	return OTP(fmt.Sprintf("%06d", binary.BigEndian.Uint64(random[:8])%1_000_000))
}

// WellFormed tells whether a text can be a code at all.
func (o OTP) WellFormed() bool {
	if len(o) != 6 {
		return false
	}
	for _, c := range []byte(o) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Typed tells whether a text can be a code that a gateway made: four to ten decimal digits.
func (o OTP) Typed() bool {
	return len(o) >= 4 && len(o) <= 10 && strings.Trim(string(o), "0123456789") == ""
}

// OTPKey is the secret that protects stored codes: without it, a million guesses would find a code from its hash.
type OTPKey [32]byte

// OTPSubject is the keyed hash of the address to which a code was sent. The budget of attempts belongs to it.
type OTPSubject string

// Subject returns the subject for a canonical address.
func (k OTPKey) Subject(address string) OTPSubject { return OTPSubject(k.mac("subject", address)) }

// Hash returns what the store keeps of a code. It is good for this subject only.
func (k OTPKey) Hash(subject OTPSubject, code OTP) string {
	return k.mac("code", string(subject)+"\x00"+string(code))
}

// Matches compares a guess with a stored hash in constant time.
func (k OTPKey) Matches(hash string, subject OTPSubject, guess OTP) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(k.Hash(subject, guess))) == 1
}

func (k OTPKey) mac(use, text string) string {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(use + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// OTPRecord is a code as the store keeps it.
type OTPRecord struct {
	Subject      OTPSubject
	UserID       UserID // "" for a request about nobody
	Hash         string // "" when there is no code, only spent attempts; to issue such a record leaves an earlier code as it is
	ExpiresAt    time.Time
	WindowEndsAt time.Time
}
