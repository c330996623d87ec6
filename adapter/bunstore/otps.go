package bunstore

import (
	"context"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// otps implements port.OTPs.
type otps struct{ conn conn }

type otpRow struct {
	Subject      string    `bun:"subject"`
	UserID       string    `bun:"user_id"`
	Hash         string    `bun:"code_hash"`
	ExpiresAt    timestamp `bun:"expires_at"`
	WindowEndsAt timestamp `bun:"window_ends_at"`
}

// upsertOTP puts a code in the place of another; $5 is now. Where there is no new code the old one stays good: whoever asks
// about an address must not take a code from its owner.
const upsertOTP = `INSERT INTO auth.hexauth_codes AS c (subject, user_id, code_hash, expires_at, attempts, window_ends_at) VALUES ($1, $2, $3, $4, 0, $6)
	ON CONFLICT (subject) DO UPDATE SET code_hash = coalesce(excluded.code_hash, c.code_hash),
		user_id = CASE WHEN excluded.code_hash IS NULL THEN c.user_id ELSE excluded.user_id END,
		expires_at = CASE WHEN excluded.code_hash IS NULL THEN c.expires_at ELSE excluded.expires_at END,
		attempts = CASE WHEN c.window_ends_at > $5 THEN c.attempts ELSE 0 END,
		window_ends_at = CASE WHEN c.window_ends_at > $5 THEN c.window_ends_at ELSE excluded.window_ends_at END`

func (o otps) upsert(code domain.OTPRecord, now time.Time) step {
	return step{upsertOTP, []any{
		string(code.Subject), nullable(code.UserID), nullable(code.Hash), o.conn.time(code.ExpiresAt), o.conn.time(now), o.conn.time(code.WindowEndsAt),
	}}
}

// Issue implements port.OTPs.
func (o otps) Issue(ctx context.Context, code domain.OTPRecord, message domain.Message, now time.Time) error {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	queued, err := outbox(o).insert(message, now)
	if err != nil {
		return err
	}
	return o.conn.err(ctx, o.conn.together(ctx, o.upsert(code, now), queued))
}

// Put implements port.OTPs.
func (o otps) Put(ctx context.Context, code domain.OTPRecord, now time.Time) error {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	return o.conn.err(ctx, o.conn.together(ctx, o.upsert(code, now)))
}

// countAttempt opens a window or counts in the open one, until the budget is spent.
var countAttempt = `INSERT INTO auth.hexauth_codes AS c (subject, attempts, window_ends_at) VALUES ($1, 1, $3)
	ON CONFLICT (subject) DO UPDATE SET attempts = CASE WHEN c.window_ends_at > $2 THEN c.attempts + 1 ELSE 1 END,
		window_ends_at = CASE WHEN c.window_ends_at > $2 THEN c.window_ends_at ELSE excluded.window_ends_at END
	WHERE c.attempts < ` + strconv.Itoa(domain.OTPAttempts) + ` OR c.window_ends_at <= $2
	RETURNING subject, coalesce(CAST(user_id AS text), '') AS user_id, coalesce(code_hash, '') AS code_hash,
		coalesce(expires_at, window_ends_at) AS expires_at, window_ends_at`

// Attempt implements port.OTPs.
func (o otps) Attempt(ctx context.Context, subject domain.OTPSubject, now, windowEndsAt time.Time) (domain.OTPRecord, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var row otpRow
	err := o.conn.one(ctx, o.conn.write(), &row, countAttempt, string(subject), o.conn.time(now), o.conn.time(windowEndsAt))
	if err != nil {
		return domain.OTPRecord{}, o.conn.err(ctx, err)
	}
	return domain.OTPRecord{
		Subject: subject, UserID: domain.UserID(row.UserID), Hash: row.Hash, ExpiresAt: time.Time(row.ExpiresAt), WindowEndsAt: time.Time(row.WindowEndsAt),
	}, nil
}

// Consume implements port.OTPs.
func (o otps) Consume(ctx context.Context, subject domain.OTPSubject, hash string) error {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	removed, err := o.conn.exec(ctx, o.conn.write(), `DELETE FROM auth.hexauth_codes WHERE subject = $1 AND code_hash = $2`, string(subject), hash)
	if err == nil && removed == 0 {
		return port.ErrNotFound
	}
	return o.conn.err(ctx, err)
}

// ConsumeLegacy implements port.OTPs.
func (o otps) ConsumeLegacy(ctx context.Context, email domain.Email, code domain.OTP, now time.Time) (domain.UserID, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var id string
	err := o.conn.one(ctx, o.conn.write(), &id, `UPDATE auth.users SET ticket = NULL WHERE email = $1 AND ticket = $2 AND ticket_expires_at > $3
		RETURNING CAST(id AS text)`, string(email), string(code), o.conn.time(now))
	return domain.UserID(id), o.conn.err(ctx, err)
}

// DeleteExpired implements port.OTPs.
func (o otps) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	// No code outlives the window that its issue opened or found open by more than its own life.
	return o.conn.deleteExpired(ctx, "auth.hexauth_codes", "subject", "window_ends_at", now.Add(-domain.OTPLifetime), limit)
}
