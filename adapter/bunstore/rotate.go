package bunstore

import (
	"context"
	"strconv"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// rotatedRow is the user of a session whose token was replaced, and the session's id.
type rotatedRow struct {
	userRow
	SessionID string
}

// fields are where userColumns and the session's id go.
func (r *rotatedRow) fields() []any { return append(r.userRow.fields(), &r.SessionID) }

// rotatable is domain.SignInPolicy.MayRefresh as a condition on auth.users u; $8 is RequireVerified. The conformance suite
// compares the two over all combinations.
const rotatable = `NOT u.disabled AND (u.email_verified OR u.is_anonymous OR u.email IS NULL OR NOT $8)`

// remember prepends this rotation to those of the same grace window; older ones are of no use to anybody.
func remember() string {
	kept := strconv.Itoa((domain.MaxPastRotations - 1) * domain.PastRotationLength)
	return `CASE WHEN t.hx_rotated_at >= $7 THEN $6 || substr(coalesce(t.hx_recent, ''), 1, ` + kept + `) ELSE $6 END`
}

// rotatePostgres replaces the token, notes that the user was seen and returns both. A concurrent statement for the same token
// waits for the row and then finds that the token is no longer there.
func rotatePostgres() string {
	return `WITH rotated AS (
		UPDATE auth.refresh_tokens t SET refresh_token_hash = $2, hx_family = $3, expires_at = $5, hx_rotated_at = $4,
			hx_recent = ` + remember() + `
		FROM auth.users u
		WHERE t.refresh_token_hash = $1 AND t.type = 'regular' AND t.expires_at > $4 AND u.id = t.user_id AND ` + rotatable + `
		RETURNING t.id, t.user_id
	), seen AS (
		UPDATE auth.users u SET last_seen = $4 FROM rotated WHERE u.id = rotated.user_id RETURNING u.*
	) SELECT ` + userColumns(false) + `, rotated.id AS session_id FROM seen u, rotated`
}

// Rotate implements port.Sessions: one statement on PostgreSQL, a transaction on SQLite.
func (s sessions) Rotate(ctx context.Context, r port.Rotation) (domain.User, domain.SessionID, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var row rotatedRow
	arguments := []any{
		string(r.Token), string(r.Successor), nullable(r.Family), s.conn.time(r.Now), s.conn.time(r.ExpiresAt),
		r.Past.String(), s.conn.time(r.KeepSince), r.RequireVerified,
	}
	var err error
	if s.conn.store.dialect.sqlite {
		err = s.conn.atomic(ctx, func(ctx context.Context, c conn) error {
			return sessions{c}.rotateInSteps(ctx, &row, arguments)
		})
	} else {
		err = s.conn.scan(ctx, s.conn.hotWrite(), row.fields(), s.conn.store.dialect.texts.rotate, arguments...)
	}
	if err != nil {
		return domain.User{}, "", s.conn.err(ctx, err)
	}
	return row.user(), domain.SessionID(row.SessionID), nil
}

// rotateInSteps does on SQLite what rotatePostgres does, inside of a transaction that holds the write lock from the start.
func (s sessions) rotateInSteps(ctx context.Context, row *rotatedRow, arguments []any) error {
	lane := s.conn.write()
	err := s.conn.scan(ctx, lane, row.fields(), `SELECT `+userColumns(true)+`, t.id AS session_id
		FROM auth.refresh_tokens t JOIN auth.users u ON u.id = t.user_id
		WHERE t.refresh_token_hash = $1 AND t.type = 'regular' AND t.expires_at > $4 AND `+rotatable, arguments...)
	if err != nil {
		return err
	}
	_, err = s.conn.exec(ctx, lane, `UPDATE auth.refresh_tokens AS t SET refresh_token_hash = $2, hx_family = $3, expires_at = $5,
		hx_rotated_at = $4, hx_recent = `+remember()+` WHERE t.id = $9`, append(arguments, row.SessionID)...)
	if err != nil {
		return err
	}
	_, err = s.conn.exec(ctx, lane, noteSeen, row.ID, arguments[3])
	return err
}
