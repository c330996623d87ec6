package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"
)

// TicketPurpose says what a ticket is good for. It is the prefix of the ticket's text.
type TicketPurpose string

// The purposes, named as the peer names them.
const (
	TicketVerifyEmail        TicketPurpose = "verifyEmail"
	TicketPasswordlessEmail  TicketPurpose = "passwordlessEmail"
	TicketEmailConfirmChange TicketPurpose = "emailConfirmChange"
	TicketPasswordReset      TicketPurpose = "passwordReset"
	TicketMFATOTP            TicketPurpose = "mfaTotp" // not mailed: it stands for the first factor in the second step, see mfa.go
)

// LinkGrace is how long after its first use a link can be opened again: scanners of mail servers open links before their
// readers do. The session of the earlier use ends with the later one.
const LinkGrace = 10 * time.Minute

// Lifetime is how long a ticket can be used for the first time.
func (p TicketPurpose) Lifetime() time.Duration {
	switch p {
	case TicketVerifyEmail:
		return 30 * 24 * time.Hour
	case TicketMFATOTP:
		return MFATicketLifetime
	default:
		return time.Hour
	}
}

// Verifies tells whether the ticket proves that its user receives mail at the account's address.
func (p TicketPurpose) Verifies() bool {
	return p == TicketVerifyEmail || p == TicketPasswordlessEmail
}

// linkType is the type in a mail's link, which says the same in other words.
func (p TicketPurpose) linkType() string {
	switch p {
	case TicketVerifyEmail:
		return "emailVerify"
	case TicketPasswordlessEmail:
		return "signinPasswordless"
	default:
		return string(p)
	}
}

// Template is the mail that carries a ticket of the purpose.
func (p TicketPurpose) Template() Template {
	switch p {
	case TicketVerifyEmail:
		return TemplateEmailVerify
	case TicketPasswordlessEmail:
		return TemplateSignInPasswordless
	case TicketEmailConfirmChange:
		return TemplateEmailConfirmChange
	default:
		return TemplatePasswordReset
	}
}

// Ticket is a single-use secret that travels in a mail's link: the purpose, a colon and a UUID.
type Ticket string

// NewTicket returns the ticket made of a UUID.
func NewTicket(purpose TicketPurpose, uuid string) Ticket {
	return Ticket(string(purpose) + ":" + uuid)
}

// Purpose returns what the prefix of a mailed ticket says; found is false when it says nothing known, or no UUID follows.
func (t Ticket) Purpose() (purpose TicketPurpose, found bool) {
	prefix, uuid, _ := strings.Cut(string(t), ":")
	if !isUUID(uuid) {
		return "", false
	}
	switch purpose = TicketPurpose(prefix); purpose {
	case TicketVerifyEmail, TicketPasswordlessEmail, TicketEmailConfirmChange, TicketPasswordReset:
		return purpose, true
	}
	return "", false
}

// TicketHash is what the store keeps of a ticket: the SHA-256 in hex. The ticket has 122 random bits, so it needs no salt.
type TicketHash string

// Hash returns what the store keeps.
func (t Ticket) Hash() TicketHash {
	sum := sha256.Sum256([]byte(t))
	return TicketHash(hex.EncodeToString(sum[:]))
}

// Link returns the link that a mail carries: serverURL/verify with its parameters in alphabetical order, as the peer's.
func (t Ticket) Link(serverURL, redirectTo, codeChallenge string) string {
	purpose, _ := t.Purpose()
	query := url.Values{"ticket": {string(t)}, "type": {purpose.linkType()}, "redirectTo": {redirectTo}}
	if codeChallenge != "" {
		query.Set("codeChallenge", codeChallenge)
	}
	return strings.TrimSuffix(serverURL, "/") + "/verify?" + query.Encode()
}

// TicketRecord is a ticket as the store keeps it.
type TicketRecord struct {
	Hash          TicketHash
	Purpose       TicketPurpose
	UserID        UserID // "" for a request about nobody, which costs what one about somebody costs
	Email         Email  // the address that is proven or, for TicketEmailConfirmChange, shall become the account's
	CodeChallenge string // what the app that asked will have to answer (PKCE), "" without
	CreatedAt     time.Time
	ExpiresAt     time.Time
	SessionID     SessionID // of the session that an earlier use opened, "" before; of a TicketMFATOTP, that it will open
}

// ReachedOwner tells whether the ticket was mailed to the address that the account still has. A ticket of the peer, which noted
// no address, counts as one that was.
func (r TicketRecord) ReachedOwner(u User) bool {
	return r.Email == "" || r.Email.Canonical() == u.Email.Canonical()
}
