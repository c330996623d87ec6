package bunstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// providerLinks implements port.ProviderLinks on the peer's table.
type providerLinks struct{ conn conn }

// What the peer writes where it has no tokens: unset before there were any, "" once they were read.
const (
	tokensUnset = "unset"
	tokensTaken = ""
)

// providerSession is the JSON that the peer encrypts into access_token.
type providerSession struct {
	AccessToken  string    `json:"accessToken"`
	ExpiresIn    int64     `json:"expiresIn"` // seconds from when it was kept
	ExpiresAt    time.Time `json:"expiresAt"`
	RefreshToken *string   `json:"refreshToken"`
}

type providerLinkRow struct {
	ID          string    `bun:"id"`
	UserID      string    `bun:"user_id"`
	ProviderID  string    `bun:"provider_id"`
	Account     string    `bun:"provider_user_id"`
	CreatedAt   timestamp `bun:"created_at"`
	AccessToken string    `bun:"access_token"`
}

const providerLinkColumns = `CAST(id AS text) AS id, CAST(user_id AS text) AS user_id, provider_id, provider_user_id, created_at, access_token`

func (r providerLinkRow) link() domain.ProviderLink {
	return domain.ProviderLink{
		ID: r.ID, UserID: domain.UserID(r.UserID), Identity: domain.IdentityOf(r.ProviderID, r.Account), CreatedAt: time.Time(r.CreatedAt),
	}
}

// seal returns the text that is kept of tokens.
func (p providerLinks) seal(tokens *domain.ProviderTokens, now time.Time) (string, error) {
	if tokens == nil {
		return tokensUnset, nil
	}
	if p.conn.store.cipher == nil {
		return "", errNoCipher
	}
	session := providerSession{AccessToken: tokens.AccessToken, ExpiresAt: tokens.ExpiresAt.UTC()}
	if !tokens.ExpiresAt.IsZero() {
		session.ExpiresIn = max(0, int64(tokens.ExpiresAt.Sub(now)/time.Second))
	}
	if tokens.RefreshToken != "" {
		session.RefreshToken = &tokens.RefreshToken
	}
	text, err := json.Marshal(session)
	if err != nil {
		return "", err
	}
	return p.conn.store.cipher.Encrypt(string(text))
}

// open reads what seal wrote; nil for anything else: no tokens, those of the peer's older versions, which are in clear, and what
// another key encrypted.
func (p providerLinks) open(sealed string) *domain.ProviderTokens {
	if sealed == tokensUnset || sealed == tokensTaken || p.conn.store.cipher == nil {
		return nil
	}
	text, err := p.conn.store.cipher.Decrypt(sealed)
	if err != nil {
		return nil
	}
	var session providerSession
	if json.Unmarshal([]byte(text), &session) != nil {
		return nil
	}
	tokens := domain.ProviderTokens{AccessToken: session.AccessToken, ExpiresAt: session.ExpiresAt}
	if session.RefreshToken != nil {
		tokens.RefreshToken = *session.RefreshToken
	}
	return &tokens
}

// Ensure implements port.ProviderLinks.
func (p providerLinks) Ensure(ctx context.Context, providers []string) error {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	for _, provider := range providers {
		_, err := p.conn.exec(ctx, p.conn.write(), `INSERT INTO auth.providers (id) VALUES ($1) ON CONFLICT DO NOTHING`, provider)
		if err != nil {
			return p.conn.err(ctx, err)
		}
	}
	return nil
}

func (p providerLinks) insert(link domain.ProviderLink) (step, error) {
	sealed, err := p.seal(link.Tokens, link.CreatedAt)
	return step{`INSERT INTO auth.user_providers (id, created_at, updated_at, user_id, provider_id, provider_user_id, access_token)
		VALUES ($1, $2, $2, $3, $4, $5, $6)`, []any{
		link.ID, p.conn.time(link.CreatedAt), string(link.UserID), link.Identity.Provider, link.Identity.Account(), sealed,
	}}, err
}

