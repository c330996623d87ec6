package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Repos are the repositories of one store, all bound to the same transaction when they come from Store.Atomic.
type Repos interface {
	Users() Users
	Sessions() Sessions
	Roles() Roles
	SigningKeys() SigningKeys
	Tickets() Tickets
	OTPs() OTPs
	PKCECodes() PKCECodes
	SMSCounts() SMSCounts
	Outbox() Outbox
	PersonalAccessTokens() PersonalAccessTokens
	Administration() Administration
	Events() Events
	MFASecrets() MFASecrets
	SecurityKeys() SecurityKeys
	Ceremonies() Ceremonies
	ProviderLinks() ProviderLinks
	ProviderStates() ProviderStates
}

// Store keeps everything that must outlive the process. What a method has acknowledged survives the death of the process.
type Store interface {
	Repos

	// Atomic runs do in one transaction: all of it happens or, when do returns an error or panics, nothing. The repositories
	// given to do are valid until it returns. Nothing slow belongs inside: no hashing, no mail, no HTTP.
	Atomic(ctx context.Context, do func(ctx context.Context, repos Repos) error) error

	// Ready answers nil when the database can be reached and its schema is what this version needs.
	Ready(ctx context.Context) error
}

// NewUser is an account and what comes into being with it; what is nil does not. UserIDs are the account's.
type NewUser struct {
	domain.User
	Session *domain.Session
	Key     *domain.SecurityKey
	Link    *domain.ProviderLink
	Ticket  *domain.TicketRecord
	OTP     *domain.OTPRecord
	Message *domain.Message
	Noted   Noted
}

// Users keeps accounts and their roles.
type Users interface {
	// Insert creates an account with its roles and what comes with it, in one step. ErrTaken: the address, the phone number,
	// the key or the identity belongs to somebody else.
	Insert(ctx context.Context, user NewUser) error

	// ByID returns the account with its roles. ErrNotFound.
	ByID(ctx context.Context, id domain.UserID) (domain.User, error)

	// ByEmail returns the account with its roles; case does not matter. ErrNotFound.
	ByEmail(ctx context.Context, email domain.Email) (domain.User, error)

	// SecondFactors says what the user can prove themselves with besides the first factor; nothing when there is no such user.
	SecondFactors(ctx context.Context, id domain.UserID) (domain.SecondFactors, error)

	// ByPhoneEnding returns the accounts, with their roles, whose phone number has the same last seven digits as number, however
	// it is written, the oldest first. Which of them is meant is for the caller to decide.
	ByPhoneEnding(ctx context.Context, number string) ([]domain.User, error)

	// MarkPhoneVerified notes that the account's number is its owner's. When the account has another by now than number, as it is
	// written there, nothing changes: ErrNotFound.
	MarkPhoneVerified(ctx context.Context, id domain.UserID, number string) error

	// ReplacePasswordHash sets the hash if it still is old. It reports nothing when it no longer is: somebody else was faster.
	ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error

	// SetPasswordHash sets the hash. ErrNotFound.
	SetPasswordHash(ctx context.Context, id domain.UserID, hash string) error

	// MarkEmailVerified notes that the account's address is its owner's. When the account has another address by now than
	// email, nothing changes: ErrNotFound. An email of "" stands for whichever the account has.
	MarkEmailVerified(ctx context.Context, id domain.UserID, email domain.Email) error

	// Claim takes the account from whoever made it for an address that was not theirs: password, second factors, security keys,
	// provider links, sessions, personal access tokens, codes that wait to be exchanged, links to providers that are being made and
	// a pending change of the address are removed. What was mailed to the address stays: it has reached the owner.
	Claim(ctx context.Context, id domain.UserID) error

	// WaysIn returns what the user can sign in with, and makes whoever else asks for the same wait until the transaction ends: two
	// removals must not each leave what the other removes. ErrNotFound. The caller runs it inside of Store.Atomic.
	WaysIn(ctx context.Context, id domain.UserID) (domain.WaysIn, error)

	// AnnounceEmail notes the address that the account shall get once it is confirmed, where the peer looks for it. ErrNotFound.
	AnnounceEmail(ctx context.Context, id domain.UserID, email domain.Email) error

	// ChangeEmail gives the account the address that was announced last, verified. ErrTaken. ErrNotFound: no address waits to be
	// confirmed, or another one than email, where email is not "".
	ChangeEmail(ctx context.Context, id domain.UserID, email domain.Email) error

	// Deanonymize makes an anonymous account a real one: address, password hash, display name, avatar, locale, default role,
	// roles, and metadata unless it is "". ErrTaken: the address belongs to somebody else. ErrNotFound: the account is not, or no
	// longer, anonymous. The caller runs it inside of Store.Atomic.
	Deanonymize(ctx context.Context, user domain.User) error
}

