package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Session is what every way in gives: two tokens and the user they are for.
type Session struct {
	ID           domain.SessionID
	AccessToken  string
	ExpiresIn    time.Duration // of the access token
	RefreshToken domain.RefreshToken
	User         domain.User
}

// SignedIn is what a first factor gives: a session or, where a second factor is asked for, a ticket for VerifySignInMFATOTP. Exactly
// one of them is set.
type SignedIn struct {
	Session   *Session
	MFATicket domain.Ticket
}

// Sessions builds sessions. Every use case that gives one builds it here, so all are alike, and none comes before the second factor.
type Sessions struct {
	Tokens port.AccessTokens
	Clock  port.Clock
	Random port.Random
	Policy domain.SessionPolicy
	MFA    domain.MFAPolicy
	Key    domain.RefreshTokenKey
	Audit  Audit

	CustomClaims port.CustomClaims
	ClaimsPolicy domain.CustomClaimsPolicy
}

// admitted is what a first factor gives inside of a transaction: SignedIn before the session has its access token.
type admitted struct {
	opened    *opened
	mfaTicket domain.Ticket
}

// opened is a session that the store keeps, or is about to, and that has no access token yet: the app is asked for its claims first,
// and that is done when the account is there and no transaction waits.
type opened struct {
	user     domain.User
	id       domain.SessionID
	token    domain.RefreshToken
	elevated bool // the first access token is
}

// signIn goes on after a first factor: with a session or, where the user has a second factor and is asked for it, with a ticket.
// passwordHash is what the user's password was found right against, "" when another proof was given. It is not for use inside of a
// transaction. port.ErrNotFound: the user is gone or disabled, or has another password.
func (s Sessions) signIn(ctx context.Context, repos port.Repos, user domain.User, given domain.FirstFactor, passwordHash string) (SignedIn, error) {
	if s.MFA.Asks(user, given) {
		ticket, err := s.challenge(ctx, repos.Tickets(), user, passwordHash, s.newID())
		if err != nil {
			return SignedIn{}, err
		}
		return SignedIn{MFATicket: ticket}, nil
	}
	session, err := s.open(ctx, repos.Sessions(), user, passwordHash, false)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Session: &session}, nil
}

// admit is signIn inside of a transaction, for a session whose id is known before. finish follows when the transaction is over.
func (s Sessions) admit(ctx context.Context, repos port.Repos, user domain.User, given domain.FirstFactor, id domain.SessionID) (admitted, error) {
	if s.MFA.Asks(user, given) {
		ticket, err := s.challenge(ctx, repos.Tickets(), user, "", id)
		return admitted{mfaTicket: ticket}, err
	}
	o, err := s.start(ctx, repos.Sessions(), user, id)
	return admitted{opened: &o}, err
}

// finish gives who was admitted what the client gets. Errors as of issue.
func (s Sessions) finish(ctx context.Context, a admitted) (SignedIn, error) {
	if a.opened == nil {
		return SignedIn{MFATicket: a.mfaTicket}, nil
	}
	session, err := s.issue(ctx, *a.opened)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Session: &session}, nil
}

// challenge makes a ticket for the second step, which will open the session with that id. Errors as of signIn.
func (s Sessions) challenge(
	ctx context.Context, tickets port.Tickets, user domain.User, passwordHash string, id domain.SessionID,
) (domain.Ticket, error) {
	ticket, now := domain.NewMFATicket(s.Random.UUID()), s.Clock.Now()
	return ticket, tickets.Challenge(ctx, domain.TicketRecord{
		Hash: ticket.Hash(), Purpose: domain.TicketMFATOTP, UserID: user.ID, CreatedAt: now, ExpiresAt: now.Add(domain.TicketMFATOTP.Lifetime()), SessionID: id,
	}, passwordHash)
}

func (s Sessions) newID() domain.SessionID { return domain.SessionID(s.Random.UUID()) }

// prepare makes a new session for user, and what the store must keep of it before issue may give it to the client.
func (s Sessions) prepare(ctx context.Context, user domain.User) (opened, domain.Session) {
	record, token := s.record(ctx, user, s.newID())
	return opened{user: user, id: record.ID, token: token}, record
}

// record makes what the store keeps of a session that begins now, and its refresh token.
func (s Sessions) record(ctx context.Context, user domain.User, id domain.SessionID) (domain.Session, domain.RefreshToken) {
	now, token := s.Clock.Now(), domain.RefreshToken(s.Random.UUID())
	return domain.Session{
		ID: id, UserID: user.ID, TokenHash: token.Hash(), CreatedAt: now, ExpiresAt: now.Add(s.Policy.RefreshTokenTTL),
		Device: domain.DeviceOf(ctx),
	}, token
}

// start has the store keep a session of a user who exists and who has given whatever factors are asked for. issue follows when the
// transaction is over. Errors as of signIn.
func (s Sessions) start(ctx context.Context, sessions port.Sessions, user domain.User, id domain.SessionID) (opened, error) {
	record, token := s.record(ctx, user, id)
	return opened{user: user, id: id, token: token}, sessions.Start(ctx, record, "")
}

