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

// phoned creates an account with a phone number, the later the larger age is.
func phoned(t *testing.T, store port.Repos, number string, age time.Duration) domain.User {
	t.Helper()
	user := newUser("")
	user.EmailVerified, user.PhoneNumber, user.CreatedAt = false, number, now.Add(age)
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user}))
	return user
}

// numbersEnding returns the numbers of the accounts that are found for one.
func numbersEnding(t *testing.T, store port.Repos, number string) []string {
	t.Helper()
	users, err := store.Users().ByPhoneEnding(t.Context(), number)
	require.NoError(t, err)
	numbers := []string{}
	for _, user := range users {
		numbers = append(numbers, user.PhoneNumber)
	}
	return numbers
}

func phonesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("numbers are found however they are written, the oldest account first", func(t *testing.T) {
		store := open(t)
		want := []string{"+49 151-23456789", "+4915123456789", "0049 (0)151/23.45.67.89", "+1 202 345 6789"}
		for i, number := range want {
			phoned(t, store, number, time.Duration(i)*time.Minute)
		}
		phoned(t, store, "+4915123456780", 0)
		insert(t, store, newUser("jane@example.com"))
		require.Equal(t, want, numbersEnding(t, store, "+4915123456789"), "whoever shares seven digits: the caller decides")
		require.Equal(t, []string{"+4915123456780"}, numbersEnding(t, store, "+4915123456780"))
		require.Empty(t, numbersEnding(t, store, "+4915123456781"))
	})
	t.Run("what is found is the account with its roles", func(t *testing.T) {
		store := open(t)
		user := phoned(t, store, "+12025550123", 0)
		found, err := store.Users().ByPhoneEnding(t.Context(), "+12025550123")
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, user, sameMetadata(user, found[0]))
	})
	t.Run("numbers shorter than seven digits are found as a whole", func(t *testing.T) {
		store := open(t)
		phoned(t, store, "+29051", 0)
		require.Equal(t, []string{"+29051"}, numbersEnding(t, store, "+29051"))
	})
	t.Run("a number belongs to one account", func(t *testing.T) {
		store := open(t)
		phoned(t, store, "+12025550123", 0)
		errs := atOnce(20, func(int) error {
			user := newUser("")
			user.EmailVerified, user.PhoneNumber = false, "+12025550124"
			return store.Users().Insert(context.Background(), port.NewUser{User: user})
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, 19, count(errs, port.ErrTaken))
	})
	t.Run("a number is verified only while the account has it", func(t *testing.T) {
		store := open(t)
		user := phoned(t, store, "+1 202 555 0123", 0)
		require.ErrorIs(t, store.Users().MarkPhoneVerified(t.Context(), user.ID, "+12025550123"), port.ErrNotFound)
		require.ErrorIs(t, store.Users().MarkPhoneVerified(t.Context(), domain.UserID(uuid.NewString()), user.PhoneNumber), port.ErrNotFound)
		require.False(t, account(t, store, user.ID).PhoneNumberVerified)
		require.NoError(t, store.Users().MarkPhoneVerified(t.Context(), user.ID, user.PhoneNumber))
		require.True(t, account(t, store, user.ID).PhoneNumberVerified)
	})
}

// legacySMSSuite looks at what must not be found: what is there, only a hasura-auth server leaves.
func legacySMSSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("an account without a code has none", func(t *testing.T) {
		store := open(t)
		user := phoned(t, store, "+12025550123", 0)
		codes, err := store.OTPs().LegacySMS(t.Context(), user.PhoneNumber, now)
		require.NoError(t, err)
		require.Empty(t, codes)
		require.ErrorIs(t, store.OTPs().ConsumeLegacySMS(t.Context(), domain.LegacySMSCode{UserID: user.ID, Hash: "x"}), port.ErrNotFound)
	})
}

// capsOf returns caps on a number, its country and all, in a window of an hour from at.
func capsOf(number string, perNumber, perCountry, total int, at time.Time) []domain.SMSCap {
	return domain.SMSPolicy{PerNumber: perNumber, PerCountry: perCountry, Total: total, Window: time.Hour}.Caps(domain.OTPSubject(number), "DE", at)
}

func smsCountsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("of fifty at once as many get through as the narrowest cap allows", func(t *testing.T) {
		for _, caps := range [][3]int{{7, 0, 0}, {0, 7, 0}, {0, 0, 7}, {7, 9, 11}, {50, 7, 9}, {50, 50, 7}} {
			store := open(t)
			errs := atOnce(racers, func(int) error {
				return store.SMSCounts().Count(context.Background(), capsOf("a", caps[0], caps[1], caps[2], now), now)
			})
			require.Equal(t, 7, count(errs, nil), caps)
			require.Equal(t, racers-7, count(errs, port.ErrTaken), caps)
		}
	})
	t.Run("who exhausts a number takes nothing from the others", func(t *testing.T) {
		store := open(t)
		for range 20 {
			_ = store.SMSCounts().Count(t.Context(), capsOf("a", 2, 4, 5, now), now)
		}
		for i := range 2 {
			require.NoError(t, store.SMSCounts().Count(t.Context(), capsOf("b", 2, 4, 5, now), now), i)
		}
		require.ErrorIs(t, store.SMSCounts().Count(t.Context(), capsOf("c", 2, 4, 5, now), now), port.ErrTaken, "the country")
		require.NoError(t, store.SMSCounts().Count(t.Context(), []domain.SMSCap{{Subject: "total", Most: 5, WindowEndsAt: now.Add(time.Hour)}}, now))
		require.ErrorIs(t, store.SMSCounts().Count(t.Context(), []domain.SMSCap{{Subject: "total", Most: 5, WindowEndsAt: now.Add(time.Hour)}}, now), port.ErrTaken)
	})
	t.Run("a window ends when it was said to end, and another begins", func(t *testing.T) {
		store := open(t)
		one := func(at time.Time) error { return store.SMSCounts().Count(t.Context(), capsOf("a", 1, 0, 0, at), at) }
		require.NoError(t, one(now))
		require.ErrorIs(t, one(now.Add(time.Hour-time.Microsecond)), port.ErrTaken)
		require.NoError(t, one(now.Add(time.Hour)))
		require.ErrorIs(t, one(now.Add(2*time.Hour-time.Microsecond)), port.ErrTaken)
	})
	t.Run("without caps nothing is counted", func(t *testing.T) {
		store := open(t)
		require.NoError(t, store.SMSCounts().Count(t.Context(), nil, now))
		deleted, err := store.SMSCounts().DeleteExpired(t.Context(), now.Add(24*time.Hour), 10)
		require.NoError(t, err)
		require.Zero(t, deleted)
	})
	t.Run("what is over is removed in batches, and nothing else", func(t *testing.T) {
		store := open(t)
		for i := range 10 {
			require.NoError(t, store.SMSCounts().Count(t.Context(), capsOf(fmt.Sprint("number ", i), 1, 0, 0, now), now))
		}
		later := now.Add(2 * time.Hour)
		require.NoError(t, store.SMSCounts().Count(t.Context(), capsOf("living", 1, 0, 0, later), later))
		for _, want := range []int{7, 3, 0} {
			deleted, err := store.SMSCounts().DeleteExpired(t.Context(), later, 7)
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
		require.ErrorIs(t, store.SMSCounts().Count(t.Context(), capsOf("living", 1, 0, 0, later), later), port.ErrTaken)
	})
}
