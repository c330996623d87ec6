package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// Limits of the second step. Codes have six digits and three of them are right at any moment, so what keeps them safe is how often
// one may guess: the budget belongs to the user, and neither a new ticket nor another way to guess refills it (RFC 6238 §5.2, NIST
// SP 800-63B §5.2.2).
const (
	MFATicketLifetime = 5 * time.Minute
	MFATicketAttempts = 5 // codes that may be tried with one ticket
	MFAAttempts       = 5
	MFAWindow         = 15 * time.Minute // in which MFAAttempts codes may be tried; a right one opens a new window
	RecoveryCodeCount = 10
)

// FirstFactor is how somebody proved who they are before a second factor is thought of.
type FirstFactor int

// The first factors.
const (
	ByPassword   FirstFactor = iota
	ByPossession             // of a mailbox, a phone, or an account at a provider
	ByPasskey                // whose authenticator has verified its user: possession and knowledge or biometrics, two factors by itself
	ByToken                  // made for a program by a user who was signed in
)

// MFAPolicy decides who is asked for a second factor.
type MFAPolicy struct {
	AllMethods bool // after other first factors than passwords, too
}

// Asks tells whether a user who has given the first factor must give a second one.
func (p MFAPolicy) Asks(u User, given FirstFactor) bool {
	return u.ActiveMFA != NoMFA && (given == ByPassword || given == ByPossession && p.AllMethods)
}

// NewMFATicket returns the ticket made of a UUID that stands for the first factor in the second step.
func NewMFATicket(uuid string) Ticket { return NewTicket(TicketMFATOTP, uuid) }

// IsMFA tells whether the ticket's text is that of a ticket for the second step.
func (t Ticket) IsMFA() bool {
	prefix, uuid, _ := strings.Cut(string(t), ":")
	return TicketPurpose(prefix) == TicketMFATOTP && isUUID(uuid)
}

// recoveryAlphabet leaves out what is easily misread: 0 and O, 1 and I.
const recoveryAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

const recoveryCodeLength = 10 // characters, 5 bits each

// RecoveryCode stands in for the code of a lost authenticator app, once: two groups of five characters.
type RecoveryCode string

// NewRecoveryCode returns the code made of 16 random bytes.
func NewRecoveryCode(random [16]byte) RecoveryCode {
	var text strings.Builder
	for i := range recoveryCodeLength {
		if i == recoveryCodeLength/2 {
			text.WriteByte('-')
		}
		text.WriteByte(recoveryAlphabet[random[i]%32])
	}
	return RecoveryCode(text.String())
}

// ParseRecoveryCode reads a code as people type it: in either case, with or without the hyphen and blanks.
func ParseRecoveryCode(text string) (code RecoveryCode, ok bool) {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(text))
	if len(plain) != recoveryCodeLength || strings.Trim(plain, recoveryAlphabet) != "" {
		return "", false
	}
	return RecoveryCode(plain[:recoveryCodeLength/2] + "-" + plain[recoveryCodeLength/2:]), true
}

// RecoveryKey is the secret that protects stored recovery codes: they are short enough to write down, and too short for a plain hash.
type RecoveryKey [32]byte

// Hash returns what the store keeps of a code. It is good for this user only.
func (k RecoveryKey) Hash(user UserID, code RecoveryCode) string {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(string(user) + "\x00" + string(code)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
