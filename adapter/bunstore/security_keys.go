package bunstore

import (
	"context"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// securityKeys implements port.SecurityKeys on the peer's table.
type securityKeys struct{ conn conn }

type securityKeyRow struct {
	ID             string    `bun:"id"`
	UserID         string    `bun:"user_id"`
	CredentialID   string    `bun:"credential_id"`
	PublicKey      []byte    `bun:"public_key"`
	Counter        uint32    `bun:"counter"`
	Transports     string    `bun:"transports"`
	Nickname       string    `bun:"nickname"`
	UserVerified   bool      `bun:"user_verified"`
	BackupEligible bool      `bun:"backup_eligible"`
	BackedUp       bool      `bun:"backed_up"`
	CreatedAt      timestamp `bun:"created_at"`
	LastUsedAt     timestamp `bun:"last_used_at"`
}

// securityKeyColumns are those of securityKeyRow. What only our own columns know is false or unknown in rows of the peer.
const securityKeyColumns = `id, user_id, credential_id, credential_public_key AS public_key, counter, transports, coalesce(nickname, '') AS nickname,
	coalesce(hx_user_verified, false) AS user_verified, coalesce(hx_backup_eligible, false) AS backup_eligible,
	coalesce(hx_backed_up, false) AS backed_up, hx_created_at AS created_at, hx_last_used_at AS last_used_at`

func (r securityKeyRow) key() domain.SecurityKey {
	return domain.SecurityKey{
		ID: domain.SecurityKeyID(r.ID), UserID: domain.UserID(r.UserID), CredentialID: r.CredentialID, PublicKey: r.PublicKey, Counter: r.Counter,
		Transports: strings.FieldsFunc(r.Transports, func(c rune) bool { return c == ',' }), Nickname: r.Nickname,
		UserVerified: r.UserVerified, BackupEligible: r.BackupEligible, BackedUp: r.BackedUp,
		CreatedAt: time.Time(r.CreatedAt), LastUsedAt: time.Time(r.LastUsedAt),
	}
}

const insertSecurityKey = `INSERT INTO auth.user_security_keys (id, user_id, credential_id, credential_public_key, counter, transports, nickname,
	hx_user_verified, hx_backup_eligible, hx_backed_up, hx_created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func (s securityKeys) insert(key domain.SecurityKey) step {
	return step{insertSecurityKey, []any{
		string(key.ID), string(key.UserID), key.CredentialID, key.PublicKey, int64(key.Counter), strings.Join(key.Transports, ","), nullable(key.Nickname),
		key.UserVerified, key.BackupEligible, key.BackedUp, s.conn.time(key.CreatedAt),
	}}
}

// Add implements port.SecurityKeys.
func (s securityKeys) Add(ctx context.Context, key domain.SecurityKey) error {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	insert := s.insert(key)
	_, err := s.conn.exec(ctx, s.conn.write(), insert.query, insert.args...)
	return s.conn.err(ctx, err)
}

// List implements port.SecurityKeys.
func (s securityKeys) List(ctx context.Context, user domain.UserID) ([]domain.SecurityKey, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var rows []securityKeyRow
	err := s.conn.one(ctx, s.conn.read(), &rows, `SELECT `+securityKeyColumns+` FROM auth.user_security_keys WHERE user_id = $1
		ORDER BY hx_created_at NULLS FIRST, id`, string(user))
	if err != nil {
		return nil, s.conn.err(ctx, err)
	}
	keys := make([]domain.SecurityKey, len(rows))
	for i, row := range rows {
		keys[i] = row.key()
	}
	return keys, nil
}

// Use implements port.SecurityKeys.
func (s securityKeys) Use(ctx context.Context, key domain.SecurityKey) error {
	return users(s).change(ctx, `UPDATE auth.user_security_keys SET counter = $3, hx_backup_eligible = $4, hx_backed_up = $5, hx_last_used_at = $6
		WHERE id = $1 AND user_id = $2 AND (counter < $3 OR counter = 0 AND $3 = 0)`,
		string(key.ID), string(key.UserID), int64(key.Counter), key.BackupEligible, key.BackedUp, s.conn.time(key.LastUsedAt))
}

// Rename implements port.SecurityKeys.
func (s securityKeys) Rename(ctx context.Context, user domain.UserID, id domain.SecurityKeyID, nickname string) (domain.SecurityKey, error) {
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	var row securityKeyRow
	err := s.conn.one(ctx, s.conn.write(), &row, `UPDATE auth.user_security_keys SET nickname = $3 WHERE user_id = $1 AND id = $2 RETURNING `+securityKeyColumns,
		string(user), string(id), nullable(nickname))
	if err != nil {
		return domain.SecurityKey{}, s.conn.err(ctx, err)
	}
	return row.key(), nil
}

// Remove implements port.SecurityKeys.
func (s securityKeys) Remove(ctx context.Context, user domain.UserID, id domain.SecurityKeyID) error {
	return users(s).change(ctx, `DELETE FROM auth.user_security_keys WHERE user_id = $1 AND id = $2`, string(user), string(id))
}
