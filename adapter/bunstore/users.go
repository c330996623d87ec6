package bunstore

import (
	"context"

	"github.com/hexauth/hexauth/domain"
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
	insertSession  = `INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, created_at, expires_at, type)
	VALUES ($1, $2, $3, $4, $5, 'regular')`
)

// insertAccount is insertUser, insertUserRole for each role and insertSession in one statement of PostgreSQL; $17 is null
// where there is no session.
const insertAccount = `WITH account AS (` + insertUser + ` RETURNING id), granted AS (
	INSERT INTO auth.user_roles (user_id, role, created_at) SELECT account.id, role, $2 FROM account, unnest($16::text[]) AS role)
	INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, created_at, expires_at, type)
	SELECT $17::uuid, account.id, $18, $19::timestamptz, $20::timestamptz, 'regular' FROM account WHERE $17::uuid IS NOT NULL`

// Insert implements port.Users: one statement on PostgreSQL, a transaction on SQLite.
func (u users) Insert(ctx context.Context, user domain.User, session *domain.Session) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	arguments := u.insertArguments(user, session != nil)
	if u.conn.store.dialect.sqlite {
		return u.conn.err(ctx, u.conn.atomic(ctx, func(ctx context.Context, c conn) error {
			return users{c}.insertInSteps(ctx, user, arguments, session)
		}))
	}
	arguments = append(arguments, roleTexts(user.Roles))
	if session == nil {
		arguments = append(arguments, nil, nil, nil, nil)
	} else {
		arguments = append(arguments, string(session.ID), string(session.TokenHash), session.CreatedAt, session.ExpiresAt)
	}
	_, err := u.conn.exec(ctx, u.conn.write(), insertAccount, arguments...)
	return u.conn.err(ctx, err)
}

func (u users) insertInSteps(ctx context.Context, user domain.User, arguments []any, session *domain.Session) error {
	lane := u.conn.write()
	if _, err := u.conn.exec(ctx, lane, insertUser, arguments...); err != nil {
		return err
	}
	for _, role := range user.Roles {
		if _, err := u.conn.exec(ctx, lane, insertUserRole, string(user.ID), string(role), u.conn.time(user.CreatedAt)); err != nil {
			return err
		}
	}
	if session == nil {
		return nil
	}
	_, err := u.conn.exec(ctx, lane, insertSession, sessions(u).arguments(*session)...)
	return err
}

func roleTexts(roles []domain.Role) []string {
	texts := make([]string, len(roles))
	for i, role := range roles {
		texts[i] = string(role)
	}
	return texts
}

// ByID implements port.Users.
func (u users) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	return u.by(ctx, "u.id = $1", string(id))
}

// ByEmail implements port.Users. The columns' types, citext there and NOCASE here, compare without regard to case.
func (u users) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return u.by(ctx, "u.email = $1", string(email))
}

func (u users) by(ctx context.Context, condition string, argument any) (domain.User, error) {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	var row userRow
	query := "SELECT " + u.conn.store.dialect.userColumns() + " FROM auth.users u WHERE " + condition
	if err := u.conn.one(ctx, u.conn.read(), &row, query, argument); err != nil {
		return domain.User{}, u.conn.err(ctx, err)
	}
	return row.user(), nil
}

// ReplacePasswordHash implements port.Users.
func (u users) ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	_, err := u.conn.exec(ctx, u.conn.write(),
		`UPDATE auth.users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, string(id), old, replacement)
	return u.conn.err(ctx, err)
}