// Add implements port.ProviderLinks.
func (p providerLinks) Add(ctx context.Context, link domain.ProviderLink) error {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	insert, err := p.insert(link)
	if err != nil {
		return err
	}
	_, err = p.conn.exec(ctx, p.conn.write(), insert.query, insert.args...)
	return p.conn.err(ctx, err)
}

// Owner implements port.ProviderLinks.
func (p providerLinks) Owner(ctx context.Context, identity domain.ProviderIdentity) (domain.User, error) {
	return users(p).one(ctx, `SELECT `+userColumns(p.conn.store.dialect.sqlite)+` FROM auth.user_providers p JOIN auth.users u ON u.id = p.user_id
		WHERE p.provider_id = $1 AND p.provider_user_id = $2`, identity.Provider, identity.Account())
}

// KeepTokens implements port.ProviderLinks.
func (p providerLinks) KeepTokens(ctx context.Context, identity domain.ProviderIdentity, tokens domain.ProviderTokens, now time.Time) error {
	sealed, err := p.seal(&tokens, now)
	if err != nil {
		return err
	}
	return users(p).change(ctx, `UPDATE auth.user_providers SET access_token = $3, updated_at = $4 WHERE provider_id = $1 AND provider_user_id = $2`,
		identity.Provider, identity.Account(), sealed, p.conn.time(now))
}

// newest reads the link that was used last, as it is stored.
func (p providerLinks) newest(ctx context.Context, user domain.UserID, provider string) (providerLinkRow, error) {
	var row providerLinkRow
	err := p.conn.one(ctx, p.conn.read(), &row, `SELECT `+providerLinkColumns+` FROM auth.user_providers
		WHERE user_id = $1 AND provider_id = $2 ORDER BY updated_at DESC, id LIMIT 1`, string(user), provider)
	return row, p.conn.err(ctx, err)
}

// Newest implements port.ProviderLinks.
func (p providerLinks) Newest(ctx context.Context, user domain.UserID, provider string) (domain.ProviderLink, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	row, err := p.newest(ctx, user, provider)
	if err != nil {
		return domain.ProviderLink{}, err
	}
	link := row.link()
	link.Tokens = p.open(row.AccessToken)
	return link, nil
}

// TakeTokens implements port.ProviderLinks. Only who finds the text still there that it read has the tokens. What can't be read
// stays: a server with another key may read it.
func (p providerLinks) TakeTokens(ctx context.Context, user domain.UserID, provider string) (domain.ProviderTokens, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	row, err := p.newest(ctx, user, provider)
	if err != nil {
		return domain.ProviderTokens{}, err
	}
	tokens := p.open(row.AccessToken)
	if tokens == nil {
		return domain.ProviderTokens{}, port.ErrNotFound
	}
	err = users(p).change(ctx, `UPDATE auth.user_providers SET access_token = '' WHERE id = $1 AND access_token = $2`, row.ID, row.AccessToken)
	if err != nil {
		return domain.ProviderTokens{}, err
	}
	return *tokens, nil
}

// List implements port.ProviderLinks.
func (p providerLinks) List(ctx context.Context, user domain.UserID) ([]domain.ProviderLink, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	var rows []providerLinkRow
	err := p.conn.one(ctx, p.conn.read(), &rows, `SELECT `+providerLinkColumns+` FROM auth.user_providers WHERE user_id = $1 ORDER BY created_at, id`, string(user))
	if err != nil {
		return nil, p.conn.err(ctx, err)
	}
	links := make([]domain.ProviderLink, len(rows))
	for i, row := range rows {
		links[i] = row.link()
	}
	return links, nil
}

// Remove implements port.ProviderLinks.
func (p providerLinks) Remove(ctx context.Context, user domain.UserID, id string) error {
	return users(p).change(ctx, `DELETE FROM auth.user_providers WHERE user_id = $1 AND id = $2`, string(user), id)
}
