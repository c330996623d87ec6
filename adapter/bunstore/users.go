package bunstore

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// users implements port.Users.
type users struct{ conn conn }

// insertUser takes the arguments of insertArguments. The reading of metadata as JSON is written as a cast that both know.
const insertUser = `INSERT INTO auth.users (id, created_at, updated_at, last_seen, disabled, display_name, avatar_url, locale, email,
	email_verified, phone_number, phone_number_verified, password_hash, default_role, is_anonymous, metadata)
	VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

func (u users) insertArguments(user domain.User, seen bool) []any {
	var lastSeen any
	if seen {
		lastSeen = u.conn.time(user.CreatedAt)
	}
	return []any{
		string(user.ID), u.conn.time(user.CreatedAt), lastSeen, user.Disabled, user.DisplayName, user.AvatarURL, user.Locale,
		nullable(user.Email), user.EmailVerified, nullable(user.PhoneNumber), user.PhoneNumberVerified,
		nullable(user.PasswordHash), string(user.DefaultRole), user.IsAnonymous, metadataText(user.Metadata),
	}
}

const (
	insertUserRole = `INSERT INTO auth.user_roles (user_id, role, created_at) VALUES ($1, $2, $3)`
	insertSession  = `INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, created_at, expires_at, hx_user_agent, hx_address, type)
	VALUES ($1, $2, $3, $4, $5, $6, $7, 'regular')`
)

// Insert implements port.Users.
func (u users) Insert(ctx context.Context, n port.NewUser) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	steps := []step{{insertUser, u.insertArguments(n.User, n.Session != nil)}}
	for _, role := range n.Roles {
		steps = append(steps, step{insertUserRole, []any{string(n.ID), string(role), u.conn.time(n.CreatedAt)}})
	}
	if n.Session != nil {
		steps = append(steps, step{insertSession, sessions(u).arguments(*n.Session)})
	}
	if n.Key != nil {
		steps = append(steps, securityKeys(u).insert(*n.Key))
	}
	if n.Link != nil {
		link, err := providerLinks(u).insert(*n.Link)
		if err != nil {
			return err
		}
		steps = append(steps, link)
	}
	if n.Ticket != nil {
		steps = append(steps, tickets(u).insert(*n.Ticket))
	}
	if n.OTP != nil {
		steps = append(steps, otps(u).upsert(*n.OTP, n.CreatedAt))
	}
	if n.Message != nil {
		queued, err := outbox(u).insert(*n.Message, n.CreatedAt)
		if err != nil {
			return err
		}
		steps = append(steps, queued)
	}
	noted, err := events(u).steps(n.Noted)
	if err != nil {
		return err
	}
	return u.conn.err(ctx, u.conn.together(ctx, append(steps, noted...)...))
}

// ByID implements port.Users.
func (u users) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	return u.one(ctx, u.conn.store.dialect.texts.userByID, string(id))
}

// ByEmail implements port.Users. The columns' types, citext there and NOCASE here, compare without regard to case.
func (u users) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return u.one(ctx, u.conn.store.dialect.texts.userByEmail, string(email))
}

func (u users) one(ctx context.Context, query string, args ...any) (domain.User, error) {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	var row userRow
	if err := u.conn.scan(ctx, u.conn.read(), row.fields(), query, args...); err != nil {
		return domain.User{}, u.conn.err(ctx, err)
	}
	return row.user(), nil
}

// SecondFactors implements port.Users.
func (u users) SecondFactors(ctx context.Context, id domain.UserID) (factors domain.SecondFactors, err error) {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	err = u.conn.scan(ctx, u.conn.read(), []any{&factors.SecurityKey, &factors.TOTP}, `SELECT
		EXISTS (SELECT 1 FROM auth.user_security_keys WHERE user_id = $1),
		EXISTS (SELECT 1 FROM auth.users WHERE id = $1 AND active_mfa_type = 'totp')`, string(id))
	return factors, u.conn.err(ctx, err)
}

// ReplacePasswordHash implements port.Users.
func (u users) ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	_, err := u.conn.exec(ctx, u.conn.write(),
		`UPDATE auth.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, string(id), old, replacement)
	return u.conn.err(ctx, err)
}
