package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// legacySMS leaves a code as a hasura-auth server does.
func legacySMS(t *testing.T, k *kit.Kit, code string) {
	t.Helper()
	hash, err := k.Passwords.Hash(t.Context(), code)
	require.NoError(t, err)
	k.Exec("UPDATE auth.users SET otp_method_last_used = 'sms', otp_hash = '" + hash + "', otp_hash_expires_at = '" +
		k.Clock.Now().Add(5*time.Minute).Format("2006-01-02T15:04:05.000000Z") + "'")
}

func TestSMS_ACodeOfATakenOverDatabaseWorksOnceAndWithinTheBudget(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		require.NoError(t, askSMS(k, janesNumber))
		k.Exec("UPDATE auth.users SET phone_number = '+1 202-555-0123'")
		k.Exec("DELETE FROM auth.hexauth_codes")
		legacySMS(t, k, "012345")
		for range 4 {
			_, err := guessSMS(k, janesNumber, "012346")
			wantWrongCode(t, err)
		}
		require.Equal(t, map[error]int{nil: 1, domain.InvalidRequest: 49}, parallel(func(int) error {
			_, err := guessSMS(k, janesNumber, "012345")
			return err
		}))
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE phone_number_verified AND otp_hash IS NULL"))
		k.Clock.Advance(15 * time.Minute)
		for _, change := range []string{"otp_method_last_used = NULL", "otp_hash_expires_at = '2020-01-01T00:00:00.000000Z'", "phone_number = '+1 202-555-0124'"} {
			legacySMS(t, k, "012345")
			k.Exec("UPDATE auth.users SET " + change)
			_, err := guessSMS(k, janesNumber, "012345")
			wantWrongCode(t, err)
		}
	})
}

func gatewayCodes(s *kit.Settings) { s.GatewayCodes = true }

func TestSMS_CodesOfAGatewayAreCheckedThereAndProveTheNumber(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, gatewayCodes)
		code := codeFor(t, k, janesNumber).Ticket
		_, err := guessSMS(k, janesNumber, "999999")
		wantWrongCode(t, err)
		require.Equal(t, map[error]int{nil: 1, domain.InvalidRequest: 49}, parallel(func(int) error {
			_, err := guessSMS(k, janesNumber, code)
			return err
		}))
		require.LessOrEqual(t, k.Phones.Checks(), 6+49, "success gives the attempts back")
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE phone_number_verified"))
		require.Equal(t, 1, k.Count(liveSessions))
	})
}

func TestSMS_TheBudgetOfGuessesHoldsForGatewaysToo(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, gatewayCodes)
		code := codeFor(t, k, janesNumber).Ticket
		require.Equal(t, map[error]int{domain.InvalidRequest: 50}, parallel(func(int) error {
			_, err := guessSMS(k, janesNumber, "999999")
			return err
		}))
		require.Equal(t, domain.OTPAttempts, k.Phones.Checks())
		_, err := guessSMS(k, janesNumber, code)
		wantWrongCode(t, err)
		_, err = guessSMS(k, joesNumber, "999999")
		wantWrongCode(t, err)
		require.Equal(t, domain.OTPAttempts+1, k.Phones.Checks(), "whether there is an account does not matter")
	})
}

func TestSMS_AGatewayThatCannotBeAskedAboutACodeIsNoWrongCode(t *testing.T) {
	k := kit.New(t, gatewayCodes)
	code := codeFor(t, k, janesNumber).Ticket
	k.Phones.Fail = domain.Unavailable
	_, err := guessSMS(k, janesNumber, code)
	require.ErrorIs(t, err, domain.Unavailable)
	k.Phones.Fail = nil
	_, err = guessSMS(k, janesNumber, code)
	require.NoError(t, err)
}

func TestSMS_ACodeOfAGatewayThatThePeerAskedForWorks(t *testing.T) {
	k := kit.New(t, gatewayCodes)
	code := codeFor(t, k, janesNumber).Ticket
	k.Exec("DELETE FROM auth.hexauth_codes")
	_, err := guessSMS(k, janesNumber, "999999")
	wantWrongCode(t, err)
	legacySMS(t, k, "")
	_, err = guessSMS(k, janesNumber, code)
	require.NoError(t, err)
}
