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

const totpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"

// mfaAttempt counts an attempt at a moment.
func mfaAttempt(store port.Repos, user domain.UserID, at time.Time) (string, error) {
	return store.MFASecrets().Attempt(context.Background(), user, at, at.Add(domain.MFAWindow))
}

func wantSecret(t *testing.T, store port.Repos, user domain.UserID, at time.Time, want string) {
	t.Helper()
	got, err := mfaAttempt(store, user, at)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// enrolled creates an account with active TOTP.
func enrolled(t *testing.T, store port.Repos, email domain.Email) domain.UserID {
	t.Helper()
	user := inserted(t, store, email)
	require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, totpSecret))
	require.NoError(t, store.MFASecrets().ActivateTOTP(t.Context(), user, totpSecret))
	return user
}

func mfaSecretsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a secret is kept until it is activated, and the newest counts", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		wantSecret(t, store, user, now, "")
		for _, secret := range []string{"FIRST", totpSecret} {
			require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, secret))
			wantSecret(t, store, user, now, secret)
			require.Equal(t, domain.NoMFA, account(t, store, user).ActiveMFA)
		}
		require.ErrorIs(t, store.MFASecrets().ActivateTOTP(t.Context(), user, "FIRST"), port.ErrNotFound)
		require.NoError(t, store.MFASecrets().ActivateTOTP(t.Context(), user, totpSecret))
		require.Equal(t, domain.TOTPMFA, account(t, store, user).ActiveMFA)
		factors, err := store.Users().SecondFactors(t.Context(), user)
		require.NoError(t, err)
		require.Equal(t, domain.SecondFactors{TOTP: true}, factors)
	})
	t.Run("a secret in use is touched by nothing but switching off", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		require.ErrorIs(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, "OTHER"), port.ErrTaken)
		require.ErrorIs(t, store.MFASecrets().ActivateTOTP(t.Context(), user, totpSecret), port.ErrNotFound)
		wantSecret(t, store, user, now, totpSecret)
		require.NoError(t, store.MFASecrets().DeactivateTOTP(t.Context(), user))
		require.Equal(t, domain.NoMFA, account(t, store, user).ActiveMFA)
		wantSecret(t, store, user, now, "")
		require.ErrorIs(t, store.MFASecrets().DeactivateTOTP(t.Context(), user), port.ErrNotFound)
		require.ErrorIs(t, store.MFASecrets().ActivateTOTP(t.Context(), user, totpSecret), port.ErrNotFound)
		require.ErrorIs(t, store.MFASecrets().ActivateTOTP(t.Context(), user, ""), port.ErrNotFound)
	})
	t.Run("nobody has no secrets", func(t *testing.T) {
		store, nobody := open(t), domain.UserID(uuid.NewString())
		_, err := mfaAttempt(store, nobody, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		require.ErrorIs(t, store.MFASecrets().SetTOTPSecret(t.Context(), nobody, totpSecret), port.ErrNotFound)
		require.ErrorIs(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), nobody, []string{"a"}), port.ErrNotFound)
		require.ErrorIs(t, store.MFASecrets().AcceptTOTP(t.Context(), nobody, 1), port.ErrNotFound)
	})
	t.Run("a time step is good once, and earlier ones never again", func(t *testing.T) {
		store := open(t)
		jane, joe := enrolled(t, store, "jane@example.com"), enrolled(t, store, "joe@example.com")
		for _, user := range []domain.UserID{jane, joe} {
			wantSecret(t, store, user, now, totpSecret)
			require.NoError(t, store.MFASecrets().AcceptTOTP(t.Context(), user, 7))
			for _, step := range []int64{7, 6} {
				require.ErrorIs(t, store.MFASecrets().AcceptTOTP(t.Context(), user, step), port.ErrNotFound)
			}
			require.NoError(t, store.MFASecrets().AcceptTOTP(t.Context(), user, 8))
		}
		require.NoError(t, store.MFASecrets().DeactivateTOTP(t.Context(), jane))
		require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), jane, "OTHER"))
		require.NoError(t, store.MFASecrets().AcceptTOTP(t.Context(), jane, 8), "of another secret")
	})
	t.Run("of a hundred uses of one time step one succeeds", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		wantSecret(t, store, user, now, totpSecret)
		errs := atOnce(100, func(int) error { return store.MFASecrets().AcceptTOTP(context.Background(), user, 7) })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, 99, count(errs, port.ErrNotFound))
	})
	t.Run("a use that is rolled back has not happened", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		wantSecret(t, store, user, now, totpSecret)
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), user, []string{"a"}))
		require.ErrorIs(t, store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			require.NoError(t, repos.MFASecrets().AcceptTOTP(ctx, user, 7))
			require.NoError(t, repos.MFASecrets().ConsumeRecoveryCode(ctx, user, "a"))
			return context.Canceled
		}), context.Canceled)
		require.NoError(t, store.MFASecrets().AcceptTOTP(t.Context(), user, 7))
		require.NoError(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "a"))
	})
}

func mfaBudgetSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("of fifty attempts at once five count, and nothing but time or a right code gives new ones", func(t *testing.T) {
		store := open(t)
		user, other := enrolled(t, store, "jane@example.com"), enrolled(t, store, "joe@example.com")
		for window, at := range []time.Time{now, now.Add(domain.MFAWindow)} {
			errs := atOnce(racers, func(int) error {
				_, err := mfaAttempt(store, user, at)
				return err
			})
			require.Equal(t, domain.MFAAttempts, count(errs, nil), "window %d", window)
			require.Equal(t, racers-domain.MFAAttempts, count(errs, port.ErrNotFound))
			_, err := mfaAttempt(store, user, at.Add(domain.MFAWindow-time.Second))
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		wantSecret(t, store, other, now, totpSecret)
		require.NoError(t, store.MFASecrets().AcceptTOTP(t.Context(), user, 7))
		wantSecret(t, store, user, now.Add(domain.MFAWindow), totpSecret)
	})
	t.Run("switching off and a new secret give no new attempts", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		for range domain.MFAAttempts {
			wantSecret(t, store, user, now, totpSecret)
		}
		require.NoError(t, store.MFASecrets().DeactivateTOTP(t.Context(), user))
		require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, totpSecret))
		_, err := mfaAttempt(store, user, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
}

func recoveryCodesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("each is good once, for its user", func(t *testing.T) {
		store := open(t)
		jane, joe := enrolled(t, store, "jane@example.com"), enrolled(t, store, "joe@example.com")
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), jane, []string{"a", "b"}))
		require.ErrorIs(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), joe, "a"), port.ErrNotFound)
		errs := atOnce(racers, func(int) error { return store.MFASecrets().ConsumeRecoveryCode(context.Background(), jane, "a") })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
		require.NoError(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), jane, "b"))
	})
	t.Run("new ones take the place of old ones, and switching off removes them", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), user, []string{"a", "b"}))
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), user, []string{"b", "c"}))
		require.ErrorIs(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "a"), port.ErrNotFound)
		require.NoError(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "b"))
		require.NoError(t, store.MFASecrets().DeactivateTOTP(t.Context(), user))
		require.ErrorIs(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "c"), port.ErrNotFound)
	})
	t.Run("a right one gives new attempts, a wrong one does not", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), user, []string{"a"}))
		for range domain.MFAAttempts {
			wantSecret(t, store, user, now, totpSecret)
		}
		require.ErrorIs(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "b"), port.ErrNotFound)
		_, err := mfaAttempt(store, user, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		require.NoError(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "a"))
		wantSecret(t, store, user, now, totpSecret)
	})
	t.Run("who claims an account finds no second factor", func(t *testing.T) {
		store := open(t)
		user := enrolled(t, store, "jane@example.com")
		require.NoError(t, store.MFASecrets().ReplaceRecoveryCodes(t.Context(), user, []string{"a"}))
		require.NoError(t, store.Users().Claim(t.Context(), user))
		require.Equal(t, domain.NoMFA, account(t, store, user).ActiveMFA)
		wantSecret(t, store, user, now, "")
		require.ErrorIs(t, store.MFASecrets().ConsumeRecoveryCode(t.Context(), user, "a"), port.ErrNotFound)
	})
}

