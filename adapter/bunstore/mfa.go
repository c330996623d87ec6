package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// mfaSecrets implements port.MFASecrets. The secrets are in auth.users, where a hasura-auth server looks for them and in its format.
type mfaSecrets struct{ conn conn }

// clearSecret is the length below which a stored secret is one in clear: 32 bytes make 52 characters of base32, and what is encrypted
// has more than 64 hexadecimal digits, whatever it was. An index of the schema has the same number.
const clearSecret = 64

func (m mfaSecrets) encrypt(secret string) (string, error) {
	if m.conn.store.cipher == nil {
		return "", errNoCipher
	}
	return m.conn.store.cipher.Encrypt(secret)
}

func (m mfaSecrets) decrypt(stored string) (string, error) {
	if len(stored) < clearSecret {
		return stored, nil
	}
	if m.conn.store.cipher == nil {
		return "", errNoCipher
	}
	secret, err := m.conn.store.cipher.Decrypt(stored)
	if err != nil {
		return "", fmt.Errorf("a TOTP secret can't be decrypted: %w", err)
	}
	return secret, nil
}

// SetTOTPSecret implements port.MFASecrets. Time steps of an earlier secret mean nothing for the new one.
func (m mfaSecrets) SetTOTPSecret(ctx context.Context, user domain.UserID, secret string) error {
	stored, err := m.encrypt(secret)
	if err != nil {
		return err
	}
	return m.steps(ctx, func(ctx context.Context, c conn) error {
		if err := (sessions{c}).run(ctx, `UPDATE auth.hexauth_mfa SET totp_step = NULL WHERE user_id = $1`, string(user)); err != nil {
			return err
		}
		err := users{c}.change(ctx, `UPDATE auth.users SET totp_secret = $2 WHERE id = $1 AND active_mfa_type IS NULL`, string(user), stored)
		if !errors.Is(err, port.ErrNotFound) {
			return err
		}
		if _, err := (users{c}).ByID(ctx, user); err != nil {
			return err
		}
		return port.ErrTaken
	})
}

// countMFAAttempt opens a window or counts in the open one, until the budget is spent.
var countMFAAttempt = `INSERT INTO auth.hexauth_mfa AS m (user_id, attempts, window_ends_at) VALUES ($1, 1, $3)
	ON CONFLICT (user_id) DO UPDATE SET attempts = CASE WHEN m.window_ends_at > $2 THEN m.attempts + 1 ELSE 1 END,
		window_ends_at = CASE WHEN m.window_ends_at > $2 THEN m.window_ends_at ELSE excluded.window_ends_at END
	WHERE m.attempts < ` + strconv.Itoa(domain.MFAAttempts) + ` OR m.window_ends_at <= $2
	RETURNING (SELECT coalesce(u.totp_secret, '') FROM auth.users u WHERE u.id = $1)`

// Attempt implements port.MFASecrets.
func (m mfaSecrets) Attempt(ctx context.Context, user domain.UserID, now, windowEndsAt time.Time) (string, error) {
	ctx, cancel := m.conn.bounded(ctx)
	defer cancel()
	var stored string
	err := m.conn.one(ctx, m.conn.write(), &stored, countMFAAttempt, string(user), m.conn.time(now), m.conn.time(windowEndsAt))
	if err != nil {
		return "", m.conn.err(ctx, err)
	}
	return m.decrypt(stored)
}

// AcceptTOTP implements port.MFASecrets.
func (m mfaSecrets) AcceptTOTP(ctx context.Context, user domain.UserID, step int64) error {
	return users(m).change(ctx, `UPDATE auth.hexauth_mfa SET totp_step = $2, attempts = 0
		WHERE user_id = $1 AND (totp_step IS NULL OR totp_step < $2)`, string(user), step)
}

// ActivateTOTP implements port.MFASecrets. Encryption is not repeatable, so secrets are compared here.
func (m mfaSecrets) ActivateTOTP(ctx context.Context, user domain.UserID, secret string) error {
	lock := " FOR NO KEY UPDATE"
	if m.conn.store.dialect.sqlite {
		lock = ""
	}
	return m.steps(ctx, func(ctx context.Context, c conn) error {
		var stored string
		err := c.one(ctx, c.write(), &stored, `SELECT totp_secret FROM auth.users WHERE id = $1 AND totp_secret <> '' AND active_mfa_type IS NULL`+lock, string(user))
		if err != nil {
			return err
		}
		if kept, err := m.decrypt(stored); err != nil || kept != secret {
			return errors.Join(err, port.ErrNotFound)
		}
		return users{c}.change(ctx, `UPDATE auth.users SET active_mfa_type = 'totp' WHERE id = $1`, string(user))
	})
}

