package usecase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/kit"
)

// without makes a key that only says that it is there.
func without(label string) *authenticator.Key {
	key := passkey(label)
	key.Unverified = true
	return key
}

// signInWith signs in with a key of who has the address, "" for whoever has the key.
func signInWith(t *testing.T, k *kit.Kit, email domain.Email, key *authenticator.Key) error {
	t.Helper()
	options, err := k.SignInWebauthn.Do(t.Context(), email)
	require.NoError(t, err)
	_, err = k.VerifySignInWebauthn.Do(t.Context(), key.Get(options))
	return err
}

func TestTakenOver_AKeyThatCannotVerifyItsUserSignsInAsBefore(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		old, recent := without("old"), without("recent")
		addKey(t, k, k, old, user.ID)
		require.ErrorIs(t, signInWith(t, k, "jane@example.com", old), domain.InvalidRequest, "not what hexauth has registered")
		k.Exec("UPDATE auth.user_security_keys SET hx_created_at = NULL, hx_user_verified = NULL")
		addKey(t, k, k, recent, user.ID)

		require.NoError(t, signInWith(t, k, "jane@example.com", old))
		require.ErrorIs(t, signInWith(t, k, "jane@example.com", recent), domain.InvalidRequest, "beside an old one, neither")
		require.ErrorIs(t, signInWith(t, k, "", old), domain.InvalidRequest, "who names no account must have a passkey")
		recent.Unverified = false
		require.NoError(t, signInWith(t, k, "jane@example.com", recent))
	})
}

func TestTakenOver_AKeyThatCannotVerifyItsUserIsNoSecondFactor(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.MFA.AllMethods = true })
	user := k.SignUp("jane@example.com").User
	key := without("old")
	addKey(t, k, k, key, user.ID)
	k.Exec("UPDATE auth.user_security_keys SET hx_created_at = NULL, hx_user_verified = NULL")
	require.NoError(t, signInWith(t, k, "jane@example.com", key))
	enrol(t, k, user.ID)
	require.ErrorIs(t, signInWith(t, k, "jane@example.com", key), domain.InvalidRequest)
	key.Unverified = false
	require.NoError(t, signInWith(t, k, "jane@example.com", key))
}

func TestTakenOver_WhereErrorsAreConcealedOldKeysAreAskedAsAllOthers(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.Conceal = true })
	addKey(t, k, k, passkey("old"), k.SignUp("jane@example.com").User.ID)
	k.Exec("UPDATE auth.user_security_keys SET hx_created_at = NULL, hx_user_verified = NULL")
	for _, email := range []domain.Email{"jane@example.com", "nobody@example.com"} {
		options, err := k.SignInWebauthn.Do(t.Context(), email)
		require.NoError(t, err)
		require.Contains(t, string(options), `"userVerification":"required"`)
	}
}
