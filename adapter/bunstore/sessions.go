package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// sessions implements port.Sessions on auth.refresh_tokens, where sessions have the type regular.
type sessions struct{ conn conn }

func (s sessions) arguments(session domain.Session) []any {
	return []any{
		string(session.ID), string(session.UserID), string(session.TokenHash),
		s.conn.time(session.CreatedAt), s.conn.time(session.ExpiresAt),
	}
}

const noteSeen = `UPDATE auth.users SET last_seen = $2 WHERE id = $1`

// Start implements port.Sessions.
func (s sessions) Start(ctx context.Context, session domain.Session) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	return s.conn.err(ctx, s.conn.together(ctx,
		step{insertSession, s.arguments(session)},
		step{noteSeen, []any{string(session.UserID), s.conn.time(session.CreatedAt)}},
	))
}

// trailRow is a session with what is remembered of its past.
type trailRow struct {
	ID        string    `bun:"id"`
	UserID    string    `bun:"user_id"`
	Hash      string    `bun:"refresh_token_hash"`
	CreatedAt timestamp `bun:"created_at"`
	ExpiresAt timestamp `bun:"expires_at"`
	Recent    string    `bun:"recent"`
}

// Trails implements port.Sessions.
func (s sessions) Trails(ctx context.Context, token domain.RefreshTokenHash, family string) ([]domain.Trail, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var rows []trailRow
	err := s.conn.one(ctx, s.conn.hotWrite(), &rows, `SELECT id, user_id, refresh_token_hash, created_at, expires_at,
		coalesce(hx_recent, '') AS recent FROM auth.refresh_tokens
		WHERE type = 'regular' AND (refresh_token_hash = $1 OR hx_family = $2)`, string(token), nullable(family))
	if err != nil {
		return nil, s.conn.err(ctx, err)
	}
	trails := make([]domain.Trail, len(rows))
	for i, row := range rows {
		trails[i] = domain.Trail{
			Session: domain.Session{
				ID: domain.SessionID(row.ID), UserID: domain.UserID(row.UserID), TokenHash: domain.RefreshTokenHash(row.Hash),
				CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
			},
			Recent: domain.ParsePastRotations(row.Recent),
		}
	}
	return trails, nil
}

// End implements port.Sessions.
func (s sessions) End(ctx context.Context, id domain.SessionID) error {
	return s.run(ctx, `DELETE FROM auth.refresh_tokens WHERE id = $1 AND type = 'regular'`, string(id))
}

// EndByToken implements port.Sessions.
func (s sessions) EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error {
	return s.run(ctx, `DELETE FROM auth.refresh_tokens WHERE refresh_token_hash = $1 OR (type = 'regular' AND hx_family = $2)`,
		string(token), nullable(family))
}

// EndAll implements port.Sessions.
func (s sessions) EndAll(ctx context.Context, id domain.UserID) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	return s.conn.err(ctx, s.conn.together(ctx,
		step{`DELETE FROM auth.refresh_tokens WHERE user_id = $1 AND type = 'regular'`, []any{string(id)}},
		step{`DELETE FROM auth.oauth2_refresh_tokens WHERE user_id = $1`, []any{string(id)}},
	))
}

// DeleteExpired implements port.Sessions. Rows that another instance is deleting are left to it.
func (s sessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	lock := " FOR UPDATE SKIP LOCKED"
	if s.conn.store.dialect.sqlite {
		lock = ""
	}
	deleted, err := s.conn.exec(ctx, s.conn.write(), `DELETE FROM auth.refresh_tokens WHERE id IN (
		SELECT id FROM auth.refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2`+lock+`)`, s.conn.time(now), limit)
	return int(deleted), s.conn.err(ctx, err)
}

func (s sessions) run(ctx context.Context, query string, arguments ...any) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	_, err := s.conn.exec(ctx, s.conn.write(), query, arguments...)
	return s.conn.err(ctx, err)
}
