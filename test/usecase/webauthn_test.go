package usecase_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// at wires the product once more on a database: another instance, or the same one after a restart.
func at(t *testing.T, url string) *kit.Kit {
	return kit.New(t, func(s *kit.Settings) { s.URL, s.Passwordless, s.OTP = url, false, false })
}

func passkey(label string) *authenticator.Key {
	return authenticator.ES256(kit.Origin, kit.RPID, label)
}

func signUpWith(t *testing.T, first, second *kit.Kit, key *authenticator.Key, email domain.Email) usecase.Session {
	t.Helper()
	options, err := first.SignUpWebauthn.Do(t.Context(), usecase.SignUpWebauthnInput{Email: email})
	require.NoError(t, err)
	session, err := second.VerifySignUpWebauthn.Do(t.Context(), usecase.VerifySignUpWebauthnInput{Answer: key.Create(options)})
	require.NoError(t, err)
	return *session
}

// addKey adds a key, its two halves on different instances.
func addKey(t *testing.T, first, second *kit.Kit, key *authenticator.Key, bearer domain.UserID) domain.SecurityKeyID {
	t.Helper()
	options, err := first.AddSecurityKey.Do(t.Context(), bearer)
	require.NoError(t, err)
	added, err := second.VerifyAddSecurityKey.Do(t.Context(), usecase.VerifyAddSecurityKeyInput{Bearer: bearer, Answer: key.Create(options)})
	require.NoError(t, err)
	return added.ID
}

// atOnce calls do n times at the same time and returns how often it succeeded; what fails must fail with code.
func atOnce(t *testing.T, n int, code domain.Code, do func(i int) error) (succeeded int) {
	t.Helper()
	var callers sync.WaitGroup
	results := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		callers.Go(func() {
			<-start
			results[i] = do(i)
		})
	}
	close(start)
	callers.Wait()
	for _, err := range results {
		if err == nil {
			succeeded++
		} else {
			require.ErrorIs(t, err, code)
		}
	}
	return succeeded
}

// onTwo runs test with two instances on one database, either kind.
func onTwo(t *testing.T, test func(t *testing.T, one, other *kit.Kit)) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		settings := kit.Settings{URL: "sqlite://" + t.TempDir() + "/hexauth.db"}
		on(&settings)
		test(t, at(t, settings.URL), at(t, settings.URL))
	})
}

func TestWebAuthn_TheTwoHalvesMayReachDifferentInstances(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		key, another := passkey("jane's"), authenticator.EdDSA(kit.Origin, kit.RPID, "another")
		jane := signUpWith(t, one, other, key, "jane@example.com").User
		addKey(t, other, one, another, jane.ID)
		for _, k := range []*authenticator.Key{key, another} {
			options, err := one.SignInWebauthn.Do(t.Context(), "")
			require.NoError(t, err)
			session, err := other.VerifySignInWebauthn.Do(t.Context(), k.Get(options))
			require.NoError(t, err)
			require.Equal(t, jane, session.User)
		}
		options, err := other.ElevateWebauthn.Do(t.Context(), jane.ID)
		require.NoError(t, err)
		_, err = one.VerifyElevateWebauthn.Do(t.Context(), jane.ID, another.Get(options))
		require.NoError(t, err)
	})
}

func TestWebAuthn_AUserHasABoundedNumberOfKeys(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		jane, joe := signUpWith(t, one, other, passkey("jane's"), "jane@example.com").User.ID, signUpWith(t, one, other, passkey("joe's"), "joe@example.com").User.ID
		for i := range domain.MaxSecurityKeys - 2 {
			require.NoError(t, one.Store.SecurityKeys().Add(t.Context(), domain.SecurityKey{
				ID: domain.SecurityKeyID(uuid.NewString()), UserID: jane, CredentialID: fmt.Sprintf("AQ%02d", i), PublicKey: []byte("COSE"), CreatedAt: one.Clock.Now(),
			}))
		}
		options, err := one.AddSecurityKey.Do(t.Context(), jane)
		require.NoError(t, err)
		addKey(t, one, other, passkey("the last"), jane)
		refused := &domain.FieldError{Code: domain.InvalidRequest, Field: "user", Reason: "has 50 security keys, the most there may be: remove one first"}
		_, err = one.AddSecurityKey.Do(t.Context(), jane)
		require.Equal(t, error(refused), err)
		_, err = one.VerifyAddSecurityKey.Do(t.Context(), usecase.VerifyAddSecurityKeyInput{Bearer: jane, Answer: passkey("begun before").Create(options)})
		require.Equal(t, error(refused), err)
		addKey(t, one, other, passkey("joe's second"), joe)
	})
}

