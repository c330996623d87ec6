package porttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// now is the suites' time, with the microseconds that stores keep.
var now = time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC)

// Store asks everything of a store. open returns an empty one, with the schema and the roles "user", "me" and "anonymous".
func Store(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("Users", func(t *testing.T) { usersSuite(t, open) })
	t.Run("Sessions", func(t *testing.T) { sessionsSuite(t, open) })
	t.Run("Ending", func(t *testing.T) { endingSuite(t, open) })
	t.Run("Rotation", func(t *testing.T) { rotationSuite(t, open) })
	t.Run("PersonalAccessTokens", func(t *testing.T) { patsSuite(t, open) })
	t.Run("SecurityKeys", func(t *testing.T) { securityKeysSuite(t, open) })
	t.Run("SecurityKeys.Use", func(t *testing.T) { keyUseSuite(t, open) })
	t.Run("Ceremonies", func(t *testing.T) { ceremoniesSuite(t, open) })
	t.Run("WaysIn", func(t *testing.T) { waysInSuite(t, open) })
	t.Run("ProviderLinks", func(t *testing.T) { providerLinksSuite(t, open) })
	t.Run("ProviderLinks.Tokens", func(t *testing.T) { providerTokensSuite(t, open) })
	t.Run("ProviderStates", func(t *testing.T) { providerStatesSuite(t, open) })
	t.Run("SigningKeys", func(t *testing.T) { signingKeysSuite(t, open) })
	t.Run("Accounts", func(t *testing.T) { accountsSuite(t, open) })
	t.Run("Administration", func(t *testing.T) { administrationSuite(t, open) })
	t.Run("Administration.List", func(t *testing.T) { userListSuite(t, open) })
	t.Run("Deanonymize", func(t *testing.T) { deanonymizeSuite(t, open) })
	t.Run("Tickets", func(t *testing.T) { ticketsSuite(t, open) })
	t.Run("Tickets.Consume", func(t *testing.T) { consumeSuite(t, open) })
	t.Run("Tickets.Redeem", func(t *testing.T) { redeemSuite(t, open) })
	t.Run("OTPs", func(t *testing.T) { otpsSuite(t, open) })
	t.Run("OTPs.Attempt", func(t *testing.T) { otpBudgetSuite(t, open) })
	t.Run("Tickets.Challenge", func(t *testing.T) { challengesSuite(t, open) })
	t.Run("MFASecrets", func(t *testing.T) { mfaSecretsSuite(t, open) })
	t.Run("MFASecrets.Attempt", func(t *testing.T) { mfaBudgetSuite(t, open) })
	t.Run("MFASecrets.RecoveryCodes", func(t *testing.T) { recoveryCodesSuite(t, open) })
	t.Run("Phones", func(t *testing.T) { phonesSuite(t, open) })
	t.Run("OTPs.LegacySMS", func(t *testing.T) { legacySMSSuite(t, open) })
	t.Run("SMSCounts", func(t *testing.T) { smsCountsSuite(t, open) })
	t.Run("PKCECodes", func(t *testing.T) { pkceCodesSuite(t, open) })
	t.Run("Outbox", func(t *testing.T) { outboxSuite(t, open) })
	t.Run("Outbox.Retry", func(t *testing.T) { outboxRetrySuite(t, open) })
	t.Run("Events", func(t *testing.T) { eventsSuite(t, open) })
	t.Run("Atomic", func(t *testing.T) { atomicSuite(t, open) })
	t.Run("Ready", func(t *testing.T) { require.NoError(t, open(t).Ready(t.Context())) })
}

// newUser returns an account with every field set.
func newUser(email domain.Email) domain.User {
	return domain.User{
		ID: domain.UserID(uuid.NewString()), CreatedAt: now, DisplayName: "Jane Doe", AvatarURL: "https://example.com/jane.png",
		Locale: "de", Email: email, EmailVerified: true, PhoneNumber: "", PasswordHash: "$argon2id$x",
		DefaultRole: "user", Roles: []domain.Role{"me", "user"}, Metadata: `{"n":12345678901234567890}`,
	}
}

