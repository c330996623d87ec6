package porttest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// account reads an account.
func account(t *testing.T, store port.Repos, id domain.UserID) domain.User {
	t.Helper()
	user, err := store.Users().ByID(t.Context(), id)
	require.NoError(t, err)
	return user
}

// unverified creates an account whose address nobody has verified.
func unverified(t *testing.T, store port.Repos, email domain.Email) domain.User {
	t.Helper()
	user := newUser(email)
	user.EmailVerified = false
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user}))
	return user
}

func accountsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a password hash is set", func(t *testing.T) {
		store := open(t)
		id, other := inserted(t, store, "jane@example.com"), inserted(t, store, "joe@example.com")
		require.NoError(t, store.Users().SetPasswordHash(t.Context(), id, "new"))
		require.Equal(t, "new", account(t, store, id).PasswordHash)
		require.Equal(t, "$argon2id$x", account(t, store, other).PasswordHash)
	})
	t.Run("second factors are those of the user", func(t *testing.T) {
		store := open(t)
		id := inserted(t, store, "jane@example.com")
		for _, user := range []domain.UserID{id, domain.UserID(uuid.NewString())} {
			factors, err := store.Users().SecondFactors(t.Context(), user)
			require.NoError(t, err)
			require.Equal(t, domain.SecondFactors{}, factors)
		}
	})
	t.Run("nobody is ErrNotFound", func(t *testing.T) {
		store, id := open(t), domain.UserID(uuid.NewString())
		require.ErrorIs(t, store.Users().SetPasswordHash(t.Context(), id, "new"), port.ErrNotFound)
		require.ErrorIs(t, store.Users().MarkEmailVerified(t.Context(), id, ""), port.ErrNotFound)
		require.ErrorIs(t, store.Users().AnnounceEmail(t.Context(), id, "jane@example.com"), port.ErrNotFound)
		require.ErrorIs(t, store.Users().ChangeEmail(t.Context(), id, "jane@example.com"), port.ErrNotFound)
	})
	t.Run("an address is verified only while the account has it", func(t *testing.T) {
		store := open(t)
		user := unverified(t, store, "jane@example.com")
		require.ErrorIs(t, store.Users().MarkEmailVerified(t.Context(), user.ID, "old@example.com"), port.ErrNotFound)
		require.False(t, account(t, store, user.ID).EmailVerified)
		require.NoError(t, store.Users().MarkEmailVerified(t.Context(), user.ID, "JANE@Example.com"))
		require.True(t, account(t, store, user.ID).EmailVerified)
		joe := unverified(t, store, "joe@example.com")
		require.NoError(t, store.Users().MarkEmailVerified(t.Context(), joe.ID, ""))
		require.True(t, account(t, store, joe.ID).EmailVerified)
	})
	t.Run("an account gets the address that was announced last and no other", func(t *testing.T) {
		store := open(t)
		user := unverified(t, store, "jane@example.com")
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), user.ID, "Announced@example.com"))
		require.Equal(t, domain.Email("jane@example.com"), account(t, store, user.ID).Email)
		require.NoError(t, store.Users().ChangeEmail(t.Context(), user.ID, ""))
		user.Email, user.EmailVerified = "Announced@example.com", true
		require.Equal(t, user, sameMetadata(user, account(t, store, user.ID)))
		for _, email := range []domain.Email{"", "Announced@example.com"} {
			require.ErrorIs(t, store.Users().ChangeEmail(t.Context(), user.ID, email), port.ErrNotFound, "nothing is announced any more")
		}
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), user.ID, "mistyped@example.com"))
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), user.ID, "given@example.com"))
		require.ErrorIs(t, store.Users().ChangeEmail(t.Context(), user.ID, "mistyped@example.com"), port.ErrNotFound)
		require.NoError(t, store.Users().ChangeEmail(t.Context(), user.ID, "GIVEN@example.com"))
		require.Equal(t, domain.Email("GIVEN@example.com"), account(t, store, user.ID).Email)
	})
	t.Run("an address that somebody has is taken, in any case", func(t *testing.T) {
		store := open(t)
		inserted(t, store, "joe@example.com")
		jane := unverified(t, store, "jane@example.com")
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), jane.ID, "JOE@example.com"))
		require.ErrorIs(t, store.Users().ChangeEmail(t.Context(), jane.ID, "JOE@example.com"), port.ErrTaken)
		require.Equal(t, jane, sameMetadata(jane, account(t, store, jane.ID)))
	})
	t.Run("of fifty who want one address one gets it", func(t *testing.T) {
		store := open(t)
		ids := make([]domain.UserID, racers)
		for i := range ids {
			ids[i] = inserted(t, store, domain.Email(fmt.Sprintf("u%d@example.com", i)))
			require.NoError(t, store.Users().AnnounceEmail(t.Context(), ids[i], "jane@example.com"))
		}
		errs := atOnce(racers, func(i int) error { return store.Users().ChangeEmail(context.Background(), ids[i], "jane@example.com") })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrTaken))
	})
}