func TestWebAuthn_ACeremonySurvivesARestart(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		key := passkey("jane's")
		options, err := one.SignUpWebauthn.Do(t.Context(), usecase.SignUpWebauthnInput{Email: "jane@example.com"})
		require.NoError(t, err)
		one.Store.Close()
		session, err := other.VerifySignUpWebauthn.Do(t.Context(), usecase.VerifySignUpWebauthnInput{Answer: key.Create(options)})
		require.NoError(t, err)
		require.Equal(t, domain.Email("jane@example.com"), session.User.Email)
	})
}

func TestWebAuthn_FiftyAnswersToOneCeremonyGiveOneSession(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		instances, key := []*kit.Kit{one, other}, passkey("jane's")
		jane := signUpWith(t, one, other, key, "jane@example.com").User
		options, err := one.SignInWebauthn.Do(t.Context(), "jane@example.com")
		require.NoError(t, err)
		answer := key.Get(options)
		require.Equal(t, 1, atOnce(t, 50, domain.InvalidRequest, func(i int) error {
			_, err := instances[i%2].VerifySignInWebauthn.Do(context.Background(), answer)
			return err
		}))
		require.Equal(t, 2, one.Count("SELECT count(*) FROM auth.refresh_tokens"))

		options, err = one.AddSecurityKey.Do(t.Context(), jane.ID)
		require.NoError(t, err)
		answer = passkey("another").Create(options)
		require.Equal(t, 1, atOnce(t, 50, domain.InvalidRequest, func(i int) error {
			_, err := instances[i%2].VerifyAddSecurityKey.Do(context.Background(), usecase.VerifyAddSecurityKeyInput{Bearer: jane.ID, Answer: answer})
			return err
		}))

		options, err = one.SignUpWebauthn.Do(t.Context(), usecase.SignUpWebauthnInput{Email: "joe@example.com"})
		require.NoError(t, err)
		answer = passkey("joe's").Create(options)
		require.Equal(t, 1, atOnce(t, 50, domain.InvalidRequest, func(i int) error {
			_, err := instances[i%2].VerifySignUpWebauthn.Do(context.Background(), usecase.VerifySignUpWebauthnInput{Answer: answer})
			return err
		}))
		require.Equal(t, 3, one.Count("SELECT count(*) FROM auth.user_security_keys"))
	})
}

func TestWebAuthn_OfManyUsesWithOneCounterOneIsBelieved(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		instances, key := []*kit.Kit{one, other}, passkey("jane's")
		signUpWith(t, one, other, key, "jane@example.com")
		key.Counter = 5
		answers := make([][]byte, 20)
		for i := range answers { // each of a ceremony of its own
			options, err := one.SignInWebauthn.Do(t.Context(), "")
			require.NoError(t, err)
			answers[i] = key.Get(options)
		}
		require.Equal(t, 1, atOnce(t, len(answers), domain.InvalidRequest, func(i int) error {
			_, err := instances[i%2].VerifySignInWebauthn.Do(context.Background(), answers[i])
			return err
		}))
	})
}

func TestSecurityKeys_RemovedAllAtOnceLeaveOne(t *testing.T) {
	onTwo(t, func(t *testing.T, one, other *kit.Kit) {
		instances, bearer := []*kit.Kit{one, other}, signUpWith(t, one, other, passkey("0"), "jane@example.com").User.ID
		for _, label := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			addKey(t, one, other, passkey(label), bearer)
		}
		keys, err := one.ListSecurityKeys.Do(t.Context(), bearer)
		require.NoError(t, err)
		require.Len(t, keys, 8)
		require.Equal(t, 7, atOnce(t, len(keys), domain.LastWayIn, func(i int) error {
			err := instances[i%2].RemoveSecurityKey.Do(context.Background(), bearer, keys[i].ID)
			if errors.Is(err, domain.Unavailable) { // a database may ask to try again
				err = instances[i%2].RemoveSecurityKey.Do(context.Background(), bearer, keys[i].ID)
			}
			return err
		}))
		keys, err = one.ListSecurityKeys.Do(t.Context(), bearer)
		require.NoError(t, err)
		require.Len(t, keys, 1)
	})
}

func TestWebAuthn_WhatHasExpiredIsRemoved(t *testing.T) {
	k := kit.New(t)
	_, err := k.SignInWebauthn.Do(t.Context(), "")
	require.NoError(t, err)
	k.Clock.Advance(domain.CeremonyLifetime + 1e9)
	removed, err := (&usecase.DeleteExpired{Store: k.Store, Clock: k.Clock, Batch: 10}).Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_ceremonies"))
}
