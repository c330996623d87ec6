package bunstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// ceremonies implements port.Ceremonies.
type ceremonies struct{ conn conn }

type ceremonyRow struct {
	Challenge string    `bun:"challenge"`
	Purpose   string    `bun:"purpose"`
	UserID    string    `bun:"user_id"`
	State     string    `bun:"state"`
	Email     string    `bun:"email"`
	Options   string    `bun:"options"`
	ExpiresAt timestamp `bun:"expires_at"`
}

// Add implements port.Ceremonies.
func (c ceremonies) Add(ctx context.Context, ceremony domain.Ceremony) error {
	ctx, cancel := c.conn.bounded(ctx)
	defer cancel()
	options, err := json.Marshal(ceremony.Options)
	if err != nil {
		return err
	}
	_, err = c.conn.exec(ctx, c.conn.write(), `INSERT INTO auth.hexauth_ceremonies (challenge, purpose, user_id, state, email, options, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, ceremony.Challenge, string(ceremony.Purpose), nullable(ceremony.UserID), ceremony.State,
		nullable(ceremony.Email), string(options), c.conn.time(ceremony.ExpiresAt))
	return c.conn.err(ctx, err)
}

// Take implements port.Ceremonies.
func (c ceremonies) Take(
	ctx context.Context, challenge string, purpose domain.CeremonyPurpose, user domain.UserID, now time.Time,
) (domain.Ceremony, error) {
	ctx, cancel := c.conn.bounded(ctx)
	defer cancel()
	var row ceremonyRow
	err := c.conn.one(ctx, c.conn.write(), &row, `DELETE FROM auth.hexauth_ceremonies
		WHERE challenge = $1 AND purpose = $2 AND expires_at > $3 AND ($4 = '' OR CAST(user_id AS text) = $4)
		RETURNING challenge, purpose, coalesce(CAST(user_id AS text), '') AS user_id, state, coalesce(email, '') AS email,
			coalesce(options, '{}') AS options, expires_at`, challenge, string(purpose), c.conn.time(now), string(user))
	if err != nil {
		return domain.Ceremony{}, c.conn.err(ctx, err)
	}
	ceremony := domain.Ceremony{
		Challenge: row.Challenge, Purpose: domain.CeremonyPurpose(row.Purpose), UserID: domain.UserID(row.UserID), State: row.State,
		Email: domain.Email(row.Email), ExpiresAt: time.Time(row.ExpiresAt),
	}
	return ceremony, json.Unmarshal([]byte(row.Options), &ceremony.Options)
}

// DeleteExpired implements port.Ceremonies.
func (c ceremonies) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return c.conn.deleteExpired(ctx, "auth.hexauth_ceremonies", "challenge", "expires_at", now, limit)
}
