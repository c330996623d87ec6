package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const subject = domain.OTPSubject("the keyed hash of an address")

// newOTP returns a code that is good for a quarter of an hour from at.
func newOTP(user domain.UserID, hash string, at time.Time) domain.OTPRecord {
	return domain.OTPRecord{Subject: subject, UserID: user, Hash: hash, ExpiresAt: at.Add(15 * time.Minute), WindowEndsAt: at.Add(15 * time.Minute)}
}

func issueOTP(t *testing.T, store port.Repos, code domain.OTPRecord, at time.Time) {
	t.Helper()
	require.NoError(t, store.OTPs().Issue(t.Context(), code, newMessage(), at))
}

// attempt makes a guess at a moment.
func attempt(store port.Repos, at time.Time) (domain.OTPRecord, error) {
	return store.OTPs().Attempt(context.Background(), subject, at, at.Add(15*time.Minute))
}

func wantAttempt(t *testing.T, store port.Repos, at time.Time, want domain.OTPRecord) {
	t.Helper()
	got, err := attempt(store, at)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func wantSpent(t *testing.T, store port.Repos, at time.Time) {
	t.Helper()
	_, err := attempt(store, at)
	require.ErrorIs(t, err, port.ErrNotFound)
}

func otpsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("what was issued is there to compare with, and its message queued", func(t *testing.T) {
		store := open(t)
		code, message := newOTP(inserted(t, store, "jane@example.com"), "hash", now), newMessage()
		require.NoError(t, store.OTPs().Issue(t.Context(), code, message, now))
		wantAttempt(t, store, now, code)
		queued := claim(t, store, now, 2)
		require.Len(t, queued, 1)
		require.Equal(t, message, queued[0].Message)
	})
	t.Run("a code for who does not exist is ErrNotFound, and nothing is queued", func(t *testing.T) {
		store := open(t)
		err := store.OTPs().Issue(t.Context(), newOTP(domain.UserID(uuid.NewString()), "hash", now), newMessage(), now)
		require.ErrorIs(t, err, port.ErrNotFound)
		require.Empty(t, claim(t, store, now, 1))
	})
	t.Run("a new code takes the place of the earlier one", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		issueOTP(t, store, newOTP(user, "old", now), now)
		second := newOTP(user, "new", now.Add(time.Minute))
		issueOTP(t, store, second, now.Add(time.Minute))
		second.WindowEndsAt = now.Add(15 * time.Minute) // the window goes on
		wantAttempt(t, store, now.Add(time.Minute), second)
		require.ErrorIs(t, store.OTPs().Consume(t.Context(), subject, "old"), port.ErrNotFound)
		require.NoError(t, store.OTPs().Consume(t.Context(), subject, "new"))
	})
	t.Run("what was put is there to compare with, and nothing queued", func(t *testing.T) {
		store := open(t)
		code := newOTP(inserted(t, store, "jane@example.com"), "hash", now)
		require.NoError(t, store.OTPs().Put(t.Context(), code, now))
		wantAttempt(t, store, now, code)
		require.Empty(t, claim(t, store, now, 1))
		require.ErrorIs(t, store.OTPs().Put(t.Context(), newOTP(domain.UserID(uuid.NewString()), "hash", now), now), port.ErrNotFound)
	})
	t.Run("to issue nothing takes no code away", func(t *testing.T) {
		store := open(t)
		code := newOTP(inserted(t, store, "jane@example.com"), "hash", now)
		issueOTP(t, store, code, now)
		issueOTP(t, store, newOTP("", "", now.Add(time.Minute)), now.Add(time.Minute))
		wantAttempt(t, store, now.Add(time.Minute), code)
	})
	t.Run("where nothing was issued there is nothing to compare with", func(t *testing.T) {
		store := open(t)
		nothing := domain.OTPRecord{Subject: subject, ExpiresAt: now.Add(15 * time.Minute), WindowEndsAt: now.Add(15 * time.Minute)}
		for range domain.OTPAttempts {
			wantAttempt(t, store, now, nothing)
		}
		wantSpent(t, store, now)
		require.ErrorIs(t, store.OTPs().Consume(t.Context(), subject, ""), port.ErrNotFound)
	})
	t.Run("what is over is removed in batches, and nothing else", func(t *testing.T) {
		store := open(t)
		for i := range 10 {
			other := domain.OTPSubject(fmt.Sprint("subject ", i))
			_, err := store.OTPs().Attempt(t.Context(), other, now, now.Add(15*time.Minute))
			require.NoError(t, err)
		}
		living := newOTP(inserted(t, store, "jane@example.com"), "hash", now.Add(time.Hour))
		issueOTP(t, store, living, now.Add(time.Hour))
		for _, want := range []int{7, 3, 0} {
			deleted, err := store.OTPs().DeleteExpired(t.Context(), now.Add(time.Hour), 7)
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
		wantAttempt(t, store, now.Add(time.Hour), living)
	})
}

func otpBudgetSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("of fifty attempts at once five count, and neither a new code nor more patience helps before the window ends", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		issueOTP(t, store, newOTP(user, "first", now), now)
		for window, at := range []time.Time{now, now.Add(15 * time.Minute), now.Add(30 * time.Minute)} {
			errs := atOnce(racers, func(int) error {
				_, err := attempt(store, at)
				return err
			})
			require.Equal(t, domain.OTPAttempts, count(errs, nil), "window %d", window)
			require.Equal(t, racers-domain.OTPAttempts, count(errs, port.ErrNotFound))
			issueOTP(t, store, newOTP(user, fmt.Sprint("code ", window), at.Add(time.Minute)), at.Add(time.Minute))
			wantSpent(t, store, at.Add(time.Minute))
			wantSpent(t, store, at.Add(15*time.Minute-time.Microsecond))
		}
	})
	t.Run("a code that outlives its window can be guessed at in the next", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		for range domain.OTPAttempts {
			_, err := attempt(store, now)
			require.NoError(t, err)
		}
		late := now.Add(14 * time.Minute)
		code := newOTP(user, "hash", late)
		issueOTP(t, store, code, late)
		wantSpent(t, store, late)
		code.WindowEndsAt = now.Add(30 * time.Minute)
		wantAttempt(t, store, now.Add(15*time.Minute), code)
	})
	t.Run("success forgets the attempts", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		issueOTP(t, store, newOTP(user, "hash", now), now)
		for range domain.OTPAttempts {
			_, err := attempt(store, now)
			require.NoError(t, err)
		}
		require.NoError(t, store.OTPs().Consume(t.Context(), subject, "hash"))
		_, err := attempt(store, now)
		require.NoError(t, err)
	})
	t.Run("of fifty who consume a code one does", func(t *testing.T) {
		store := open(t)
		issueOTP(t, store, newOTP(inserted(t, store, "jane@example.com"), "hash", now), now)
		errs := atOnce(racers, func(int) error { return store.OTPs().Consume(context.Background(), subject, "hash") })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
	})
	t.Run("what fails after it leaves the code good and the attempts spent", func(t *testing.T) {
		store := open(t)
		issueOTP(t, store, newOTP(inserted(t, store, "jane@example.com"), "hash", now), now)
		for range domain.OTPAttempts {
			_, err := attempt(store, now)
			require.NoError(t, err)
		}
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			require.NoError(t, repos.OTPs().Consume(ctx, subject, "hash"))
		})
		wantSpent(t, store, now)
		require.NoError(t, store.OTPs().Consume(t.Context(), subject, "hash"))
	})
}