// challenged stores a ticket for the second step.
func challenged(t *testing.T, store port.Repos, user domain.UserID) domain.TicketRecord {
	t.Helper()
	record := domain.TicketRecord{
		Hash: domain.NewMFATicket(uuid.NewString()).Hash(), Purpose: domain.TicketMFATOTP, UserID: user, CreatedAt: now,
		ExpiresAt: now.Add(domain.MFATicketLifetime), SessionID: domain.SessionID(uuid.NewString()),
	}
	require.NoError(t, store.Tickets().Challenge(t.Context(), record, ""))
	return record
}

func challengesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("five codes can be tried with a ticket, then it is of no use", func(t *testing.T) {
		store := open(t)
		record := challenged(t, store, inserted(t, store, "jane@example.com"))
		other := challenged(t, store, record.UserID)
		errs := atOnce(racers, func(int) error {
			got, err := store.Tickets().Attempt(context.Background(), record.Hash, now)
			if err == nil && got != record {
				return fmt.Errorf("%+v", got)
			}
			return err
		})
		require.Equal(t, domain.MFATicketAttempts, count(errs, nil), errs)
		require.Equal(t, racers-domain.MFATicketAttempts, count(errs, port.ErrNotFound))
		_, err := store.Tickets().Attempt(t.Context(), other.Hash, other.ExpiresAt)
		require.ErrorIs(t, err, port.ErrNotFound, "expired")
		consumed, err := store.Tickets().Consume(t.Context(), other.Hash, now)
		require.NoError(t, err)
		require.Equal(t, other, consumed)
		_, err = store.Tickets().Attempt(t.Context(), other.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound, "used")
	})
	t.Run("a mailed ticket is none for the second step", func(t *testing.T) {
		store := open(t)
		ticket := newTicket(inserted(t, store, "jane@example.com"), domain.TicketPasswordReset)
		require.NoError(t, store.Tickets().Issue(t.Context(), ticket, newMessage()))
		_, err := store.Tickets().Attempt(t.Context(), ticket.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("who is gone or has another password by now gets none", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		record := domain.TicketRecord{
			Hash: "hash", Purpose: domain.TicketMFATOTP, UserID: user, CreatedAt: now, ExpiresAt: now.Add(time.Minute), SessionID: domain.SessionID(uuid.NewString()),
		}
		require.ErrorIs(t, store.Tickets().Challenge(t.Context(), record, "another hash"), port.ErrNotFound)
		require.NoError(t, store.Tickets().Challenge(t.Context(), record, "$argon2id$x"))
		record.Hash, record.UserID = "another", domain.UserID(uuid.NewString())
		require.ErrorIs(t, store.Tickets().Challenge(t.Context(), record, ""), port.ErrNotFound)
	})
	t.Run("it goes with the sessions, and with the session it would open", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		first, second, third := challenged(t, store, user), challenged(t, store, user), challenged(t, store, user)
		require.NoError(t, store.PKCECodes().Revoke(t.Context(), first.SessionID))
		_, err := store.Tickets().Attempt(t.Context(), first.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.Tickets().Attempt(t.Context(), second.Hash, now)
		require.NoError(t, err)
		require.NoError(t, store.Sessions().EndAllBut(t.Context(), user, ""))
		for _, gone := range []domain.TicketRecord{second, third} {
			_, err = store.Tickets().Attempt(t.Context(), gone.Hash, now)
			require.ErrorIs(t, err, port.ErrNotFound)
		}
	})
}
