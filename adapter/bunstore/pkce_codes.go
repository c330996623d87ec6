package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// pkceCodes implements port.PKCECodes on the peer's table.
type pkceCodes struct{ conn conn }

type pkceRow struct {
	ID         string    `bun:"id"`
	UserID     string    `bun:"user_id"`
	Hash       string    `bun:"code_hash"`
	Challenge  string    `bun:"code_challenge"`
	RedirectTo string    `bun:"redirect_to"`
	CreatedAt  timestamp `bun:"created_at"`
	ExpiresAt  timestamp `bun:"expires_at"`
	SessionID  string    `bun:"session_id"`
}

// Add implements port.PKCECodes.
func (p pkceCodes) Add(ctx context.Context, code domain.PKCERecord) error {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	_, err := p.conn.exec(ctx, p.conn.write(), `INSERT INTO auth.pkce_authorization_codes
		(id, user_id, code_hash, code_challenge, redirect_to, created_at, expires_at, hx_session_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		code.ID, string(code.UserID), code.Hash, code.Challenge, code.RedirectTo, p.conn.time(code.CreatedAt), p.conn.time(code.ExpiresAt), nullable(code.SessionID))
	return p.conn.err(ctx, err)
}

// Redeem implements port.PKCECodes.
func (p pkceCodes) Redeem(ctx context.Context, hash, challenge string, now time.Time) (domain.PKCERecord, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	var row pkceRow
	err := p.conn.one(ctx, p.conn.write(), &row, `DELETE FROM auth.pkce_authorization_codes WHERE code_hash = $1 AND code_challenge = $2 AND expires_at > $3
		RETURNING id, user_id, code_hash, code_challenge, coalesce(redirect_to, '') AS redirect_to, created_at, expires_at,
			coalesce(CAST(hx_session_id AS text), '') AS session_id`, hash, challenge, p.conn.time(now))
	if err != nil {
		return domain.PKCERecord{}, p.conn.err(ctx, err)
	}
	return domain.PKCERecord{
		ID: row.ID, UserID: domain.UserID(row.UserID), Hash: row.Hash, Challenge: row.Challenge, RedirectTo: row.RedirectTo,
		CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt), SessionID: domain.SessionID(row.SessionID),
	}, nil
}

// Revoke implements port.PKCECodes.
func (p pkceCodes) Revoke(ctx context.Context, session domain.SessionID) error {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	return p.conn.err(ctx, p.conn.together(ctx,
		step{`DELETE FROM auth.hexauth_tickets WHERE session_id = $1 AND purpose = $2`, []any{string(session), string(domain.TicketMFATOTP)}},
		step{`DELETE FROM auth.pkce_authorization_codes WHERE hx_session_id = $1`, []any{string(session)}},
	))
}

// DeleteExpired implements port.PKCECodes.
func (p pkceCodes) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return p.conn.deleteExpired(ctx, "auth.pkce_authorization_codes", "id", "expires_at", now, limit)
}
