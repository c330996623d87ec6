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
	now := s.Clock.Now()
	token := domain.RefreshToken(s.Random.UUID())
	record := domain.Session{
		ID: domain.SessionID(s.Random.UUID()), UserID: user.ID, TokenHash: token.Hash(),
		CreatedAt: now, ExpiresAt: now.Add(s.Policy.RefreshTokenTTL),
	}
	session, err := s.issue(ctx, user, record.ID, token)
	return session, record, err
}

// open starts a session for a user who exists. port.ErrNotFound: no longer.
func (s Sessions) open(ctx context.Context, sessions port.Sessions, user domain.User) (Session, error) {
	session, record, err := s.prepare(ctx, user)
	if err != nil {
		return Session{}, err
	}
	return session, sessions.Start(ctx, record)
}

// issue signs the access token of a session that token goes on with.
func (s Sessions) issue(ctx context.Context, user domain.User, id domain.SessionID, token domain.RefreshToken) (Session, error) {
	access, err := s.Tokens.Sign(ctx, domain.ClaimsFor(user, s.Clock.Now(), s.Policy.AccessTokenTTL))
	if err != nil {
		return Session{}, err
	}
	return Session{ID: id, AccessToken: access, ExpiresIn: s.Policy.AccessTokenTTL, RefreshToken: token, User: user}, nil
}
