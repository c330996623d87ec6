package bunstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func column(t *testing.T, store *bunstore.Store, query string) string {
	t.Helper()
	db, _ := store.Migrations()
	var value string
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

func execute(t *testing.T, store *bunstore.Store, statement string) {
	t.Helper()
	db, _ := store.Migrations()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// newcomers creates accounts and returns their ids, in order.
func newcomers(t *testing.T, store *bunstore.Store, n int) []domain.UserID {
	t.Helper()
	require.NoError(t, store.Roles().Ensure(t.Context(), []domain.Role{"user"}))
	ids := make([]domain.UserID, n)
	for i := range ids {
		ids[i] = domain.UserID(fmt.Sprintf("%08d%s", i, uuid.NewString()[8:]))
		require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: domain.User{
			ID: ids[i], CreatedAt: time.Now().UTC(), Locale: "en", DefaultRole: "user", Roles: []domain.Role{"user"},
		}}))
	}
	return ids
}

const clearText = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"

func TestMFASecrets_NoSecretIsInTheDatabaseInClear(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		user := newcomers(t, store, 1)[0]
		require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, clearText))
		stored := column(t, store, "SELECT totp_secret FROM auth.users")
		require.NotContains(t, stored, clearText)
		require.True(t, strings.HasPrefix(stored, nonceAndTag), stored)
	})
}

func TestMFASecrets_ASecretUnderALostKeyIsAnErrorAndNoSecret(t *testing.T) {
	key := &cipher{}
	onBoth(t, bunstore.Options{Cipher: key}, func(t *testing.T, store *bunstore.Store) {
		user := newcomers(t, store, 1)[0]
		require.NoError(t, store.MFASecrets().SetTOTPSecret(t.Context(), user, clearText))
		key.lost.Store(true)
		defer key.lost.Store(false)
		_, err := store.MFASecrets().Attempt(t.Context(), user, time.Now(), time.Now().Add(time.Hour))
		require.ErrorContains(t, err, "a TOTP secret can't be decrypted: another key")
		require.Error(t, store.MFASecrets().ActivateTOTP(t.Context(), user, clearText))
	})
}

// Old servers kept secrets in clear, of 16 to 52 characters. Ten instances may find them at the same time.
func TestMFASecrets_ThoseOfAnOldServerAreReadableAndEncryptedOnTheWay(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		users := newcomers(t, store, 25)
		secretOf := func(i int) string { return clearText[:16+i] }
		for i, user := range users {
			execute(t, store, "UPDATE auth.users SET totp_secret = '"+secretOf(i)+"', active_mfa_type = 'totp' WHERE id = '"+string(user)+"'")
		}
		readable := func() {
			for i, user := range users {
				secret, err := store.MFASecrets().Attempt(t.Context(), user, time.Now(), time.Now().Add(time.Hour))
				require.NoError(t, err)
				require.Equal(t, secretOf(i), secret)
			}
		}
		readable()
		var instances sync.WaitGroup
		for range 10 {
			instances.Go(func() {
				for last, found := domain.UserID(""), 7; found == 7; {
					var err error
					if last, found, err = store.MFASecrets().EncryptTOTPSecrets(context.Background(), last, 7); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		instances.Wait()
		require.Equal(t, "0", column(t, store, "SELECT CAST(count(*) AS text) FROM auth.users WHERE length(totp_secret) < 64"))
		readable()
		_, found, err := store.MFASecrets().EncryptTOTPSecrets(t.Context(), "", 7)
		require.NoError(t, err)
		require.Zero(t, found)
	})
}