// DeactivateTOTP implements port.MFASecrets. The attempts stay counted.
func (m mfaSecrets) DeactivateTOTP(ctx context.Context, user domain.UserID) error {
	return m.steps(ctx, func(ctx context.Context, c conn) error {
		for _, query := range []string{
			`UPDATE auth.hexauth_mfa SET totp_step = NULL WHERE user_id = $1`,
			`DELETE FROM auth.hexauth_recovery_codes WHERE user_id = $1`,
		} {
			if err := (sessions{c}).run(ctx, query, string(user)); err != nil {
				return err
			}
		}
		return users{c}.change(ctx, `UPDATE auth.users SET active_mfa_type = NULL, totp_secret = NULL WHERE id = $1 AND active_mfa_type = 'totp'`, string(user))
	})
}

// ReplaceRecoveryCodes implements port.MFASecrets.
func (m mfaSecrets) ReplaceRecoveryCodes(ctx context.Context, user domain.UserID, hashes []string) error {
	return m.steps(ctx, func(ctx context.Context, c conn) error {
		if err := (sessions{c}).run(ctx, `DELETE FROM auth.hexauth_recovery_codes WHERE user_id = $1`, string(user)); err != nil {
			return err
		}
		steps := make([]step, len(hashes))
		for i, hash := range hashes {
			steps[i] = step{`INSERT INTO auth.hexauth_recovery_codes (user_id, code_hash) VALUES ($1, $2)`, []any{string(user), hash}}
		}
		return c.together(ctx, steps...)
	})
}

// ConsumeRecoveryCode implements port.MFASecrets.
func (m mfaSecrets) ConsumeRecoveryCode(ctx context.Context, user domain.UserID, hash string) error {
	return m.steps(ctx, func(ctx context.Context, c conn) error {
		if err := (users{c}).change(ctx, `DELETE FROM auth.hexauth_recovery_codes WHERE user_id = $1 AND code_hash = $2`, string(user), hash); err != nil {
			return err
		}
		return sessions{c}.run(ctx, `UPDATE auth.hexauth_mfa SET attempts = 0 WHERE user_id = $1`, string(user))
	})
}

type secretRow struct {
	ID     string `bun:"id"`
	Secret string `bun:"totp_secret"`
}

// EncryptTOTPSecrets implements port.MFASecrets. A secret that somebody else has encrypted or replaced in the meantime is left as it is.
func (m mfaSecrets) EncryptTOTPSecrets(ctx context.Context, after domain.UserID, limit int) (domain.UserID, int, error) {
	ctx, cancel := m.conn.bounded(ctx)
	defer cancel()
	query, args := `SELECT id, totp_secret FROM auth.users WHERE totp_secret <> '' AND length(totp_secret) < `+strconv.Itoa(clearSecret), []any(nil)
	if after != "" {
		query, args = query+` AND id > $1`, append(args, string(after))
	}
	var rows []secretRow
	if err := m.conn.one(ctx, m.conn.read(), &rows, query+` ORDER BY id LIMIT `+strconv.Itoa(limit), args...); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, m.conn.err(ctx, err)
	}
	for _, row := range rows {
		stored, err := m.encrypt(row.Secret)
		if err != nil {
			return "", 0, err
		}
		err = sessions(m).run(ctx, `UPDATE auth.users SET totp_secret = $3 WHERE id = $1 AND totp_secret = $2`, row.ID, row.Secret, stored)
		if err != nil {
			return "", 0, err
		}
		after = domain.UserID(row.ID)
	}
	return after, len(rows), nil
}

// steps runs statements that stand or fall together.
func (m mfaSecrets) steps(ctx context.Context, do func(context.Context, conn) error) error {
	ctx, cancel := m.conn.bounded(ctx)
	defer cancel()
	return m.conn.err(ctx, m.conn.atomic(ctx, do))
}
