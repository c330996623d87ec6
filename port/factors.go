package port

import (
	"context"
	"errors"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// KeyOwner is a user as an authenticator sees it.
type KeyOwner struct {
	ID          domain.UserID
	Name        string // what the authenticator shows: the display name
	DisplayName string
	Keys        []domain.SecurityKey
}

// ErrKeyCopied says that the counter of a security key stood still or went back: there may be a copy of it (WebAuthn Level 3 §7.2,
// step 22).
var ErrKeyCopied = errors.New("the key's counter went back: there may be a copy of it")

// WebAuthn speaks the protocol of passkeys and security keys (WebAuthn Level 3). Options and answers are the JSON that
// browsers take and give, without an envelope; state is opaque and goes from the first half of a ceremony to the second. An
// answer that is malformed, made for another ceremony, origin or relying party, or not verified as demanded is
// domain.InvalidRequest with the reason wrapped beside it.
type WebAuthn interface {
	// BeginRegistration asks for a new key. Keys that owner has are excluded. userVerified demands that the authenticator verifies
	// the user: the key will be the only factor.
	BeginRegistration(owner KeyOwner, userVerified bool) (options []byte, challenge, state string, err error)

	// FinishRegistration returns the new key, without ID, owner, nickname and times.
	FinishRegistration(owner KeyOwner, state string, answer []byte) (domain.SecurityKey, error)

	// BeginAssertion asks for the use of one of owner's keys or, when owner is nil, of any discoverable key. userVerified demands
	// that the authenticator verifies the user.
	BeginAssertion(owner *KeyOwner, userVerified bool) (options []byte, challenge, state string, err error)

	// Challenge returns the challenge that an answer, to either half, carries.
	Challenge(answer []byte) (string, error)

	// FinishAssertion returns the key that was used, with its new counter and flags. find loads the owner of the handle in the
	// answer, or of the state's user when the ceremony was begun for one. A counter that goes back is refused: then ErrKeyCopied
	// stands beside domain.InvalidRequest, and user and key are returned all the same.
	FinishAssertion(state string, answer []byte, find func(id domain.UserID) (KeyOwner, error)) (domain.UserID, domain.SecurityKey, error)
}

// TOTP makes and checks time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 seconds).
type TOTP interface {
	// Generate returns a new secret, in base32 without padding, and the picture (PNG) of the QR code that brings it and the
	// account's name into an authenticator app.
	Generate(account string) (secret string, picture []byte, err error)

	// Match returns the time step for which code is right, of the step at now and its two neighbours.
	Match(secret, code string, now time.Time) (step int64, ok bool)
}

// PhoneNumbers reads phone numbers.
type PhoneNumbers interface {
	// Parse returns the number in E.164 and the country it belongs to (ISO 3166, "" for numbers of none). A text that is no
	// possible number is a domain.FieldError that does not repeat it.
	Parse(text string) (e164, country string, err error)
}

// SMSSender hands short messages to whoever delivers them.
type SMSSender interface {
	// SendSMS returns nil once the gateway has taken the message, of which it gets the number and the text. A refusal is
	// domain.CannotSendSMS with the gateway's reason wrapped beside it; the error holds no secret of the message.
	SendSMS(ctx context.Context, sms domain.Mail) error
}

// SMSVerifier is a gateway that makes, sends and checks codes by itself.
type SMSVerifier interface {
	// StartVerification sends a code. domain.CannotSendSMS.
	StartVerification(ctx context.Context, to, locale string) error

	// CheckVerification tells whether code is the one that was sent. An error means that nobody could be asked.
	CheckVerification(ctx context.Context, to, code string) (bool, error)
}
