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

// newKey returns a key with every field set that a new one has.
func newKey(user domain.UserID) domain.SecurityKey {
	return domain.SecurityKey{
		ID: domain.SecurityKeyID(uuid.NewString()), UserID: user, CredentialID: uuid.NewString(), PublicKey: []byte{0xa5, 0, 1}, Counter: 7,
		Transports: []string{"internal", "hybrid"}, Nickname: "Läptop", UserVerified: true, BackupEligible: true, BackedUp: true, CreatedAt: now,
	}
}

// addKey stores a key.
func addKey(t *testing.T, store port.Repos, user domain.UserID) domain.SecurityKey {
	t.Helper()
	key := newKey(user)
	require.NoError(t, store.SecurityKeys().Add(t.Context(), key))
	return key
}

func keysOf(t *testing.T, store port.Repos, user domain.UserID) []domain.SecurityKey {
	t.Helper()
	keys, err := store.SecurityKeys().List(t.Context(), user)
	require.NoError(t, err)
	return keys
}

func securityKeysSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a user's keys come back, the oldest first, and nobody else's", func(t *testing.T) {
		store := open(t)
		jane, joe := inserted(t, store, "jane@example.com"), inserted(t, store, "joe@example.com")
		newer := newKey(jane)
		newer.CreatedAt = now.Add(time.Second)
		require.NoError(t, store.SecurityKeys().Add(t.Context(), newer))
		older := addKey(t, store, jane)
		addKey(t, store, joe)
		require.Equal(t, []domain.SecurityKey{older, newer}, keysOf(t, store, jane))
		require.Empty(t, keysOf(t, store, domain.UserID(uuid.NewString())))
	})
	t.Run("what may be missing comes back missing", func(t *testing.T) {
		store := open(t)
		key := domain.SecurityKey{
			ID: domain.SecurityKeyID(uuid.NewString()), UserID: inserted(t, store, "jane@example.com"), CredentialID: "x", PublicKey: []byte{1}, CreatedAt: now,
			Transports: []string{},
		}
		require.NoError(t, store.SecurityKeys().Add(t.Context(), key))
		require.Equal(t, []domain.SecurityKey{key}, keysOf(t, store, key.UserID))
	})
	t.Run("a credential is stored once, whoever has it", func(t *testing.T) {
		store := open(t)
		key := addKey(t, store, inserted(t, store, "jane@example.com"))
		for _, owner := range []domain.UserID{key.UserID, inserted(t, store, "joe@example.com")} {
			again := newKey(owner)
			again.CredentialID = key.CredentialID
			require.ErrorIs(t, store.SecurityKeys().Add(t.Context(), again), port.ErrTaken)
		}
	})
	t.Run("a key of nobody is ErrNotFound", func(t *testing.T) {
		require.ErrorIs(t, open(t).SecurityKeys().Add(t.Context(), newKey(domain.UserID(uuid.NewString()))), port.ErrNotFound)
	})
	t.Run("a key comes into being with its user, or neither does", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		key := newKey(user.ID)
		require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user, Key: &key}))
		require.Equal(t, []domain.SecurityKey{key}, keysOf(t, store, user.ID))
		other := newUser("joe@example.com")
		taken := newKey(other.ID)
		taken.CredentialID = key.CredentialID
		require.ErrorIs(t, store.Users().Insert(t.Context(), port.NewUser{User: other, Key: &taken}), port.ErrTaken)
		_, err := store.Users().ByID(t.Context(), other.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("only its owner renames and removes a key", func(t *testing.T) {
		store := open(t)
		key, joe := addKey(t, store, inserted(t, store, "jane@example.com")), inserted(t, store, "joe@example.com")
		_, err := store.SecurityKeys().Rename(t.Context(), joe, key.ID, "mine now")
		require.ErrorIs(t, err, port.ErrNotFound)
		require.ErrorIs(t, store.SecurityKeys().Remove(t.Context(), joe, key.ID), port.ErrNotFound)
		for _, name := range []string{"Blue one", ""} {
			key.Nickname = name
			renamed, err := store.SecurityKeys().Rename(t.Context(), key.UserID, key.ID, name)
			require.NoError(t, err)
			require.Equal(t, key, renamed)
			require.Equal(t, []domain.SecurityKey{key}, keysOf(t, store, key.UserID))
		}
		require.NoError(t, store.SecurityKeys().Remove(t.Context(), key.UserID, key.ID))
		require.ErrorIs(t, store.SecurityKeys().Remove(t.Context(), key.UserID, key.ID), port.ErrNotFound)
		require.Empty(t, keysOf(t, store, key.UserID))
	})
	t.Run("keys go with what was taken from who made the account", func(t *testing.T) {
		store := open(t)
		key := addKey(t, store, inserted(t, store, "jane@example.com"))
		require.NoError(t, store.Users().Claim(t.Context(), key.UserID))
		require.Empty(t, keysOf(t, store, key.UserID))
	})
}

func keyUseSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a use is noted", func(t *testing.T) {
		store := open(t)
		key := addKey(t, store, inserted(t, store, "jane@example.com"))
		key.Counter, key.BackupEligible, key.BackedUp, key.LastUsedAt = 4294967295, false, false, now.Add(time.Hour)
		require.NoError(t, store.SecurityKeys().Use(t.Context(), key))
		require.Equal(t, []domain.SecurityKey{key}, keysOf(t, store, key.UserID))
	})
	t.Run("a counter that stands still or goes back is refused and changes nothing", func(t *testing.T) {
		store := open(t)
		key := addKey(t, store, inserted(t, store, "jane@example.com"))
		for _, counter := range []uint32{7, 6, 0} {
			used := key
			used.Counter, used.LastUsedAt = counter, now
			require.ErrorIs(t, store.SecurityKeys().Use(t.Context(), used), port.ErrNotFound, counter)
		}
		require.Equal(t, []domain.SecurityKey{key}, keysOf(t, store, key.UserID))
	})
	t.Run("keys that never count are used again and again, and those that begin to count, count", func(t *testing.T) {
		store := open(t)
		key := newKey(inserted(t, store, "jane@example.com"))
		key.Counter, key.LastUsedAt = 0, now
		require.NoError(t, store.SecurityKeys().Add(t.Context(), key))
		require.NoError(t, store.SecurityKeys().Use(t.Context(), key))
		require.NoError(t, store.SecurityKeys().Use(t.Context(), key))
		key.Counter = 1
		require.NoError(t, store.SecurityKeys().Use(t.Context(), key))
		key.Counter = 0
		require.ErrorIs(t, store.SecurityKeys().Use(t.Context(), key), port.ErrNotFound)
	})
	t.Run("of fifty who show one counter one is believed", func(t *testing.T) {
		store := open(t)
		key := addKey(t, store, inserted(t, store, "jane@example.com"))
		key.Counter, key.LastUsedAt = 8, now
		errs := atOnce(racers, func(int) error { return store.SecurityKeys().Use(context.Background(), key) })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
	})
	t.Run("a key that is gone, or another's, is ErrNotFound", func(t *testing.T) {
		store := open(t)
		key, joe := addKey(t, store, inserted(t, store, "jane@example.com")), inserted(t, store, "joe@example.com")
		key.Counter, key.LastUsedAt = 8, now
		stolen := key
		stolen.UserID = joe
		require.ErrorIs(t, store.SecurityKeys().Use(t.Context(), stolen), port.ErrNotFound)
		require.NoError(t, store.SecurityKeys().Remove(t.Context(), key.UserID, key.ID))
		require.ErrorIs(t, store.SecurityKeys().Use(t.Context(), key), port.ErrNotFound)
	})
}

func waysInSuite(t *testing.T, open func(t *testing.T) port.Store) {
	ways := func(t *testing.T, store port.Store, user domain.UserID) (found domain.WaysIn, err error) {
		err = store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			found, err = repos.Users().WaysIn(ctx, user)
			return err
		})
		return found, err
	}
	t.Run("what a user has is counted", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		jane.PhoneNumber, jane.PhoneNumberVerified = "+41791234567", true
		insert(t, store, jane)
		addKey(t, store, jane.ID)
		addKey(t, store, jane.ID)
		addKey(t, store, inserted(t, store, "joe@example.com"))
		found, err := ways(t, store, jane.ID)
		require.NoError(t, err)
		require.Equal(t, domain.WaysIn{Password: true, Email: true, VerifiedPhone: true, SecurityKeys: 2, Providers: []string{}}, found)
	})
	t.Run("what a user has not is not", func(t *testing.T) {
		store := open(t)
		user := domain.User{ID: domain.UserID(uuid.NewString()), CreatedAt: now, Locale: "en", DefaultRole: "user", PhoneNumber: "+41791234567"}
		insert(t, store, user)
		found, err := ways(t, store, user.ID)
		require.NoError(t, err)
		require.Equal(t, domain.WaysIn{Providers: []string{}}, found)
		_, err = ways(t, store, domain.UserID(uuid.NewString()))
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("whoever looks and removes at once leaves one", func(t *testing.T) {
		store := open(t)
		jane := inserted(t, store, "jane@example.com")
		keys := make([]domain.SecurityKey, racers/5)
		for i := range keys {
			keys[i] = addKey(t, store, jane)
		}
		errs := atOnce(len(keys), func(i int) error {
			return store.Atomic(context.Background(), func(ctx context.Context, repos port.Repos) error {
				found, err := repos.Users().WaysIn(ctx, jane)
				if err != nil {
					return err
				}
				if found.SecurityKeys == 1 {
					return domain.LastWayIn
				}
				return repos.SecurityKeys().Remove(ctx, jane, keys[i].ID)
			})
		})
		require.Equal(t, len(keys)-1, count(errs, nil))
		require.Equal(t, 1, count(errs, domain.LastWayIn))
		require.Len(t, keysOf(t, store, jane), 1)
	})
}
