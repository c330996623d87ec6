package migrations

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"
)

// attached opens connections of an empty main database on which a file, or memory, is attached as auth.
type attached struct {
	file        string
	busyTimeout int // milliseconds
}

func (a attached) Driver() driver.Driver { return &sqlite.Driver{} }

func (a attached) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := a.Driver().Open(":memory:")
	if err != nil {
		return nil, err
	}
	for _, text := range []string{
		fmt.Sprintf(`PRAGMA busy_timeout = %d`, a.busyTimeout), `PRAGMA foreign_keys = on`,
		`ATTACH '` + a.file + `' AS auth`, `PRAGMA auth.journal_mode = WAL`,
	} {
		if _, err := conn.(driver.ExecerContext).ExecContext(ctx, text, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	return conn, nil
}

func openSQLite(t *testing.T, a attached) *sql.DB {
	t.Helper()
	db := sql.OpenDB(a)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func emptySQLite(t *testing.T) *sql.DB {
	t.Helper()
	return openSQLite(t, attached{file: filepath.Join(t.TempDir(), "auth.db"), busyTimeout: 5000})
}

// ownSteps names what Up does to an empty file.
func ownSteps() []string {
	return []string{"hexauth 0001 foundation", "hexauth 0002 mail", "hexauth 0003 webauthn", "hexauth 0004 providers", "hexauth 0005 administration", "hexauth 0006 mfa", "hexauth 0007 sms", "hexauth 0008 events", "hexauth 0009 outbox"}
}

// recorded is what our bookkeeping says after ownSteps: "1 foundation,2 mail" and so on.
func recorded() string {
	entries := ownSteps()
	for i, name := range entries {
		entries[i] = strings.TrimLeft(strings.TrimPrefix(name, "hexauth "), "0")
	}
	return strings.Join(entries, ",")
}

// ownNumbers are the numbers of ownSteps.
func ownNumbers() []int {
	numbers := make([]int, len(ownSteps()))
	for i := range numbers {
		numbers[i] = i + 1
	}
	return numbers
}

// sqliteDump is the columns and the seed rows of a SQLite database.
func sqliteDump(t *testing.T, db *sql.DB) []string {
	t.Helper()
	out, err := column[string](t.Context(), db, `
		SELECT 'column ' || m.name || ' ' || printf('%02d', p.cid + 1) || ' ' || p.name FROM auth.sqlite_master m, pragma_table_info(m.name, 'auth') p WHERE m.type = 'table'
		UNION ALL SELECT 'row roles ' || role FROM auth.roles
		UNION ALL SELECT 'row providers ' || id FROM auth.providers
		UNION ALL SELECT 'row refresh_token_types ' || value || ' ' || comment FROM auth.refresh_token_types`)
	require.NoError(t, err)
	slices.Sort(out)
	return out
}

func TestSQLite_AnEmptyFileGetsTheColumnsAndRowsOfPostgres(t *testing.T) {
	db := emptySQLite(t)
	report := mustUp(t, db, SQLite)
	require.Equal(t, FoundEmpty, report.Found)
	require.Equal(t, ownSteps(), names(report.Applied))
	var want []string
	for _, line := range expected(t, peerSchema, ownSchema) {
		if f := strings.Fields(line); f[0] == "column" && f[1] != "schema_migrations" {
			want = append(want, strings.Join(f[:4], " "))
		} else if f[0] == "row" {
			want = append(want, line)
		}
	}
	slices.Sort(want)
	require.Equal(t, want, sqliteDump(t, db))
}

func TestSQLite_HasTheIndexesAndForeignKeysOfPostgres(t *testing.T) {
	db := emptySQLite(t)
	mustUp(t, db, SQLite)
	indexes, err := column[string](t.Context(), db, `SELECT name FROM auth.sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	require.NoError(t, err)
	keys, err := column[string](t.Context(), db, `SELECT m.name || ' ' || f."from" || ' ' || f."table" || '(' || f."to" || ') ON UPDATE ' || f.on_update || ' ON DELETE ' || f.on_delete
		FROM auth.sqlite_master m, pragma_foreign_key_list(m.name, 'auth') f WHERE m.type = 'table'`)
	require.NoError(t, err)
	var wantIndexes, wantKeys []string
	for _, line := range expected(t, peerSchema, ownSchema) {
		f := strings.Fields(line)
		switch {
		case f[0] == "index" && f[3] != "unique":
			wantIndexes = append(wantIndexes, f[2])
		case f[0] == "constraint" && f[3] == "FOREIGN":
			from, to, _ := strings.Cut(line[strings.Index(line, "KEY (")+len("KEY ("):], ") REFERENCES auth.")
			wantKeys = append(wantKeys, f[1]+" "+from+" "+to)
		}
	}
	slices.Sort(wantIndexes)
	require.Equal(t, wantIndexes, indexes)
	require.ElementsMatch(t, wantKeys, keys)
}

func TestSQLite_UpTwiceChangesNothing(t *testing.T) {
	db := emptySQLite(t)
	mustUp(t, db, SQLite)
	const books = `SELECT group_concat(id || name || applied_at) FROM auth.hexauth_migrations`
	applied := get[string](t, db, books)
	require.Equal(t, Report{}, mustUp(t, db, SQLite))
	require.Equal(t, applied, get[string](t, db, books))
	status, err := Inspect(t.Context(), db, SQLite)
	require.NoError(t, err)
	require.Equal(t, Status{Dialect: SQLite, Found: FoundHexauth, Applied: ownNumbers()}, status)
}

func TestSQLite_InspectSaysWhatUpWouldDoAndChangesNothing(t *testing.T) {
	db := emptySQLite(t)
	status, err := Inspect(t.Context(), db, SQLite)
	require.NoError(t, err)
	require.Equal(t, FoundEmpty, status.Found)
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.sqlite_master`))
	require.Equal(t, status.Pending, mustUp(t, db, SQLite).Applied)
}

func TestSQLite_CurrentTellsWhetherEveryStepIsRecorded(t *testing.T) {
	db := emptySQLite(t)
	current := func() bool {
		ok, err := Current(t.Context(), db, SQLite)
		require.NoError(t, err)
		return ok
	}
	require.False(t, current())
	mustUp(t, db, SQLite)
	require.True(t, current())
	exec(t, db, `INSERT INTO auth.hexauth_migrations (id, name) VALUES (1000, 'of a successor')`)
	require.True(t, current())
	for id, name := range map[int]string{1: "foundation", 2: "mail"} {
		exec(t, db, `DELETE FROM auth.hexauth_migrations WHERE id = ?`, id)
		require.False(t, current())
		exec(t, db, `INSERT INTO auth.hexauth_migrations (id, name) VALUES (?, ?)`, id, name)
		require.True(t, current())
	}
}

func TestSQLite_TenProcessesMigrateOnce(t *testing.T) {
	for _, timeout := range []int{0, 5000} {
		file := filepath.Join(t.TempDir(), "auth.db")
		require.NoError(t, openSQLite(t, attached{file: file}).PingContext(t.Context())) // creates the file
		var instances []*sql.DB
		for range 10 {
			db := openSQLite(t, attached{file: file, busyTimeout: timeout})
			require.NoError(t, db.PingContext(t.Context()))
			instances = append(instances, db)
		}
		var mu sync.Mutex
		var applied []string
		err := together(len(instances), func(i int) error {
			report, err := Up(t.Context(), instances[i], SQLite, nil)
			mu.Lock()
			defer mu.Unlock()
			applied = append(applied, names(report.Applied)...)
			return err
		})
		require.NoError(t, err)
		slices.Sort(applied)
		require.Equal(t, ownSteps(), applied)
	}
}

func TestSQLite_TheWaitForTheLockIsBoundedByTheContext(t *testing.T) {
	file := filepath.Join(t.TempDir(), "auth.db")
	holder := openSQLite(t, attached{file: file})
	exec(t, holder, `CREATE TABLE auth.something (id integer)`)
	conn, err := holder.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	_, err = conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), `INSERT INTO auth.something VALUES (1)`)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	db := openSQLite(t, attached{file: file})
	_, err = Up(ctx, db, SQLite, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = conn.ExecContext(t.Context(), `ROLLBACK`)
	require.NoError(t, err)
	require.Equal(t, ownSteps(), names(mustUp(t, db, SQLite).Applied))
}

