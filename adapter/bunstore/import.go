package bunstore

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// column is one that an import fills, with its type on PostgreSQL.
type column struct{ name, kind string }

func usersColumns() []column {
	return []column{
		{"id", "uuid"}, {"created_at", "timestamptz"}, {"updated_at", "timestamptz"}, {"display_name", "text"}, {"avatar_url", "text"}, {"locale", "text"},
		{"email", "text"}, {"email_verified", "boolean"}, {"phone_number", "text"}, {"password_hash", "text"}, {"default_role", "text"},
		{"metadata", "jsonb"}, {"totp_secret", "text"}, {"active_mfa_type", "text"},
	}
}

func userRolesColumns() []column {
	return []column{{"user_id", "uuid"}, {"role", "text"}, {"created_at", "timestamptz"}}
}

func userProvidersColumns() []column {
	return []column{
		{"id", "uuid"}, {"user_id", "uuid"}, {"provider_id", "text"}, {"provider_user_id", "text"}, {"access_token", "text"}, {"created_at", "timestamptz"},
		{"updated_at", "timestamptz"},
	}
}

// insertMany writes a statement that takes all its rows as one JSON array of objects.
func insertMany(sqlite bool, table string, columns []column) string {
	names, values, kinds := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], values[i], kinds[i] = c.name, c.name, c.name+" "+c.kind
		switch {
		case sqlite:
			values[i] = "json_extract(value, '$." + c.name + "')"
		case c.kind == "jsonb": // a JSON null would become NULL, which the peer reads as an empty object
			values[i], kinds[i] = "CAST("+c.name+" AS jsonb)", c.name+" text"
		}
	}
	head := `INSERT INTO ` + table + ` (` + strings.Join(names, ", ") + `) `
	if sqlite {
		return head + `SELECT ` + strings.Join(values, ", ") + ` FROM json_each($1) WHERE true`
	}
	return head + `SELECT ` + strings.Join(values, ", ") + ` FROM json_to_recordset($1::json) AS r(` + strings.Join(kinds, ", ") + `)`
}

type createdRow struct {
	ID string `bun:"id"`
}

// Import implements port.Administration: three statements, however many users.
func (a administration) Import(ctx context.Context, batch []domain.ImportedUser) (int, error) {
	sqlite := a.conn.store.dialect.sqlite
	rows := make([]map[string]any, len(batch))
	for i, user := range batch {
		row, err := a.importedRow(user)
		if err != nil {
			return 0, err
		}
		rows[i] = row
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return 0, err
	}
	var created []createdRow
	err = a.conn.one(ctx, a.conn.write(), &created, insertMany(sqlite, "auth.users", usersColumns())+` ON CONFLICT (id) DO NOTHING RETURNING id`, string(text))
	if err != nil {
		return 0, a.conn.err(ctx, err)
	}
	isNew := make(map[domain.UserID]bool, len(created))
	for _, row := range created {
		isNew[domain.UserID(row.ID)] = true
	}
	return len(created), a.importRelated(ctx, batch, isNew)
}

func (a administration) importedRow(user domain.ImportedUser) (map[string]any, error) {
	row := map[string]any{
		"id": user.ID, "created_at": a.conn.time(user.CreatedAt), "updated_at": a.conn.time(user.CreatedAt), "display_name": user.DisplayName,
		"avatar_url": user.AvatarURL, "locale": user.Locale, "email": nullable(user.Email), "email_verified": user.EmailVerified,
		"phone_number": nullable(user.PhoneNumber), "password_hash": nullable(user.PasswordHash), "default_role": user.DefaultRole,
		"metadata": metadataText(user.Metadata), "totp_secret": nil, "active_mfa_type": nullable(user.ActiveMFA),
	}
	if user.TOTPSecret == "" {
		return row, nil
	}
	secret, err := mfaSecrets(a).encrypt(user.TOTPSecret)
	row["totp_secret"] = secret
	return row, err
}

// importRelated adds what belongs to the new ones of a batch.
func (a administration) importRelated(ctx context.Context, batch []domain.ImportedUser, isNew map[domain.UserID]bool) error {
	var roles, links []map[string]any
	for _, user := range batch {
		if !isNew[user.ID] {
			continue
		}
		at := a.conn.time(user.CreatedAt)
		for _, role := range user.Roles {
			roles = append(roles, map[string]any{"user_id": user.ID, "role": role, "created_at": at})
		}
		for _, link := range user.Providers {
			links = append(links, map[string]any{
				"id": link.ID, "user_id": user.ID, "provider_id": link.Identity.Provider, "provider_user_id": link.Identity.Account(),
				"access_token": tokensUnset, "created_at": at, "updated_at": at,
			})
		}
	}
	sqlite := a.conn.store.dialect.sqlite
	if err := a.insertAll(ctx, insertMany(sqlite, "auth.user_roles", userRolesColumns()), roles); err != nil {
		return err
	}
	return a.insertAll(ctx, insertMany(sqlite, "auth.user_providers", userProvidersColumns()), links)
}

func (a administration) insertAll(ctx context.Context, query string, rows []map[string]any) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(rows)
	if err == nil {
		_, err = a.conn.exec(ctx, a.conn.write(), query, string(text))
	}
	return a.conn.err(ctx, err)
}