// Rotation asks for the replacement of a session's refresh token.
type Rotation struct {
	Token           domain.RefreshTokenHash // the token presented
	Successor       domain.RefreshTokenHash
	Family          string // of both, "" when unknown
	Past            domain.PastRotation
	Now             time.Time
	ExpiresAt       time.Time
	KeepSince       time.Time // rotations before that need not be remembered
	RequireVerified bool      // as in domain.SignInPolicy.MayRefresh, whose rule decides with it whether the token is replaced
}

// Sessions keeps the open sessions of users. Personal access tokens live beside them and are none of them.
type Sessions interface {
	// Start opens a session and notes that its user was seen. ErrNotFound: the user is gone or disabled or, where passwordHash is
	// not "", has another password by now: somebody who knew the old one must not be let in while it is changed.
	Start(ctx context.Context, session domain.Session, passwordHash string) error

	// Rotate replaces a token that is current, not expired, and whose user domain.SignInPolicy.MayRefresh admits; it returns
	// that user, who counts as seen, and the session's id. Otherwise nothing changes: ErrNotFound. Of any number of
	// concurrent rotations of one token exactly one succeeds.
	Rotate(ctx context.Context, r Rotation) (domain.User, domain.SessionID, error)

	// Trails returns the sessions whose current token is token or, when family is not "", whose family is; usually one or none.
	Trails(ctx context.Context, token domain.RefreshTokenHash, family string) ([]domain.Trail, error)

	// End closes a session. It is no error when there is none.
	End(ctx context.Context, id domain.SessionID) error

	// EndByToken closes the session, or removes the personal access token, with that token, and, when family is not "", the
	// sessions of that family. It is no error when there is none.
	EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error

	// List returns a user's sessions that are not expired, the one used last first.
	List(ctx context.Context, id domain.UserID, now time.Time) ([]domain.OpenSession, error)

	// HasEnded tells whether a session of a user who exists was ended. One that merely expired counts as ended once it is removed.
	HasEnded(ctx context.Context, user domain.UserID, id domain.SessionID) (bool, error)

	// Hold keeps whoever ends the sessions of a user waiting until the transaction is over, and then they undo what it did, or finds
	// that the session is over. It is the last step of a transaction. ErrNotFound.
	Hold(ctx context.Context, user domain.UserID, id domain.SessionID) error

	// EndOwn closes one of a user's sessions that somebody else may have had, and voids what it can have left behind: an announced
	// address and links to providers that are being made. ErrNotFound.
	EndOwn(ctx context.Context, user domain.UserID, id domain.SessionID) error

	// EndAllBut closes all sessions of a user except one ("": none is spared), those of OAuth2 clients included, and voids whatever
	// was mailed or handed out and could still open one: tickets, codes, an announced address. Personal access tokens stay.
	EndAllBut(ctx context.Context, id domain.UserID, spared domain.SessionID) error

	// DeleteExpired removes at most limit rows that expired before now and says how many it removed.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Roles keeps the names of roles that users can have.
type Roles interface {
	// Ensure creates those of roles that are missing.
	Ensure(ctx context.Context, roles []domain.Role) error
}

// SigningKeys keeps the keys for access tokens when the configuration names none.
type SigningKeys interface {
	// List returns all keys, ordered by generation.
	List(ctx context.Context) ([]domain.SigningKey, error)

	// Add stores a key. ErrTaken: its generation exists; another instance was faster.
	Add(ctx context.Context, key domain.SigningKey) error

	// Remove deletes a key. It is no error when there is none.
	Remove(ctx context.Context, generation int) error
}
