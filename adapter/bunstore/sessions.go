package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// sessions implements port.Sessions on auth.refresh_tokens, where sessions have the type regular.
type sessions struct{ conn conn }

func (s sessions) arguments(session domain.Session) []any {
	return []any{
		string(session.ID), string(session.UserID), string(session.TokenHash),
		s.conn.time(session.CreatedAt), s.conn.time(session.ExpiresAt), nullable(session.Device.UserAgent), nullable(session.Device.Address),
	}
}

const (
	noteSeen = `UPDATE auth.users SET last_seen = $2 WHERE id = $1`
	// noteSignIn waits for a change of the user that is under way and looks at the result.
	noteSignIn = `UPDATE auth.users SET last_seen = $2 WHERE id = $1 AND NOT disabled AND ($3 = '' OR password_hash = $3)`
	// startSession is noteSignIn and insertSession in one statement of PostgreSQL.
	startSession = `WITH seen AS (UPDATE auth.users SET last_seen = $4 WHERE id = $2 AND NOT disabled AND ($8 = '' OR password_hash = $8)
		RETURNING id)
	INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, created_at, expires_at, hx_user_agent, hx_address, type)
	SELECT $1::uuid, seen.id, $3, $4, $5::timestamptz, $6, $7, 'regular' FROM seen`
)

// Start implements port.Sessions: one statement on PostgreSQL, a transaction on SQLite.
func (s sessions) Start(ctx context.Context, session domain.Session, passwordHash string) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	if s.conn.store.dialect.sqlite {
		return s.conn.err(ctx, s.conn.atomic(ctx, func(ctx context.Context, c conn) error {
			return sessions{c}.startInSteps(ctx, session, passwordHash)
		}))
	}
	opened, err := s.conn.exec(ctx, s.conn.write(), startSession, append(s.arguments(session), passwordHash)...)
	if err == nil && opened == 0 {
		return port.ErrNotFound
	}
	return s.conn.err(ctx, err)
}

func (s sessions) startInSteps(ctx context.Context, session domain.Session, passwordHash string) error {
	lane := s.conn.write()
	seen, err := s.conn.exec(ctx, lane, noteSignIn, string(session.UserID), s.conn.time(session.CreatedAt), passwordHash)
	if err != nil {
		return err
	}
	if seen == 0 {
		return port.ErrNotFound
	}
	_, err = s.conn.exec(ctx, lane, insertSession, s.arguments(session)...)
	return err
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

// EndByToken implements port.Sessions. The link that opened the session does not open another.
func (s sessions) EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	const which = `refresh_token_hash = $1 OR (type = 'regular' AND hx_family = $2)`
	args := []any{string(token), nullable(family)}
	return s.conn.err(ctx, s.conn.together(ctx,
		step{`DELETE FROM auth.hexauth_tickets WHERE session_id IN (SELECT id FROM auth.refresh_tokens WHERE ` + which + `)`, args},
		step{`DELETE FROM auth.refresh_tokens WHERE ` + which, args},
	))
}

type openSessionRow struct {
	ID         string    `bun:"id"`
	UserID     string    `bun:"user_id"`
	CreatedAt  timestamp `bun:"created_at"`
	ExpiresAt  timestamp `bun:"expires_at"`
	LastUsedAt timestamp `bun:"last_used_at"`
	UserAgent  string    `bun:"user_agent"`
	Address    string    `bun:"address"`
}

// List implements port.Sessions.
func (s sessions) List(ctx context.Context, id domain.UserID, now time.Time) ([]domain.OpenSession, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var rows []openSessionRow
	err := s.conn.one(ctx, s.conn.read(), &rows, `SELECT id, user_id, created_at, expires_at, coalesce(hx_rotated_at, created_at) AS last_used_at,
		coalesce(hx_user_agent, '') AS user_agent, coalesce(hx_address, '') AS address
		FROM auth.refresh_tokens WHERE user_id = $1 AND type = 'regular' AND expires_at > $2 ORDER BY coalesce(hx_rotated_at, created_at) DESC, id`,
		string(id), s.conn.time(now))
	if err != nil {
		return nil, s.conn.err(ctx, err)
	}
	open := make([]domain.OpenSession, len(rows))
	for i, row := range rows {
		open[i] = domain.OpenSession{LastUsedAt: time.Time(row.LastUsedAt), Session: domain.Session{
			ID: domain.SessionID(row.ID), UserID: domain.UserID(row.UserID), CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
			Device: domain.Device{UserAgent: row.UserAgent, Address: row.Address},
		}}
	}
	return open, nil
}

