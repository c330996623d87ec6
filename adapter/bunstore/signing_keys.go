package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// signingKeys implements port.SigningKeys.
type signingKeys struct{ conn conn }

type signingKeyRow struct {
	Generation int       `bun:"generation"`
	KeyID      string    `bun:"kid"`
	Algorithm  string    `bun:"algorithm"`
	PrivateKey string    `bun:"private_key"`
	PublicKey  string    `bun:"public_key"`
	CreatedAt  timestamp `bun:"created_at"`
	ActivateAt timestamp `bun:"activate_at"`
}

// List implements port.SigningKeys.
func (k signingKeys) List(ctx context.Context) ([]domain.SigningKey, error) {
	ctx, cancel := k.conn.bounded(ctx)
	defer cancel()
	var rows []signingKeyRow
	err := k.conn.one(ctx, k.conn.read(), &rows, `SELECT generation, kid, algorithm, private_key, public_key, created_at, activate_at
		FROM auth.hexauth_signing_keys ORDER BY generation`)
	if err != nil {
		return nil, k.conn.err(ctx, err)
	}
	keys := make([]domain.SigningKey, len(rows))
	for i, row := range rows {
		keys[i] = domain.SigningKey{
			Generation: row.Generation, ID: row.KeyID, Algorithm: row.Algorithm, PrivateKey: row.PrivateKey, PublicKey: row.PublicKey,
			CreatedAt: time.Time(row.CreatedAt), ActivateAt: time.Time(row.ActivateAt),
		}
	}
	return keys, nil
}

// Add implements port.SigningKeys.
func (k signingKeys) Add(ctx context.Context, key domain.SigningKey) error {
	ctx, cancel := k.conn.bounded(ctx)
	defer cancel()
	_, err := k.conn.exec(ctx, k.conn.write(), `INSERT INTO auth.hexauth_signing_keys
		(generation, kid, algorithm, private_key, public_key, created_at, activate_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		key.Generation, key.ID, key.Algorithm, key.PrivateKey, key.PublicKey, k.conn.time(key.CreatedAt), k.conn.time(key.ActivateAt))
	return k.conn.err(ctx, err)
}

// Remove implements port.SigningKeys.
func (k signingKeys) Remove(ctx context.Context, generation int) error {
	ctx, cancel := k.conn.bounded(ctx)
	defer cancel()
	_, err := k.conn.exec(ctx, k.conn.write(), `DELETE FROM auth.hexauth_signing_keys WHERE generation = $1`, generation)
	return k.conn.err(ctx, err)
}