func TestSQLite_RefusedFilesStayByteForByte(t *testing.T) {
	for name, c := range map[string]struct {
		ours   bool
		change string
		reason Reason
		words  string
	}{
		"foreign users": {false, `CREATE TABLE auth.users (id integer)`, Foreign, "table auth.users"},
		"foreign queue": {false, `CREATE TABLE auth.hexauth_outbox (what text)`, Foreign, "table auth.hexauth_outbox"},
		"foreign books": {false, `CREATE TABLE auth.hexauth_migrations (what text)`, Foreign, "table auth.hexauth_migrations"},
		"lost table":    {true, `DROP TABLE auth.pkce_authorization_codes`, Incomplete, "table auth.pkce_authorization_codes is missing"},
		"lost queue":    {true, `DROP TABLE auth.hexauth_outbox`, Incomplete, "table auth.hexauth_outbox is missing"},
		"newer":         {true, `INSERT INTO auth.hexauth_migrations (id, name) VALUES (1000, 'of a successor')`, Newer, "step 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "auth.db")
			db := openSQLite(t, attached{file: file})
			if c.ours {
				mustUp(t, db, SQLite)
			}
			exec(t, db, c.change)
			exec(t, db, `PRAGMA auth.wal_checkpoint(TRUNCATE)`)
			before, err := os.ReadFile(file)
			require.NoError(t, err)

			status, err := Inspect(t.Context(), db, SQLite)
			require.NoError(t, err)
			require.NotNil(t, status.Refusal)
			require.Equal(t, c.reason, status.Refusal.Reason)
			require.ErrorContains(t, status.Refusal, c.words)
			if c.reason != Incomplete { // where the books lack nothing, Up does not look any closer
				_, err = Up(t.Context(), db, SQLite, nil)
				require.ErrorIs(t, err, c.reason)
			}
			exec(t, db, `PRAGMA auth.wal_checkpoint(TRUNCATE)`)
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

func TestSQLite_AFailedStepIsRolledBackAndNamed(t *testing.T) {
	db := emptySQLite(t)
	exec(t, db, `CREATE TABLE auth.something (id integer); CREATE INDEX auth.users_hx_ticket_idx ON something (id)`)
	_, err := Up(t.Context(), db, SQLite, nil)
	var failed *StepError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "hexauth 0001 foundation", failed.Step.String())
	require.Equal(t, 2, get[int](t, db, `SELECT count(*) FROM auth.sqlite_master`))
	exec(t, db, `DROP TABLE auth.something`)
	require.Equal(t, ownSteps(), names(mustUp(t, db, SQLite).Applied))
}

func TestSQLite_TheRulesOfTheReferenceHoldAsFarAsTheDialectGoes(t *testing.T) {
	db := emptySQLite(t)
	mustUp(t, db, SQLite)
	code := func(text string) int {
		_, err := db.ExecContext(t.Context(), text)
		if err == nil {
			return 0
		}
		n, ok := sqliteCode(err)
		require.True(t, ok)
		return n
	}
	const check, unique, primary, foreign, trigger = 275, 2067, 1555, 787, 1811
	require.Equal(t, 0, code(`INSERT INTO auth.users (id, locale, email) VALUES ('u1', 'gsw', 'Jane@Example.com')`))
	require.Equal(t, unique, code(`INSERT INTO auth.users (id, locale, email) VALUES ('u2', 'en', 'jane@example.COM')`))
	require.Equal(t, primary, code(`INSERT INTO auth.users (id, locale) VALUES ('u1', 'en')`))
	require.Equal(t, foreign, code(`INSERT INTO auth.users (id, locale, default_role) VALUES ('u2', 'en', 'nosuch')`))
	for _, address := range []string{"jane", "jane@", "@example.com", "a@b@c", "jane doe@example.com", "jäne@example.com"} {
		require.Equal(t, check, code(`INSERT INTO auth.users (id, locale, email) VALUES ('u3', 'en', '`+address+`')`), address)
	}
	require.Equal(t, check, code(`INSERT INTO auth.users (id, locale) VALUES ('u3', 'engl')`))
	require.Equal(t, check, code(`INSERT INTO auth.users (id, locale, disabled) VALUES ('u3', 'en', 2)`))
	require.Equal(t, check, code(`INSERT INTO auth.users (id, locale, metadata) VALUES ('u3', 'en', '{')`))
	require.Equal(t, check, code(`INSERT INTO auth.users (id, locale, active_mfa_type) VALUES ('u3', 'en', 'mail')`))
	for scopes, want := range map[string]int{
		`[]`: 0, `["openid","graphql"]`: 0, `["graphql:role:editor_1:x.y-z"]`: 0,
		`["admin"]`: trigger, `["graphql:role:"]`: trigger, `["graphql:role:a b"]`: trigger, `["openid",null]`: trigger, `{}`: check,
	} {
		require.Equal(t, want, code(`INSERT INTO auth.oauth2_clients (scopes) VALUES ('`+scopes+`')`), scopes)
	}
	require.Equal(t, trigger, code(`UPDATE auth.oauth2_clients SET scopes = '["admin"]'`))
	require.Equal(t, check, code(`INSERT INTO auth.oauth2_clients (client_secret_hash) VALUES ('secret')`))
	require.Equal(t, 0, code(`INSERT INTO auth.oauth2_clients (client_secret_hash, created_by) VALUES ('$2a$10$x', 'u1')`))
	require.Regexp(t, `^nhoa_[0-9a-f]{16}$`, get[string](t, db, `SELECT min(client_id) FROM auth.oauth2_clients`))

	exec(t, db, `INSERT INTO auth.user_roles (user_id, role) VALUES ('u1', 'user');
		INSERT INTO auth.refresh_tokens (id, expires_at, user_id) VALUES ('t1', '2099-01-01T00:00:00.000000Z', 'u1')`)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, get[string](t, db, `SELECT id FROM auth.user_roles`))
	require.Equal(t, foreign, code(`INSERT INTO auth.refresh_tokens (id, expires_at, user_id, type) VALUES ('t2', 'x', 'u1', 'other')`))
	exec(t, db, `DELETE FROM auth.users`)
	require.Equal(t, 0, get[int](t, db, `SELECT (SELECT count(*) FROM auth.user_roles) + (SELECT count(*) FROM auth.refresh_tokens)`))
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.oauth2_clients WHERE created_by IS NOT NULL`))
}

func TestSQLite_TimesHaveOneWidthAndUpdatesAreStamped(t *testing.T) {
	db := emptySQLite(t)
	mustUp(t, db, SQLite)
	exec(t, db, `INSERT INTO auth.users (id, locale, updated_at) VALUES ('u1', 'en', '2020-01-01T00:00:00.000000Z')`)
	const layout = "2006-01-02T15:04:05.000000Z"
	created := get[string](t, db, `SELECT created_at FROM auth.users`)
	_, err := time.Parse(layout, created)
	require.NoError(t, err)
	require.Len(t, created, len(layout))

	exec(t, db, `UPDATE auth.users SET display_name = 'Jane'`)
	stamped := get[string](t, db, `SELECT updated_at FROM auth.users`)
	require.Len(t, stamped, len(layout))
	require.Greater(t, stamped, "2025-01-01")
	exec(t, db, `UPDATE auth.users SET updated_at = '2030-01-01T00:00:00.000000Z'`)
	require.Equal(t, "2030-01-01T00:00:00.000000Z", get[string](t, db, `SELECT updated_at FROM auth.users`))
	exec(t, db, `INSERT INTO auth.user_providers (id, user_id, access_token, provider_id, provider_user_id, updated_at) VALUES ('p', 'u1', 'unset', 'github', '1', '2020-01-01T00:00:00.000000Z');
		UPDATE auth.user_providers SET access_token = ''`)
	require.Greater(t, get[string](t, db, `SELECT updated_at FROM auth.user_providers`), "2025-01-01")
}