// HasEnded implements port.Sessions.
func (s sessions) HasEnded(ctx context.Context, user domain.UserID, id domain.SessionID) (bool, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var ended bool
	err := s.conn.scan(ctx, s.conn.read(), []any{&ended}, `SELECT EXISTS (SELECT 1 FROM auth.users WHERE id = $1)
		AND NOT EXISTS (SELECT 1 FROM auth.refresh_tokens WHERE id = $2 AND user_id = $1)`, string(user), string(id))
	return ended, s.conn.err(ctx, err)
}

// Hold implements port.Sessions. The look at the session is a statement of its own, which sees what was waited for.
func (s sessions) Hold(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	if !s.conn.store.dialect.sqlite { // there the transaction has the only lock there is
		if err := (users{s.conn}).lock(ctx, user); err != nil {
			return s.conn.err(ctx, err)
		}
	}
	ended, err := s.HasEnded(ctx, user, id)
	if err == nil && ended {
		return port.ErrNotFound
	}
	return err
}

// EndOwn implements port.Sessions. It locks in the order of EndAllBut.
func (s sessions) EndOwn(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	return s.conn.err(ctx, s.conn.atomic(ctx, func(ctx context.Context, c conn) error {
		err := c.together(ctx,
			step{`DELETE FROM auth.hexauth_tickets WHERE user_id = $1 AND (session_id = $2 OR purpose = $3)`,
				[]any{string(user), string(id), string(domain.TicketEmailConfirmChange)}},
			step{`DELETE FROM auth.hexauth_provider_states WHERE user_id = $1`, []any{string(user)}},
		)
		if err != nil {
			return err
		}
		if err := (users{c}).change(ctx, `DELETE FROM auth.refresh_tokens WHERE user_id = $1 AND id = $2 AND type = 'regular'`, string(user), string(id)); err != nil {
			return err
		}
		return sessions{c}.run(ctx, `UPDATE auth.users SET new_email = NULL WHERE id = $1 AND new_email IS NOT NULL`, string(user))
	}))
}

// EndAllBut implements port.Sessions. The order of the steps is that in which every transaction locks: tickets, codes, sessions,
// users. Sessions are looked for when whoever is using a ticket or a code up has been waited for.
func (s sessions) EndAllBut(ctx context.Context, id domain.UserID, spared domain.SessionID) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	regular := step{`DELETE FROM auth.refresh_tokens WHERE user_id = $1 AND type = 'regular'`, []any{string(id)}}
	if spared != "" {
		regular = step{regular.query + ` AND id <> $2`, append(regular.args, string(spared))}
	}
	return s.conn.err(ctx, s.conn.atomic(ctx, func(ctx context.Context, c conn) error {
		if err := c.together(ctx, voidPending(id)...); err != nil {
			return err
		}
		return c.sweep(ctx, step{`UPDATE auth.users SET ticket = NULL, new_email = NULL, otp_hash = NULL WHERE id = $1`, []any{string(id)}},
			regular, step{`DELETE FROM auth.oauth2_refresh_tokens WHERE user_id = $1`, []any{string(id)}})
	}))
}

// voidPending removes what could still open a session of a user: tickets, codes, what waits to be exchanged, and links to
// providers that are being made. The attempts that were spent on codes stay spent.
func voidPending(id domain.UserID) []step {
	return []step{
		{`DELETE FROM auth.hexauth_tickets WHERE user_id = $1`, []any{string(id)}},
		{`UPDATE auth.hexauth_codes SET code_hash = NULL WHERE user_id = $1`, []any{string(id)}},
		{`DELETE FROM auth.pkce_authorization_codes WHERE user_id = $1`, []any{string(id)}},
		{`DELETE FROM auth.hexauth_provider_states WHERE user_id = $1`, []any{string(id)}},
	}
}

// DeleteExpired implements port.Sessions.
func (s sessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.conn.deleteExpired(ctx, "auth.refresh_tokens", "id", "expires_at", now, limit)
}

func (s sessions) run(ctx context.Context, query string, arguments ...any) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	_, err := s.conn.exec(ctx, s.conn.write(), query, arguments...)
	return s.conn.err(ctx, err)
}