// newSession returns a session of user and its token.
func newSession(user domain.User) (domain.Session, domain.RefreshToken) {
	token := domain.RefreshToken(uuid.NewString())
	return domain.Session{
		ID: domain.SessionID(uuid.NewString()), UserID: user.ID, TokenHash: token.Hash(), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}, token
}

// insert creates user with a session.
func insert(t *testing.T, store port.Repos, user domain.User) (domain.Session, domain.RefreshToken) {
	t.Helper()
	session, token := newSession(user)
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user, Session: &session}))
	return session, token
}

// atOnce calls do n times at the same time and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	var callers sync.WaitGroup
	failures := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		callers.Go(func() {
			<-start
			failures[i] = do(i)
		})
	}
	close(start)
	callers.Wait()
	return failures
}

// count says how many of errs are target; nil counts successes.
func count(errs []error, target error) int {
	n := 0
	for _, err := range errs {
		if err == target || target != nil && errors.Is(err, target) {
			n++
		}
	}
	return n
}

func usersSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("what was inserted comes back", func(t *testing.T) {
		store, user := open(t), newUser("Jane@Example.com")
		insert(t, store, user)
		found, err := store.Users().ByID(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, user, sameMetadata(user, found))
	})
	t.Run("what may be missing comes back missing", func(t *testing.T) {
		store := open(t)
		user := domain.User{ID: domain.UserID(uuid.NewString()), CreatedAt: now, Locale: "en", IsAnonymous: true,
			DefaultRole: domain.AnonymousRole, Roles: []domain.Role{domain.AnonymousRole}}
		insert(t, store, user)
		found, err := store.Users().ByID(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, user, found)
	})
	t.Run("addresses are found whatever their case", func(t *testing.T) {
		store, user := open(t), newUser("Jane@Example.com")
		insert(t, store, user)
		found, err := store.Users().ByEmail(t.Context(), "jANE@eXAMPLE.COM")
		require.NoError(t, err)
		require.Equal(t, user.ID, found.ID)
		require.Equal(t, domain.Email("Jane@Example.com"), found.Email)
	})
	t.Run("nobody is ErrNotFound", func(t *testing.T) {
		store := open(t)
		_, err := store.Users().ByEmail(t.Context(), "nobody@example.com")
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.Users().ByID(t.Context(), domain.UserID(uuid.NewString()))
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("an address is taken in any case, and nothing of the second account stays", func(t *testing.T) {
		store := open(t)
		insert(t, store, newUser("jane@example.com"))
		second := newUser("JANE@EXAMPLE.COM")
		session, token := newSession(second)
		require.ErrorIs(t, store.Users().Insert(t.Context(), port.NewUser{User: second, Session: &session}), port.ErrTaken)
		_, err := store.Users().ByID(t.Context(), second.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
		trails, err := store.Sessions().Trails(t.Context(), token.Hash(), "")
		require.NoError(t, err)
		require.Empty(t, trails)
	})
	t.Run("of a hundred who want one address one gets it", func(t *testing.T) {
		store := open(t)
		errs := atOnce(100, func(int) error {
			return store.Users().Insert(context.Background(), port.NewUser{User: newUser("jane@example.com")})
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, 99, count(errs, port.ErrTaken))
	})
	t.Run("roles come in one order, the default role among them", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		user.Roles = []domain.Role{"user", "me", "anonymous"}
		insert(t, store, user)
		found, err := store.Users().ByID(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, []domain.Role{"anonymous", "me", "user"}, found.Roles)
	})
	t.Run("a role that does not exist is refused and leaves nothing", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		user.Roles = append(user.Roles, "unheard-of")
		require.ErrorIs(t, store.Users().Insert(t.Context(), port.NewUser{User: user}), port.ErrNotFound)
		_, err := store.Users().ByID(t.Context(), user.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("a password hash is replaced only if it is still the same", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		require.NoError(t, store.Users().ReplacePasswordHash(t.Context(), user.ID, "another", "no"))
		require.NoError(t, store.Users().ReplacePasswordHash(t.Context(), user.ID, user.PasswordHash, "yes"))
		found, err := store.Users().ByID(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, "yes", found.PasswordHash)
	})
	t.Run("roles are ensured once and again", func(t *testing.T) {
		store := open(t)
		require.NoError(t, store.Roles().Ensure(t.Context(), []domain.Role{"editor", "user"}))
		require.NoError(t, store.Roles().Ensure(t.Context(), []domain.Role{"editor", "user"}))
		user := newUser("jane@example.com")
		user.Roles = []domain.Role{"editor", "user"}
		insert(t, store, user)
	})
}

// sameMetadata allows a database to write JSON with other spaces.
func sameMetadata(want, got domain.User) domain.User {
	compact := ""
	for _, r := range string(got.Metadata) {
		if r != ' ' {
			compact += string(r)
		}
	}
	if compact == string(want.Metadata) {
		got.Metadata = want.Metadata
	}
	return got
}

func atomicSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("all of it stays", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		require.NoError(t, store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			return errors.Join(repos.Users().Insert(ctx, port.NewUser{User: jane}), repos.Users().Insert(ctx, port.NewUser{User: joe}))
		}))
		for _, user := range []domain.User{jane, joe} {
			_, err := store.Users().ByID(t.Context(), user.ID)
			require.NoError(t, err)
		}
	})
	t.Run("an error undoes it and comes back as it is", func(t *testing.T) {
		store, jane, wrong := open(t), newUser("jane@example.com"), errors.New("changed my mind")
		err := store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			session, _ := newSession(jane)
			require.NoError(t, repos.Users().Insert(ctx, port.NewUser{User: jane, Session: &session}))
			_, err := repos.Users().ByID(ctx, jane.ID)
			require.NoError(t, err, "it is visible inside")
			return wrong
		})
		require.Equal(t, wrong, err)
		_, err = store.Users().ByID(t.Context(), jane.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("a panic undoes it and goes on", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		require.PanicsWithValue(t, "broken", func() {
			_ = store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
				require.NoError(t, repos.Users().Insert(ctx, port.NewUser{User: jane}))
				panic("broken")
			})
		})
		_, err := store.Users().ByID(t.Context(), jane.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("a context that ended undoes it", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		ctx, cancel := context.WithCancel(t.Context())
		err := store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
			require.NoError(t, repos.Users().Insert(ctx, port.NewUser{User: jane}))
			cancel()
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		_, err = store.Users().ByID(t.Context(), jane.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
}

func signingKeysSuite(t *testing.T, open func(t *testing.T) port.Store) {
	key := func(generation int) domain.SigningKey {
		return domain.SigningKey{Generation: generation, ID: fmt.Sprint("kid-", generation, "-", uuid.NewString()), Algorithm: "ES256",
			PrivateKey: "encrypted", PublicKey: "pem", CreatedAt: now, ActivateAt: now.Add(time.Minute)}
	}
	t.Run("keys come back in order", func(t *testing.T) {
		store, first, second := open(t), key(1), key(2)
		require.NoError(t, store.SigningKeys().Add(t.Context(), second))
		require.NoError(t, store.SigningKeys().Add(t.Context(), first))
		keys, err := store.SigningKeys().List(t.Context())
		require.NoError(t, err)
		require.Equal(t, []domain.SigningKey{first, second}, keys)
	})
	t.Run("of twenty who add one generation one does", func(t *testing.T) {
		store := open(t)
		errs := atOnce(20, func(int) error { return store.SigningKeys().Add(context.Background(), key(1)) })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, 19, count(errs, port.ErrTaken))
	})
	t.Run("what is removed is gone, and removing it again is fine", func(t *testing.T) {
		store, only := open(t), key(1)
		require.NoError(t, store.SigningKeys().Add(t.Context(), only))
		require.NoError(t, store.SigningKeys().Remove(t.Context(), 1))
		require.NoError(t, store.SigningKeys().Remove(t.Context(), 1))
		keys, err := store.SigningKeys().List(t.Context())
		require.NoError(t, err)
		require.Empty(t, keys)
	})
}
