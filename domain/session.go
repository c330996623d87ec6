package domain

import (
	"context"
	"time"
)

// SessionID identifies a session, however often its refresh token is replaced: a UUID. The API calls it refreshTokenId.
type SessionID string

// Session is an open session of a user on one device, as the store keeps it.
type Session struct {
	ID        SessionID
	UserID    UserID
	TokenHash RefreshTokenHash
	CreatedAt time.Time
	ExpiresAt time.Time
	Device    Device // that the session was opened from
}

// OpenSession is a session as its user sees it.
type OpenSession struct {
	Session
	LastUsedAt time.Time // when its refresh token was last replaced, or it was opened
}

type actingKey struct{}

// WithActing returns a context in which accounts are changed in the name of a session, and only while it is open.
func WithActing(ctx context.Context, user UserID, id SessionID) context.Context {
	return context.WithValue(ctx, actingKey{}, Session{ID: id, UserID: user})
}

// ActingOf returns the session in whose name accounts are changed, with its ids alone; no id when that is not known.
func ActingOf(ctx context.Context) Session {
	acting, _ := ctx.Value(actingKey{}).(Session)
	return acting
}

// SessionPolicy says how long tokens live.
type SessionPolicy struct {
	AccessTokenTTL  time.Duration
	RefreshTokenTTL time.Duration // counted anew at each refresh
	Grace           time.Duration // how long a replaced refresh token still leads to its successor; 0: not at all
}

// Trail is what the store remembers of a session: enough to judge a refresh token that is not the current one.
type Trail struct {
	Session Session
	Recent  []PastRotation // newest first
}

// Verdict is the judgement on a presented refresh token.
type Verdict int

// The verdicts.
const (
	TokenUnknown  Verdict = iota // it does not belong to the session
	TokenCurrent                 // it is the session's token and good
	TokenExpired                 // it was the session's token until it expired
	TokenReplaced                // it was replaced within the grace window; its successor is the answer
	TokenReused                  // it was replaced earlier: somebody has a copy
)

// Judge tells what a presented token is to the session, and the nonce of its successor for TokenReplaced. The caller found the
// trail by the token or by its family, so a token that is neither the current one nor remembered is an old one.
func (t Trail) Judge(token RefreshToken, now time.Time, grace time.Duration) (Verdict, RefreshNonce) {
	if t.Session.TokenHash == token.Hash() {
		if !t.Session.ExpiresAt.After(now) {
			return TokenExpired, ""
		}
		return TokenCurrent, ""
	}
	if !t.Session.ExpiresAt.After(now) {
		return TokenExpired, ""
	}
	predecessor := predecessorOf(token)
	for _, rotation := range t.Recent {
		if rotation.Predecessor == predecessor && grace > 0 && now.Sub(rotation.At) <= grace {
			return TokenReplaced, rotation.Nonce
		}
	}
	return TokenReused, ""
}
