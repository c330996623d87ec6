package bunstore

import (
	"context"
	"encoding/json"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SetPasswordHash implements port.Users.
func (u users) SetPasswordHash(ctx context.Context, id domain.UserID, hash string) error {
	return u.change(ctx, `UPDATE auth.users SET password_hash = $2 WHERE id = $1`, string(id), hash)
}

// MarkEmailVerified implements port.Users.
func (u users) MarkEmailVerified(ctx context.Context, id domain.UserID, email domain.Email) error {
	if email == "" {
		return u.change(ctx, `UPDATE auth.users SET email_verified = true WHERE id = $1`, string(id))
	}
	return u.change(ctx, `UPDATE auth.users SET email_verified = true WHERE id = $1 AND email = $2`, string(id), string(email))
}

// Claim implements port.Users.
func (u users) Claim(ctx context.Context, id domain.UserID) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	args := []any{string(id)}
	return u.conn.err(ctx, u.conn.sweep(ctx,
		step{`UPDATE auth.users SET password_hash = NULL, totp_secret = NULL, active_mfa_type = NULL, ticket = NULL, new_email = NULL
			WHERE id = $1`, args},
		step{`DELETE FROM auth.hexauth_tickets WHERE user_id = $1 AND purpose = $2`, []any{string(id), string(domain.TicketEmailConfirmChange)}},
		step{`DELETE FROM auth.pkce_authorization_codes WHERE user_id = $1`, args},
		step{`DELETE FROM auth.hexauth_provider_states WHERE user_id = $1`, args},
		step{`DELETE FROM auth.refresh_tokens WHERE user_id = $1`, args},
		step{`DELETE FROM auth.oauth2_refresh_tokens WHERE user_id = $1`, args},
		step{`DELETE FROM auth.user_security_keys WHERE user_id = $1`, args},
		step{`DELETE FROM auth.user_providers WHERE user_id = $1`, args},
		step{`DELETE FROM auth.hexauth_recovery_codes WHERE user_id = $1`, args},
	))
}

type waysInRow struct {
	Password      bool   `bun:"password"`
	Email         bool   `bun:"email"`
	VerifiedPhone bool   `bun:"verified_phone"`
	SecurityKeys  int    `bun:"security_keys"`
	Providers     string `bun:"providers"`
}

// WaysIn implements port.Users. The user's row is locked by a statement of its own, so that the next one sees what the
// transaction before has left.
func (u users) WaysIn(ctx context.Context, id domain.UserID) (domain.WaysIn, error) {
	aggregate := "json_group_array"
	if !u.conn.store.dialect.sqlite { // there the transaction has the only lock there is
		aggregate = "json_agg"
		if err := u.lock(ctx, id); err != nil {
			return domain.WaysIn{}, u.conn.err(ctx, err)
		}
	}
	var row waysInRow
	err := u.conn.one(ctx, u.conn.write(), &row, `SELECT coalesce(u.password_hash, '') <> '' AS password, u.email IS NOT NULL AS email,
		u.phone_number IS NOT NULL AND u.phone_number_verified AS verified_phone,
		(SELECT count(*) FROM auth.user_security_keys k WHERE k.user_id = u.id) AS security_keys,
		(SELECT coalesce(CAST(`+aggregate+`(p.provider_id) AS text), '[]') FROM auth.user_providers p WHERE p.user_id = u.id) AS providers
		FROM auth.users u WHERE u.id = $1`, string(id))
	if err != nil {
		return domain.WaysIn{}, u.conn.err(ctx, err)
	}
	ways := domain.WaysIn{Password: row.Password, Email: row.Email, VerifiedPhone: row.VerifiedPhone, SecurityKeys: row.SecurityKeys}
	return ways, json.Unmarshal([]byte(row.Providers), &ways.Providers)
}

// lock makes whoever else locks the user wait until the transaction ends.
func (u users) lock(ctx context.Context, id domain.UserID) error {
	var locked string
	return u.conn.one(ctx, u.conn.write(), &locked, `SELECT CAST(id AS text) FROM auth.users WHERE id = $1 FOR NO KEY UPDATE`, string(id))
}

// AnnounceEmail implements port.Users.
func (u users) AnnounceEmail(ctx context.Context, id domain.UserID, email domain.Email) error {
	return u.change(ctx, `UPDATE auth.users SET new_email = $2 WHERE id = $1`, string(id), string(email))
}

// ChangeEmail implements port.Users. Both columns compare without regard to case.
func (u users) ChangeEmail(ctx context.Context, id domain.UserID, email domain.Email) error {
	return u.change(ctx, `UPDATE auth.users SET email = coalesce($2, new_email), new_email = NULL, email_verified = true
		WHERE id = $1 AND new_email = coalesce($2, new_email)`,
		string(id), nullable(email))
}

// Deanonymize implements port.Users.
func (u users) Deanonymize(ctx context.Context, user domain.User) error {
	var metadata any
	if user.Metadata != "" {
		metadata = string(user.Metadata)
	}
	err := u.change(ctx, `UPDATE auth.users SET is_anonymous = false, email = $2, email_verified = false, password_hash = $3, display_name = $4,
		avatar_url = $5, locale = $6, default_role = $7, metadata = coalesce($8, metadata) WHERE id = $1 AND is_anonymous`,
		string(user.ID), string(user.Email), nullable(user.PasswordHash), user.DisplayName, user.AvatarURL, user.Locale, string(user.DefaultRole), metadata)
	if err != nil {
		return err
	}
	if _, err := u.conn.exec(ctx, u.conn.write(), `DELETE FROM auth.user_roles WHERE user_id = $1`, string(user.ID)); err != nil {
		return u.conn.err(ctx, err)
	}
	steps := make([]step, len(user.Roles))
	for i, role := range user.Roles {
		steps[i] = step{insertUserRole, []any{string(user.ID), string(role), u.conn.time(user.CreatedAt)}}
	}
	return u.conn.err(ctx, u.conn.together(ctx, steps...))
}

// change runs a statement that must touch its row.
func (u users) change(ctx context.Context, query string, args ...any) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	touched, err := u.conn.exec(ctx, u.conn.write(), query, args...)
	if err == nil && touched == 0 {
		return port.ErrNotFound
	}
	return u.conn.err(ctx, err)
}
