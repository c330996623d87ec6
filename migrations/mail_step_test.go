package migrations

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// foundation is a database as the first release left it, with a user, a session and a PKCE code.
func foundation(t *testing.T, d Dialect) *sql.DB {
	t.Helper()
	db := emptySQLite(t)
	if d == Postgres {
		db = peerAt(t, 22)
	}
	s, err := loadSteps(d)
	require.NoError(t, err)
	exec(t, db, s.own[0].SQL)
	exec(t, db, `INSERT INTO auth.users (id, locale, email, default_role) VALUES ('`+userID+`', 'en', 'Jane@Example.com', 'user');
		INSERT INTO auth.refresh_tokens (id, expires_at, user_id, refresh_token_hash, hx_family)
			VALUES ('`+regular+`', '2099-01-01T00:00:00.000000Z', '`+userID+`', 'hash', 'family');
		INSERT INTO auth.pkce_authorization_codes (id, user_id, code_hash, code_challenge, expires_at)
			VALUES ('`+keyID+`', '`+userID+`', 'code', 'challenge', '2099-01-01T00:00:00.000000Z')`)
	return db
}

func TestMailStep_FollowsTheFirstReleaseAndKeepsItsData(t *testing.T) {
	for _, d := range []Dialect{Postgres, SQLite} {
		t.Run(string(d), func(t *testing.T) {
			db := foundation(t, d)
			status, err := Inspect(t.Context(), db, d)
			require.NoError(t, err)
			require.Nil(t, status.Refusal)
			require.Equal(t, FoundHexauth, status.Found)
			require.Equal(t, []int{1}, status.Applied)
			require.Equal(t, ownSteps()[1:], names(status.Pending))
			require.Equal(t, status.Pending, mustUp(t, db, d).Applied)

			require.Equal(t, "Jane@Example.com", get[string](t, db, `SELECT email FROM auth.users`))
			require.Equal(t, "hash family", get[string](t, db, `SELECT refresh_token_hash || ' ' || hx_family FROM auth.refresh_tokens`))
			require.Equal(t, 1, get[int](t, db, `SELECT count(*) FROM auth.pkce_authorization_codes WHERE code_hash = 'code' AND hx_session_id IS NULL`))
			for _, table := range []string{"hexauth_tickets", "hexauth_codes", "hexauth_outbox"} {
				require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.`+table), table)
			}
			if d == Postgres {
				require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
			} else {
				fresh := emptySQLite(t)
				mustUp(t, fresh, SQLite)
				require.Equal(t, sqliteDump(t, fresh), sqliteDump(t, db))
			}
		})
	}
}

func TestMailStep_TicketsAndCodesGoWithTheirUser(t *testing.T) {
	const time = `'2026-01-02T03:04:05.000000Z'`
	for _, d := range []Dialect{Postgres, SQLite} {
		t.Run(string(d), func(t *testing.T) {
			db := foundation(t, d)
			mustUp(t, db, d)
			exec(t, db, `INSERT INTO auth.hexauth_tickets (ticket_hash, purpose, user_id, email, created_at, expires_at) VALUES
					('a', 'verifyEmail', '`+userID+`', 'Jane@Example.com', `+time+`, `+time+`),
					('b', 'passwordReset', '`+userID+`', NULL, `+time+`, `+time+`),
					('c', 'passwordReset', NULL, 'nobody@example.com', `+time+`, `+time+`);
				INSERT INTO auth.hexauth_codes (subject, user_id, code_hash, expires_at, window_ends_at) VALUES
					('a', '`+userID+`', 'x', `+time+`, `+time+`), ('b', NULL, NULL, NULL, `+time+`)`)
			require.Equal(t, "a", get[string](t, db, `SELECT ticket_hash FROM auth.hexauth_tickets WHERE email = 'jane@EXAMPLE.com'`))
			require.Equal(t, 0, get[int](t, db, `SELECT max(attempts) FROM auth.hexauth_codes`))

			_, err := db.ExecContext(t.Context(), `INSERT INTO auth.hexauth_tickets (ticket_hash, purpose, user_id, created_at, expires_at)
				VALUES ('d', 'verifyEmail', '`+patID+`', `+time+`, `+time+`)`)
			require.Error(t, err, "a ticket of a user who does not exist")
			exec(t, db, `UPDATE auth.users SET id = '`+patID+`'`)
			require.Equal(t, 2, get[int](t, db, `SELECT count(*) FROM auth.hexauth_tickets WHERE user_id = '`+patID+`'`))
			exec(t, db, `DELETE FROM auth.users`)
			require.Equal(t, "c", get[string](t, db, `SELECT ticket_hash FROM auth.hexauth_tickets`))
			require.Equal(t, "b", get[string](t, db, `SELECT subject FROM auth.hexauth_codes`))
		})
	}
}

func TestMailStep_ThatFailsLeavesTheFirstReleaseAsItWas(t *testing.T) {
	for d, obstacle := range map[Dialect]string{
		Postgres: `CREATE SEQUENCE auth.hexauth_outbox`, // CREATE TABLE IF NOT EXISTS passes over it, the index on it fails
		SQLite:   `CREATE TABLE auth.something (id integer); CREATE INDEX auth.pkce_authorization_codes_hx_session_id_idx ON something (id)`,
	} {
		t.Run(string(d), func(t *testing.T) {
			db := foundation(t, d)
			exec(t, db, obstacle)
			report, err := Up(t.Context(), db, d, nil)
			var failed *StepError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, "hexauth 0002 mail", failed.Step.String())
			require.Empty(t, report.Applied)
			_, err = db.ExecContext(t.Context(), `SELECT 1 FROM auth.hexauth_tickets`)
			require.Error(t, err, "nothing of the step may be there")
			_, err = db.ExecContext(t.Context(), `SELECT hx_session_id FROM auth.pkce_authorization_codes`)
			require.Error(t, err, "nothing of the step may be there")
			require.Equal(t, 1, get[int](t, db, `SELECT max(id) FROM auth.hexauth_migrations`))
		})
	}
}

func TestMailStep_OnPostgresCanBeTakenAgainWhenItsRecordWasLost(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	exec(t, db, `DELETE FROM auth.hexauth_migrations WHERE id = 2`)
	require.Equal(t, []string{"hexauth 0002 mail"}, names(mustUp(t, db, Postgres).Applied))
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
}
