package usecase_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// content returns what every table of the schema holds, as text.
func content(t *testing.T, k *kit.Kit) map[string]string {
	t.Helper()
	db, _ := k.Store.Migrations()
	list := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'auth' AND table_type = 'BASE TABLE'"
	if strings.HasPrefix(k.Settings.URL, "sqlite") {
		list = "SELECT name FROM auth.sqlite_master WHERE type = 'table'"
	}
	var names []string
	rows, err := db.QueryContext(t.Context(), list)
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	tables := map[string]string{}
	for _, name := range names {
		tables[name] = rowsOf(t, k, name)
	}
	return tables
}

func rowsOf(t *testing.T, k *kit.Kit, table string) string {
	t.Helper()
	db, _ := k.Store.Migrations()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM auth."+table)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var text strings.Builder
	for _, column := range columns {
		text.WriteString(column + " ")
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, rows.Scan(values...))
		for _, value := range values {
			switch value := (*value.(*any)).(type) {
			case []byte:
				text.Write(value)
			default:
				fmt.Fprint(&text, value)
			}
			text.WriteString(" ")
		}
	}
	require.NoError(t, rows.Err())
	return text.String()
}

// ids are those of what the kit's user has, by the table where it is kept.
type ids map[string]string

// everybody makes a user who has something in every table that can refer to a user, and another one.
func everybody(t *testing.T, k *kit.Kit) (jane domain.UserID, has ids) {
	t.Helper()
	session := k.SignUp("jane@example.com")
	k.SignUp("joe@example.com")
	jane = session.User.ID
	patID, _ := createPAT(t, k, jane, time.Hour)
	require.NoError(t, k.ChangeUserEmail.Do(t.Context(), usecase.ChangeUserEmailInput{Bearer: jane, MailInput: usecase.MailInput{Email: "doe@example.com"}}))
	require.NoError(t, k.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
	now := k.Clock.Now()
	has = ids{"refresh_tokens": string(session.ID), "pats": patID, "user_security_keys": uuid.NewString(), "user_providers": "583231"}
	require.NoError(t, k.Store.SecurityKeys().Add(t.Context(), domain.SecurityKey{
		ID: domain.SecurityKeyID(has["user_security_keys"]), UserID: jane, CredentialID: "AQIDBAUG", PublicKey: []byte("COSE"), CreatedAt: now,
	}))
	require.NoError(t, k.Store.Ceremonies().Add(t.Context(), domain.Ceremony{
		Challenge: "challenge", Purpose: domain.CeremonyAdd, UserID: jane, State: "{}", ExpiresAt: now.Add(time.Minute),
	}))
	require.NoError(t, k.Store.ProviderLinks().Ensure(t.Context(), []string{"github"}))
	require.NoError(t, k.Store.ProviderLinks().Add(t.Context(), domain.ProviderLink{
		ID: uuid.NewString(), UserID: jane, Identity: domain.ProviderIdentity{Provider: "github", ID: "583231"}, CreatedAt: now,
		Tokens: &domain.ProviderTokens{AccessToken: "gho_secret"},
	}))
	require.NoError(t, k.Store.PKCECodes().Add(t.Context(), domain.PKCERecord{
		ID: uuid.NewString(), UserID: jane, Hash: "hash", Challenge: "challenge", CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}))
	const time = "'2099-01-02T03:04:05.000000Z'"
	request, id := uuid.NewString(), string(jane)
	for _, statement := range []string{
		`INSERT INTO auth.oauth2_clients (client_id, created_by) VALUES ('nhoa_client', '` + id + `')`,
		`INSERT INTO auth.oauth2_auth_requests (id, client_id, redirect_uri, response_type, user_id, expires_at)
			VALUES ('` + request + `', 'nhoa_client', 'https://x.example', 'code', '` + id + `', ` + time + `)`,
		`INSERT INTO auth.oauth2_authorization_codes (id, code_hash, auth_request_id, expires_at) VALUES ('` + uuid.NewString() + `', 'h', '` + request + `', ` + time + `)`,
		`INSERT INTO auth.oauth2_refresh_tokens (id, token_hash, client_id, user_id, expires_at) VALUES ('` + uuid.NewString() + `', 'h', 'nhoa_client', '` + id + `', ` + time + `)`,
		`INSERT INTO auth.hexauth_mfa (user_id, window_ends_at) VALUES ('` + id + `', ` + time + `)`,
		`INSERT INTO auth.hexauth_recovery_codes (user_id, code_hash) VALUES ('` + id + `', 'h')`,
		`INSERT INTO auth.hexauth_provider_states (state_hash, provider, user_id, payload, created_at, expires_at) VALUES ('h', 'github', '` + id + `', 'x', ` + time + `, ` + time + `)`,
	} {
		k.Exec(statement)
	}
	return jane, has
}

func TestAdmin_NothingOfADeletedUserStaysInAnyTable(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		jane, _ := everybody(t, k)
		for table, text := range content(t, k) {
			if strings.Contains(text, "user_id ") || strings.Contains(text, "created_by ") {
				require.Contains(t, text, string(jane), "%s can refer to a user, so this test must put a row there", table)
			}
		}
		require.NoError(t, k.AdminDeleteUser.Do(t.Context(), domain.UserRef{Email: "jane@example.com"}))
		events, err := k.Store.Events().List(t.Context(), domain.EventQuery{User: jane, Limit: 100})
		require.NoError(t, err)
		require.Len(t, events, 1, "all that may be known of her is that she was deleted")
		require.Equal(t, domain.UserDeleted, events[0].Kind)
		k.Exec("DELETE FROM auth.hexauth_events WHERE kind = 'user.deleted'")
		for table, text := range content(t, k) {
			for _, trace := range []string{string(jane), "jane@example.com", "doe@example.com", "583231", "AQIDBAUG"} {
				require.NotContains(t, text, trace, table)
			}
		}
		_, err = k.SignIn("joe@example.com", kit.Password)
		require.NoError(t, err)
	})
}

func TestAdmin_AnExportHasEverythingButSecrets(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		jane, has := everybody(t, k)
		export, err := k.AdminExportUser.Do(t.Context(), byID(jane))
		require.NoError(t, err)
		text, err := json.Marshal(rest.ExportOf(export))
		require.NoError(t, err)
		for what, id := range has {
			require.Contains(t, string(text), id, what)
		}
		for _, part := range []string{string(jane), "jane@example.com", "doe@example.com", "nhoa_client", "emailConfirmChange", "signin-otp"} {
			require.Contains(t, string(text), part)
		}
		require.Equal(t, 1, export.RecoveryCodesLeft)
		require.NotEmpty(t, export.PasswordHash)
		secrets := []string{export.PasswordHash, "gho_secret", "COSE", string(export.Tokens[0].TokenHash), "joe@example.com"}
		for _, secret := range secrets {
			require.NotContains(t, string(text), strings.Trim(secret, `\`))
		}
	})
}