// open is start and issue outside of a transaction. It begins with the app's claims: where tokens are not issued without them, no session
// stays behind. An elevated session is for a user who has just proven once more, with a second factor, who they are: its first
// access token says so; those that a refresh gives do not. Errors as of signIn and issue.
func (s Sessions) open(ctx context.Context, sessions port.Sessions, user domain.User, passwordHash string, elevated bool) (Session, error) {
	o, record := s.prepare(ctx, user)
	o.elevated = elevated
	session, err := s.issue(ctx, o)
	if err != nil {
		return Session{}, err
	}
	return session, sessions.Start(ctx, record, passwordHash)
}

// issue gives a session its access token. Unavailable: the app's claims can't be had, and tokens are not issued without them. It is not
// for use inside of a transaction.
func (s Sessions) issue(ctx context.Context, o opened) (Session, error) {
	custom, err := s.custom(ctx, o.user.ID)
	if err != nil {
		return Session{}, err
	}
	return s.sign(ctx, o, custom)
}

// custom asks for what the app says about a user.
func (s Sessions) custom(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	found, err := s.CustomClaims.Of(ctx, user)
	if err != nil {
		return s.ClaimsPolicy.Without(err)
	}
	return s.ClaimsPolicy.Settle(found), nil
}

func (s Sessions) sign(ctx context.Context, o opened, custom domain.CustomClaims) (Session, error) {
	claims := domain.ClaimsFor(o.user, o.id, s.Clock.Now(), s.Policy.AccessTokenTTL)
	claims.Elevated, claims.Custom = o.elevated, custom
	access, err := s.Tokens.Sign(ctx, claims)
	if err != nil {
		return Session{}, err
	}
	return Session{ID: o.id, AccessToken: access, ExpiresIn: s.Policy.AccessTokenTTL, RefreshToken: o.token, User: o.user}, nil
}

// code stores a code that the app with the verifier of challenge can exchange for the session id.
func (s Sessions) code(
	ctx context.Context, codes port.PKCECodes, user domain.UserID, id domain.SessionID, challenge, redirectTo string,
) (domain.PKCECode, error) {
	code, now := domain.NewPKCECode(s.Random.Nonce(), s.Random.Nonce()), s.Clock.Now()
	return code, codes.Add(ctx, domain.PKCERecord{
		ID: s.Random.UUID(), UserID: user, Hash: code.Hash(), Challenge: challenge, RedirectTo: redirectTo,
		CreatedAt: now, ExpiresAt: now.Add(domain.PKCECodeLifetime), SessionID: id,
	})
}

// SecondFactor checks codes of authenticator apps and, in their place, recovery codes. Both count against one budget a user.
type SecondFactor struct {
	Store port.Store
	TOTP  port.TOTP
	Clock port.Clock
	Key   domain.RecoveryKey
	Audit Audit
}

// proof is a code that is right, or may be, and is not used up yet.
type proof struct {
	user     domain.UserID
	secret   string // that the code belongs to
	step     int64  // of time, for which the code is right
	recovery string // the hash of a recovery code that remains to be looked for
}

// check counts an attempt and looks at the code, which use then uses up. Errors: TooManyRequests (the budget is spent, whatever the
// code), NoTOTPSecret, InvalidTOTP.
func (f SecondFactor) check(ctx context.Context, user domain.UserID, code string) (proof, error) {
	now := f.Clock.Now()
	secret, err := f.Store.MFASecrets().Attempt(ctx, user, now, now.Add(domain.MFAWindow))
	switch {
	case errors.Is(err, port.ErrNotFound):
		return proof{}, domain.TooManyRequests
	case err != nil:
		return proof{}, err
	case secret == "":
		return proof{}, domain.NoTOTPSecret
	}
	if recovery, ok := domain.ParseRecoveryCode(code); ok {
		return proof{user: user, recovery: f.Key.Hash(user, recovery)}, nil
	}
	step, ok := f.TOTP.Match(secret, code, now)
	if !ok {
		return proof{}, domain.InvalidTOTP
	}
	return proof{user: user, secret: secret, step: step}, nil
}

// use uses a code up: of concurrent uses of one code, or of codes of one time step, one succeeds. InvalidTOTP.
func (p proof) use(ctx context.Context, repos *change) (err error) {
	if p.recovery != "" {
		repos.note(ctx, domain.Event{Kind: domain.RecoveryCodeUsed, UserID: p.user})
		err = repos.MFASecrets().ConsumeRecoveryCode(ctx, p.user, p.recovery)
	} else {
		err = repos.MFASecrets().AcceptTOTP(ctx, p.user, p.step)
	}
	if errors.Is(err, port.ErrNotFound) {
		return domain.InvalidTOTP
	}
	return err
}