// stranger creates an anonymous account.
func stranger(t *testing.T, store port.Repos) domain.User {
	t.Helper()
	user := domain.User{
		ID: domain.UserID(uuid.NewString()), CreatedAt: now, DisplayName: "Anonymous", Locale: "en", IsAnonymous: true,
		DefaultRole: domain.AnonymousRole, Roles: []domain.Role{domain.AnonymousRole}, Metadata: `{"cart":[1,2]}`,
	}
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user}))
	return user
}

// deanonymize does it in a transaction of its own.
func deanonymize(store port.Store, user domain.User) error {
	return store.Atomic(context.Background(), func(ctx context.Context, repos port.Repos) error {
		return repos.Users().Deanonymize(ctx, user)
	})
}

func deanonymizeSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("everything changes but the id, the time of birth and unstated metadata", func(t *testing.T) {
		store := open(t)
		before := stranger(t, store)
		want := newUser("Jane@example.com")
		want.ID, want.EmailVerified, want.Metadata = before.ID, false, ""
		require.NoError(t, deanonymize(store, want))
		want.Metadata = before.Metadata
		require.Equal(t, want, sameMetadata(want, account(t, store, before.ID)))
	})
	t.Run("stated metadata replaces the old, and no password is none", func(t *testing.T) {
		store := open(t)
		want := newUser("jane@example.com")
		want.ID, want.EmailVerified, want.PasswordHash, want.Metadata = stranger(t, store).ID, false, "", `{"plan":"pro"}`
		require.NoError(t, deanonymize(store, want))
		require.Equal(t, want, sameMetadata(want, account(t, store, want.ID)))
	})
	t.Run("an address that somebody has is taken and leaves the account as it was", func(t *testing.T) {
		store := open(t)
		inserted(t, store, "jane@example.com")
		before := stranger(t, store)
		user := newUser("JANE@example.com")
		user.ID = before.ID
		require.ErrorIs(t, deanonymize(store, user), port.ErrTaken)
		require.Equal(t, before, sameMetadata(before, account(t, store, before.ID)))
	})
	t.Run("a role that does not exist leaves the account as it was", func(t *testing.T) {
		store := open(t)
		before := stranger(t, store)
		user := newUser("jane@example.com")
		user.ID, user.Roles = before.ID, []domain.Role{"user", "unheard-of"}
		require.ErrorIs(t, deanonymize(store, user), port.ErrNotFound)
		require.Equal(t, before, sameMetadata(before, account(t, store, before.ID)))
	})
	t.Run("who is not anonymous, or nobody, is ErrNotFound", func(t *testing.T) {
		store := open(t)
		jane := unverified(t, store, "jane@example.com")
		user := newUser("new@example.com")
		user.ID = jane.ID
		require.ErrorIs(t, deanonymize(store, user), port.ErrNotFound)
		require.Equal(t, jane, sameMetadata(jane, account(t, store, jane.ID)))
		require.ErrorIs(t, deanonymize(store, newUser("new@example.com")), port.ErrNotFound)
	})
	t.Run("of fifty who do it to one account one does", func(t *testing.T) {
		store := open(t)
		id := stranger(t, store).ID
		errs := atOnce(racers, func(i int) error {
			user := newUser(domain.Email(fmt.Sprintf("u%d@example.com", i)))
			user.ID = id
			return deanonymize(store, user)
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
		require.Equal(t, []domain.Role{"me", "user"}, account(t, store, id).Roles)
	})
}
