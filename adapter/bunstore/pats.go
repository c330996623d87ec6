package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// pats implements port.PersonalAccessTokens on auth.refresh_tokens, where they have the type pat.
type pats struct{ conn conn }

type patRow struct {
	ID        string    `bun:"id"`
	UserID    string    `bun:"user_id"`
	Hash      string    `bun:"refresh_token_hash"`
	Metadata  string    `bun:"metadata"`
	CreatedAt timestamp `bun:"created_at"`
	ExpiresAt timestamp `bun:"expires_at"`
}

// Add implements port.PersonalAccessTokens.
func (p pats) Add(ctx context.Context, token domain.PersonalAccessToken) error {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	_, err := p.conn.exec(ctx, p.conn.write(), `INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, created_at, expires_at, metadata, type)
		VALUES ($1, $2, $3, $4, $5, $6, 'pat')`, token.ID, string(token.UserID), string(token.TokenHash),
		p.conn.time(token.CreatedAt), p.conn.time(token.ExpiresAt), metadataText(token.Metadata))
	return p.conn.err(ctx, err)
}

// Owner implements port.PersonalAccessTokens.
func (p pats) Owner(ctx context.Context, hash domain.RefreshTokenHash, now time.Time) (domain.User, error) {
	return users(p).one(ctx, `SELECT `+userColumns(p.conn.store.dialect.sqlite)+` FROM auth.refresh_tokens t JOIN auth.users u ON u.id = t.user_id
		WHERE t.refresh_token_hash = $1 AND t.type = 'pat' AND t.expires_at > $2`, string(hash), p.conn.time(now))
}

// List implements port.PersonalAccessTokens.
func (p pats) List(ctx context.Context, user domain.UserID) ([]domain.PersonalAccessToken, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	var rows []patRow
	err := p.conn.one(ctx, p.conn.read(), &rows, `SELECT id, user_id, refresh_token_hash, coalesce(CAST(metadata AS text), '') AS metadata, created_at, expires_at
		FROM auth.refresh_tokens WHERE user_id = $1 AND type = 'pat' ORDER BY created_at DESC, id`, string(user))
	if err != nil {
		return nil, p.conn.err(ctx, err)
	}
	tokens := make([]domain.PersonalAccessToken, len(rows))
	for i, row := range rows {
		tokens[i] = domain.PersonalAccessToken{
			ID: row.ID, UserID: domain.UserID(row.UserID), TokenHash: domain.RefreshTokenHash(row.Hash), Metadata: metadataOf(row.Metadata),
			CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
		}
	}
	return tokens, nil
}

// Remove implements port.PersonalAccessTokens.
func (p pats) Remove(ctx context.Context, user domain.UserID, id string) error {
	return users(p).change(ctx, `DELETE FROM auth.refresh_tokens WHERE user_id = $1 AND id = $2 AND type = 'pat'`, string(user), id)
}
