package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Tickets keeps the tickets of mails, as hashes.
type Tickets interface {
	// Issue stores a ticket and queues the message that carries it, in one step.
	Issue(ctx context.Context, ticket domain.TicketRecord, message domain.Message) error

	// Challenge stores a ticket for the second step of a sign-in, whose session will have the ticket's SessionID. ErrNotFound: as of
	// Sessions.Start.
	Challenge(ctx context.Context, ticket domain.TicketRecord, passwordHash string) error

	// Attempt counts a code that is tried with a ticket for the second step. ErrNotFound: it is unknown or expired, or
	// domain.MFATicketAttempts codes were tried with it.
	Attempt(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error)

	// Find returns a ticket that was never used and is not expired, and leaves it as it is. ErrNotFound.
	Find(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error)

	// Redeem marks a link as used and notes the session that this use opens. It returns the ticket as it was before, with the
	// session of the earlier use. ErrNotFound: unknown, expired before its first use, or first used before reopenSince. Of
	// concurrent uses each sees the session of the one before. The caller runs it inside of Store.Atomic.
	Redeem(ctx context.Context, hash domain.TicketHash, session domain.SessionID, now, reopenSince time.Time) (domain.TicketRecord, error)

	// Consume removes a ticket that was never used and is not expired. Of concurrent callers one gets it. ErrNotFound.
	Consume(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error)

	// Adopt moves a ticket that a hasura-auth server left with its user to where the others are. ErrNotFound: there is none.
	// The caller runs it inside of Store.Atomic.
	Adopt(ctx context.Context, ticket domain.Ticket, now time.Time) error

	// DeleteExpired removes at most limit tickets that can't be used any more and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// OTPs keeps one-time codes, as keyed hashes, and counts the attempts to guess them.
type OTPs interface {
	// Issue stores a code in the place of an earlier one for the same subject, and queues the message that carries it. Attempts
	// already spent stay spent until their window ends.
	Issue(ctx context.Context, code domain.OTPRecord, message domain.Message, now time.Time) error

	// Put stores a code as Issue does, and queues nothing.
	Put(ctx context.Context, code domain.OTPRecord, now time.Time) error

	// Attempt counts an attempt for the subject and returns what there is to compare with; a record without hash when there is no
	// code. ErrNotFound: the attempts of the window that ends at windowEndsAt, or of the one that is open, are spent.
	Attempt(ctx context.Context, subject domain.OTPSubject, now, windowEndsAt time.Time) (domain.OTPRecord, error)

	// Consume removes the subject's code, if it still is the one with that hash, and forgets its attempts. Of concurrent callers
	// one succeeds. ErrNotFound.
	Consume(ctx context.Context, subject domain.OTPSubject, hash string) error

	// ConsumeLegacy removes a code that a hasura-auth server left, in clear, with the user who has the address. ErrNotFound.
	ConsumeLegacy(ctx context.Context, email domain.Email, code domain.OTP, now time.Time) (domain.UserID, error)

	// LegacySMS returns the codes that a hasura-auth server sent to numbers with the same last seven digits as number.
	LegacySMS(ctx context.Context, number string, now time.Time) ([]domain.LegacySMSCode, error)

	// ConsumeLegacySMS removes such a code. Of concurrent callers one succeeds. ErrNotFound.
	ConsumeLegacySMS(ctx context.Context, code domain.LegacySMSCode) error

	// DeleteExpired removes at most limit subjects without a live code or an open window and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// PKCECodes keeps the codes that apps exchange for sessions.
type PKCECodes interface {
	// Add stores a code.
	Add(ctx context.Context, code domain.PKCERecord) error

	// Redeem removes the code with that hash and challenge if it is not expired. A wrong challenge leaves it. Of concurrent
	// callers one gets it. ErrNotFound.
	Redeem(ctx context.Context, hash, challenge string, now time.Time) (domain.PKCERecord, error)

	// Revoke removes the code, or the ticket for the second step, that would open a session. It is no error when there is none.
	Revoke(ctx context.Context, session domain.SessionID) error

	// DeleteExpired removes at most limit codes that expired before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Outbox keeps messages until they are delivered. Their secrets are encrypted at rest.
type Outbox interface {
	// Silence removes up to limit messages to nobody and says how many.
	Silence(ctx context.Context, limit int) (int, error)

	// DeleteExpired removes at most limit messages that were parked before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)

	// Claim returns up to limit messages to somebody whose time has come, oldest first, and makes sure that nobody else gets them before
	// until. Each counts as one attempt more.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]domain.QueuedMessage, error)

	// Delivered removes a message.
	Delivered(ctx context.Context, id string) error

	// Failed notes why an attempt failed, and either when the next one may begin or that there is none.
	Failed(ctx context.Context, id, reason string, next time.Time, park bool, now time.Time) error

	// Depth says how much waits at a moment.
	Depth(ctx context.Context, now time.Time) (domain.OutboxDepth, error)

	// List returns the newest limit messages that wait or are parked, without their secrets.
	List(ctx context.Context, limit int) ([]domain.QueuedMessage, error)

	// Retry makes one message whose attempt has failed, or all parked ones when id is "", due at now, and says how many.
	Retry(ctx context.Context, id string, now time.Time) (int, error)
}

// SMSCounts counts messages, so that nobody makes the server send without end.
type SMSCounts interface {
	// Count counts a message against each of caps in turn, and stops at the first that is used up: ErrTaken. However many callers
	// there are, no cap lets more messages through than it says.
	Count(ctx context.Context, caps []domain.SMSCap, now time.Time) error

	// DeleteExpired removes at most limit counts whose windows ended before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
