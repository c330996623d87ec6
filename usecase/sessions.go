package usecase

import (
	"context"
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

// Sessions builds sessions. Every use case that gives one builds it here, so all are alike.
type Sessions struct {
	Tokens port.AccessTokens
	Clock  port.Clock
	Random port.Random
	Policy domain.SessionPolicy
	Key    domain.RefreshTokenKey
}

// prepare makes a new session for user: what the client gets and what the store must keep before the client may get it.
func (s Sessions) prepare(ctx context.Context, user domain.User) (Session, domain.Session, error) {
	record, token := s.record(ctx, user, domain.SessionID(s.Random.UUID()))
	session, err := s.issue(ctx, user, record.ID, token)
	return session, record, err
}

// record makes what the store keeps of a session that begins now, and its refresh token.
func (s Sessions) record(ctx context.Context, user domain.User, id domain.SessionID) (domain.Session, domain.RefreshToken) {
	now, token := s.Clock.Now(), domain.RefreshToken(s.Random.UUID())
	return domain.Session{
		ID: id, UserID: user.ID, TokenHash: token.Hash(), CreatedAt: now, ExpiresAt: now.Add(s.Policy.RefreshTokenTTL),
		Device: domain.DeviceOf(ctx),
	}, token
}

// open starts a session for a user who exists. passwordHash is what the user's password was found right against, "" when another
// proof was given. port.ErrNotFound: the user is gone or disabled, or has another password.
func (s Sessions) open(ctx context.Context, sessions port.Sessions, user domain.User, passwordHash string) (Session, error) {
	session, record, err := s.prepare(ctx, user)
	if err != nil {
		return Session{}, err
	}
	return session, sessions.Start(ctx, record, passwordHash)
}

// openElevated starts a session for a user who has just proven once more, with a second factor, who they are. Its first access token
// says so; those that a refresh gives do not. Errors as of open.
func (s Sessions) openElevated(ctx context.Context, sessions port.Sessions, user domain.User) (Session, error) {
	record, token := s.record(ctx, user, domain.SessionID(s.Random.UUID()))
	claims := domain.ClaimsFor(user, record.ID, s.Clock.Now(), s.Policy.AccessTokenTTL)
	claims.Elevated = true
	session, err := s.sign(ctx, user, claims, token)
	if err != nil {
		return Session{}, err
	}
	return session, sessions.Start(ctx, record, "")
}

// issue signs the access token of a session that token goes on with.
func (s Sessions) issue(ctx context.Context, user domain.User, id domain.SessionID, token domain.RefreshToken) (Session, error) {
	return s.sign(ctx, user, domain.ClaimsFor(user, id, s.Clock.Now(), s.Policy.AccessTokenTTL), token)
}

func (s Sessions) sign(ctx context.Context, user domain.User, claims domain.Claims, token domain.RefreshToken) (Session, error) {
	access, err := s.Tokens.Sign(ctx, claims)
	if err != nil {
		return Session{}, err
	}
	return Session{ID: claims.SessionID, AccessToken: access, ExpiresIn: s.Policy.AccessTokenTTL, RefreshToken: token, User: user}, nil
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
