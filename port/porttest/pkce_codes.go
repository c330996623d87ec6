package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// addCode stores a code that is good for five minutes.
func addCode(t *testing.T, store port.Repos, user domain.UserID) domain.PKCERecord {
	t.Helper()
	code := domain.PKCERecord{
		ID: uuid.NewString(), UserID: user, Hash: domain.S256(uuid.NewString()), Challenge: domain.S256("verifier"),
		RedirectTo: "https://app.example.com", CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute), SessionID: newSessionID(),
	}
	require.NoError(t, store.PKCECodes().Add(t.Context(), code))
	return code
}

func pkceCodesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("what was added comes back, once", func(t *testing.T) {
		store := open(t)
		code := addCode(t, store, inserted(t, store, "jane@example.com"))
		got, err := store.PKCECodes().Redeem(t.Context(), code.Hash, code.Challenge, now)
		require.NoError(t, err)
		require.Equal(t, code, got)
		_, err = store.PKCECodes().Redeem(t.Context(), code.Hash, code.Challenge, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("a wrong challenge leaves it, and it expires", func(t *testing.T) {
		store := open(t)
		code := addCode(t, store, inserted(t, store, "jane@example.com"))
		for range 3 {
			_, err := store.PKCECodes().Redeem(t.Context(), code.Hash, domain.S256("another"), now)
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		_, err := store.PKCECodes().Redeem(t.Context(), code.Hash, code.Challenge, code.ExpiresAt)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.PKCECodes().Redeem(t.Context(), code.Hash, code.Challenge, code.ExpiresAt.Add(-time.Microsecond))
		require.NoError(t, err)
	})
	t.Run("of fifty callers one gets it", func(t *testing.T) {
		store := open(t)
		code := addCode(t, store, inserted(t, store, "jane@example.com"))
		errs := atOnce(racers, func(int) error {
			_, err := store.PKCECodes().Redeem(context.Background(), code.Hash, code.Challenge, now)
			return err
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
	})
	t.Run("what fails after it leaves it good", func(t *testing.T) {
		store := open(t)
		code := addCode(t, store, inserted(t, store, "jane@example.com"))
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			_, err := repos.PKCECodes().Redeem(ctx, code.Hash, code.Challenge, now)
			require.NoError(t, err)
		})
		_, err := store.PKCECodes().Redeem(t.Context(), code.Hash, code.Challenge, now)
		require.NoError(t, err)
	})
	t.Run("a code is revoked by the session that it would open, and no other", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		revoked, other := addCode(t, store, user), addCode(t, store, user)
		require.NoError(t, store.PKCECodes().Revoke(t.Context(), revoked.SessionID))
		require.NoError(t, store.PKCECodes().Revoke(t.Context(), revoked.SessionID))
		_, err := store.PKCECodes().Redeem(t.Context(), revoked.Hash, revoked.Challenge, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.PKCECodes().Redeem(t.Context(), other.Hash, other.Challenge, now)
		require.NoError(t, err)
	})
	t.Run("a code for who does not exist is ErrNotFound", func(t *testing.T) {
		store := open(t)
		err := store.PKCECodes().Add(t.Context(), domain.PKCERecord{
			ID: uuid.NewString(), UserID: domain.UserID(uuid.NewString()), Hash: "hash", Challenge: "challenge", CreatedAt: now, ExpiresAt: now,
		})
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("what has expired is removed in batches, and nothing else", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		for range 10 {
			addCode(t, store, user)
		}
		deleted, err := store.PKCECodes().DeleteExpired(t.Context(), now.Add(5*time.Minute), 7)
		require.NoError(t, err)
		require.Zero(t, deleted)
		for _, want := range []int{7, 3, 0} {
			deleted, err := store.PKCECodes().DeleteExpired(t.Context(), now.Add(6*time.Minute), 7)
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
	})
}
