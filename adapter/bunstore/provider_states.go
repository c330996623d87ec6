package bunstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// providerStates implements port.ProviderStates.
type providerStates struct{ conn conn }

// statePayload is what of a state is encrypted.
type statePayload struct {
	Flow          domain.ProviderFlow `json:"flow"`
	Browser       string              `json:"browser,omitempty"`
	AllowedRoles  []domain.Role       `json:"allowedRoles"` // null differs from an empty list
	DefaultRole   domain.Role         `json:"defaultRole,omitempty"`
	DisplayName   string              `json:"displayName,omitempty"`
	Locale        string              `json:"locale,omitempty"`
	Metadata      domain.Metadata     `json:"metadata,omitempty"`
	RedirectTo    string              `json:"redirectTo,omitempty"`
	AppState      string              `json:"appState,omitempty"`
	HasAppState   bool                `json:"hasAppState,omitempty"`
	CodeChallenge string              `json:"codeChallenge,omitempty"`
	Secret        string              `json:"secret,omitempty"`
	Session       domain.SessionID    `json:"session,omitempty"`
}

type providerStateRow struct {
	Hash      string    `bun:"state_hash"`
	Provider  string    `bun:"provider"`
	UserID    string    `bun:"user_id"`
	Payload   string    `bun:"payload"`
	CreatedAt timestamp `bun:"created_at"`
	ExpiresAt timestamp `bun:"expires_at"`
}

var errUnreadableState = errors.New("a provider state was encrypted with another key")

// Add implements port.ProviderStates.
func (p providerStates) Add(ctx context.Context, s domain.ProviderStateRecord) error {
	if p.conn.store.cipher == nil {
		return errNoCipher
	}
	text, err := json.Marshal(statePayload{
		Flow: s.Flow, Browser: s.Browser, AllowedRoles: s.Options.AllowedRoles, DefaultRole: s.Options.DefaultRole,
		DisplayName: s.Options.DisplayName, Locale: s.Options.Locale, Metadata: s.Options.Metadata, RedirectTo: s.Options.RedirectTo,
		AppState: s.AppState, HasAppState: s.HasAppState, CodeChallenge: s.CodeChallenge, Secret: s.Secret, Session: s.Session,
	})
	if err != nil {
		return err
	}
	payload, err := p.conn.store.cipher.Encrypt(string(text))
	if err != nil {
		return err
	}
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	_, err = p.conn.exec(ctx, p.conn.write(), `INSERT INTO auth.hexauth_provider_states (state_hash, provider, user_id, payload, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, s.Hash, s.Provider, nullable(s.ConnectUser), payload, p.conn.time(s.CreatedAt), p.conn.time(s.ExpiresAt))
	return p.conn.err(ctx, err)
}

// Consume implements port.ProviderStates.
func (p providerStates) Consume(ctx context.Context, hash string, now time.Time) (domain.ProviderStateRecord, error) {
	ctx, cancel := p.conn.bounded(ctx)
	defer cancel()
	var row providerStateRow
	err := p.conn.one(ctx, p.conn.write(), &row, `DELETE FROM auth.hexauth_provider_states WHERE state_hash = $1 AND expires_at > $2
		RETURNING state_hash, provider, coalesce(CAST(user_id AS text), '') AS user_id, payload, created_at, expires_at`, hash, p.conn.time(now))
	if err != nil {
		return domain.ProviderStateRecord{}, p.conn.err(ctx, err)
	}
	if p.conn.store.cipher == nil {
		return domain.ProviderStateRecord{}, errNoCipher
	}
	text, err := p.conn.store.cipher.Decrypt(row.Payload)
	if err != nil {
		return domain.ProviderStateRecord{}, fmt.Errorf("%w: %w", errUnreadableState, err)
	}
	var s statePayload
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return domain.ProviderStateRecord{}, errUnreadableState
	}
	return domain.ProviderStateRecord{
		Hash: row.Hash, Provider: row.Provider, Flow: s.Flow, Browser: s.Browser, ConnectUser: domain.UserID(row.UserID),
		Options: domain.SignUpOptions{
			AllowedRoles: s.AllowedRoles, DefaultRole: s.DefaultRole, DisplayName: s.DisplayName, Locale: s.Locale,
			Metadata: s.Metadata, RedirectTo: s.RedirectTo,
		},
		AppState: s.AppState, HasAppState: s.HasAppState, CodeChallenge: s.CodeChallenge, Secret: s.Secret, Session: s.Session,
		CreatedAt: time.Time(row.CreatedAt), ExpiresAt: time.Time(row.ExpiresAt),
	}, nil
}

// DeleteExpired implements port.ProviderStates.
func (p providerStates) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return p.conn.deleteExpired(ctx, "auth.hexauth_provider_states", "state_hash", "expires_at", now, limit)
}
