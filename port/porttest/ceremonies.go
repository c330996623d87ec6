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

// begun stores a ceremony of a sign-up.
func begun(t *testing.T, store port.Repos) domain.Ceremony {
	t.Helper()
	ceremony := domain.Ceremony{
		Challenge: uuid.NewString(), Purpose: domain.CeremonySignUp, UserID: domain.UserID(uuid.NewString()), State: `{"a":1}`, Email: "Jane@Example.com",
		Options: domain.SignUpOptions{
			AllowedRoles: []domain.Role{}, DefaultRole: "user", DisplayName: "Jäne", Locale: "de", Metadata: `{"n":12345678901234567890}`, RedirectTo: "https://x",
		},
		ExpiresAt: now.Add(domain.CeremonyLifetime),
	}
	require.NoError(t, store.Ceremonies().Add(t.Context(), ceremony))
	return ceremony
}

func ceremoniesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	take := func(t *testing.T, store port.Repos, c domain.Ceremony, at time.Time) (domain.Ceremony, error) {
		return store.Ceremonies().Take(t.Context(), c.Challenge, c.Purpose, c.UserID, at)
	}
	t.Run("what was begun comes back, once", func(t *testing.T) {
		store := open(t)
		ceremony := begun(t, store)
		found, err := take(t, store, ceremony, now)
		require.NoError(t, err)
		require.Equal(t, ceremony, found)
		_, err = take(t, store, ceremony, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("what may be missing comes back missing, no role is not any role", func(t *testing.T) {
		store := open(t)
		ceremony := domain.Ceremony{Challenge: uuid.NewString(), Purpose: domain.CeremonySignIn, State: "{}", ExpiresAt: now.Add(time.Minute)}
		require.NoError(t, store.Ceremonies().Add(t.Context(), ceremony))
		found, err := take(t, store, ceremony, now)
		require.NoError(t, err)
		require.Equal(t, ceremony, found)
		require.Nil(t, found.Options.AllowedRoles)
	})
	t.Run("another purpose or another user leaves it, and whoever does not ask for a user gets it", func(t *testing.T) {
		store := open(t)
		ceremony, nobody := begun(t, store), begun(t, store)
		for _, purpose := range []domain.CeremonyPurpose{domain.CeremonySignIn, domain.CeremonyAdd, domain.CeremonyElevate} {
			_, err := store.Ceremonies().Take(t.Context(), ceremony.Challenge, purpose, ceremony.UserID, now)
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		_, err := store.Ceremonies().Take(t.Context(), ceremony.Challenge, ceremony.Purpose, domain.UserID(uuid.NewString()), now)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.Ceremonies().Take(t.Context(), uuid.NewString(), ceremony.Purpose, ceremony.UserID, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.Ceremonies().Take(t.Context(), ceremony.Challenge, ceremony.Purpose, "", now)
		require.NoError(t, err)
		nobody.UserID = ""
		nobody.Challenge = uuid.NewString()
		require.NoError(t, store.Ceremonies().Add(t.Context(), nobody))
		_, err = store.Ceremonies().Take(t.Context(), nobody.Challenge, nobody.Purpose, ceremony.UserID, now)
		require.ErrorIs(t, err, port.ErrNotFound, "a ceremony of nobody is no user's")
	})
	t.Run("it expires", func(t *testing.T) {
		store := open(t)
		ceremony := begun(t, store)
		_, err := take(t, store, ceremony, ceremony.ExpiresAt)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = take(t, store, ceremony, ceremony.ExpiresAt.Add(-time.Microsecond))
		require.NoError(t, err)
	})
	t.Run("of fifty callers one gets it", func(t *testing.T) {
		store := open(t)
		ceremony := begun(t, store)
		errs := atOnce(racers, func(int) error {
			_, err := store.Ceremonies().Take(context.Background(), ceremony.Challenge, ceremony.Purpose, "", now)
			return err
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
	})
	t.Run("what fails after it leaves it good", func(t *testing.T) {
		store := open(t)
		ceremony := begun(t, store)
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			_, err := repos.Ceremonies().Take(ctx, ceremony.Challenge, ceremony.Purpose, "", now)
			require.NoError(t, err)
		})
		_, err := take(t, store, ceremony, now)
		require.NoError(t, err)
	})
	t.Run("what has expired is removed in batches, and nothing else", func(t *testing.T) {
		store := open(t)
		for range 10 {
			begun(t, store)
		}
		deleted, err := store.Ceremonies().DeleteExpired(t.Context(), now.Add(domain.CeremonyLifetime), 7)
		require.NoError(t, err)
		require.Zero(t, deleted)
		for _, want := range []int{7, 3, 0} {
			deleted, err := store.Ceremonies().DeleteExpired(t.Context(), now.Add(domain.CeremonyLifetime+time.Second), 7)
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
	})
}
