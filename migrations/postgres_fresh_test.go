package migrations

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestPostgres_TheLastPeerVersionIsExactlyTheReference(t *testing.T) {
	require.Equal(t, expected(t, peerSchema), dump(t, peerAt(t, 22)))
}

func TestPostgres_AnEmptyDatabaseGetsTheReferenceAndOurAdditions(t *testing.T) {
	db := emptyPostgres(t)
	report := mustUp(t, db, Postgres)
	require.Equal(t, FoundEmpty, report.Found)
	require.Equal(t, 0, report.Version)
	require.Equal(t, allSteps(t, 0), names(report.Applied))
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
	require.Equal(t, "22 false", get[string](t, db, `SELECT string_agg(version || ' ' || dirty, ',') FROM auth.schema_migrations`))
	require.Equal(t, recorded(), get[string](t, db, `SELECT string_agg(id || ' ' || name, ',' ORDER BY id) FROM auth.hexauth_migrations`))
}

func TestPostgres_TheExpectedObjectsAreThoseOfTheReference(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	f, err := readFacts(t.Context(), db)
	require.NoError(t, err)
	want, err := loadExpectations(Postgres)
	require.NoError(t, err)
	require.Empty(t, mismatches(want, f.objects, 22, f.own))
	known := objects{}
	for _, e := range want {
		if e.holds(22, f.own) {
			known[e.object] = e.typ
		}
	}
	for o := range f.objects {
		backing := o.Kind == "index" && f.objects.has("constraint", o.Table, o.Name)
		if o.Table == "schema_migrations" || backing || (o == object{"type", "", "email"}) {
			continue
		}
		require.Contains(t, known, o)
	}
}

func TestPostgres_WorksWithPreparedStatementsToo(t *testing.T) {
	db := openPostgres(t, pgtest.Database(t))
	require.Equal(t, allSteps(t, 0), names(mustUp(t, db, Postgres).Applied))
	require.Empty(t, mustUp(t, db, Postgres))
}

func TestPostgres_WorksOnASingleConnection(t *testing.T) {
	db := emptyPostgres(t)
	db.SetMaxOpenConns(1)
	require.Equal(t, allSteps(t, 0), names(mustUp(t, db, Postgres).Applied))
}

func TestPostgres_EveryStepCanBeTakenTwice(t *testing.T) {
	db := emptyPostgres(t)
	s, err := loadSteps(Postgres)
	require.NoError(t, err)
	for _, step := range s.peer {
		exec(t, db, step.SQL)
		exec(t, db, step.SQL)
	}
	require.Equal(t, expected(t, peerSchema), dump(t, db))
}

func TestPostgres_UpTwiceChangesNothing(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	before := snapshot(t, db)
	require.Equal(t, Report{}, mustUp(t, db, Postgres))
	require.Equal(t, before, snapshot(t, db))
}

func TestPostgres_NothingMissingTakesNoLock(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	holder, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, holder.Close()) }()
	_, err = holder.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, LockKey)
	require.NoError(t, err)
	mustUp(t, db, Postgres)
}

func TestPostgres_TheWaitForTheLockIsBoundedByTheContext(t *testing.T) {
	db := emptyPostgres(t)
	holder, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, holder.Close()) }()
	_, err = holder.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, LockKey)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = Up(ctx, db, Postgres, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, get[bool](t, db, `SELECT to_regnamespace('auth') IS NOT NULL`))
}

func TestPostgres_RequestTimeoutsDoNotApplyAndComeBack(t *testing.T) {
	url := pgtest.Database(t)
	db := openPostgres(t, url, "default_query_exec_mode", "simple_protocol", "statement_timeout", "700", "lock_timeout", "300")
	db.SetMaxOpenConns(1)
	other := openPostgres(t, url)
	holder, err := other.Conn(t.Context())
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, LockKey)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := Up(t.Context(), db, Postgres, nil)
		done <- err
	}()
	time.Sleep(time.Second)
	require.Empty(t, done)
	_, err = holder.ExecContext(t.Context(), `SELECT pg_advisory_unlock($1)`, LockKey)
	require.NoError(t, err)
	require.NoError(t, holder.Close())
	require.NoError(t, <-done)
	require.Equal(t, "700ms 300ms", get[string](t, db, `SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')`))
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`))
}

func TestPostgres_TenInstancesMigrateOnce(t *testing.T) {
	url := pgtest.Database(t)
	var mu sync.Mutex
	var applied []string
	var instances []*sql.DB
	for range 10 {
		instances = append(instances, openPostgres(t, url, "default_query_exec_mode", "simple_protocol"))
	}
	err := together(len(instances), func(i int) error {
		report, err := Up(t.Context(), instances[i], Postgres, nil)
		mu.Lock()
		defer mu.Unlock()
		applied = append(applied, names(report.Applied)...)
		return err
	})
	require.NoError(t, err)
	want := allSteps(t, 0)
	slices.Sort(want)
	slices.Sort(applied)
	require.Equal(t, want, applied)
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, openPostgres(t, url)))
}

func TestPostgres_CurrentTellsWhetherEveryStepIsRecorded(t *testing.T) {
	db := emptyPostgres(t)
	current := func() bool {
		ok, err := Current(t.Context(), db, Postgres)
		require.NoError(t, err)
		return ok
	}
	require.False(t, current())
	mustUp(t, db, Postgres)
	require.True(t, current())
	exec(t, db, `INSERT INTO auth.hexauth_migrations (id, name) VALUES (1000, 'of a successor')`)
	require.True(t, current())
	for id, name := range map[int]string{1: "foundation", 2: "mail"} {
		exec(t, db, `DELETE FROM auth.hexauth_migrations WHERE id = $1`, id)
		require.False(t, current())
		exec(t, db, `INSERT INTO auth.hexauth_migrations (id, name) VALUES ($1, $2)`, id, name)
		require.True(t, current())
	}
	exec(t, db, `UPDATE auth.schema_migrations SET dirty = true`)
	require.False(t, current())
	exec(t, db, `UPDATE auth.schema_migrations SET dirty = false, version = 21`)
	require.False(t, current())
}

func TestPostgres_CurrentFailsWhenTheDatabaseIsAway(t *testing.T) {
	db := openPostgres(t, "postgres://nobody@127.0.0.1:1/nothing")
	_, err := Current(t.Context(), db, Postgres)
	require.Error(t, err)
}

func TestPostgres_AFailedStepIsRolledBackAndNamed(t *testing.T) {
	db := peerAt(t, 20)
	// A sequence of the table's name: CREATE TABLE IF NOT EXISTS passes over it, the index on it fails.
	exec(t, db, `CREATE SEQUENCE auth.pkce_authorization_codes`)
	report, err := Up(t.Context(), db, Postgres, nil)
	var failed *StepError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "hasura-auth 00021 pkce_authorization_codes", failed.Step.String())
	require.Empty(t, report.Applied)
	require.Equal(t, 20, get[int](t, db, `SELECT version FROM auth.schema_migrations`))
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM pg_class WHERE relname LIKE 'pkce_%' AND relkind IN ('r', 'i')`))

	exec(t, db, `DROP SEQUENCE auth.pkce_authorization_codes`)
	require.Equal(t, allSteps(t, 20), names(mustUp(t, db, Postgres).Applied))
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
}

func TestPostgres_TheRulesOfTheReferenceHold(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	state := func(text string) string {
		_, err := db.ExecContext(t.Context(), text)
		if err == nil {
			return ""
		}
		var coded interface{ SQLState() string }
		require.ErrorAs(t, err, &coded)
		return coded.SQLState()
	}
	const check = "23514"
	for address, want := range map[string]string{
		"jane@example.com": "", "jane@localhost": "", "J.!#$%&''*+/=?^_`{|}~-@a-b.example": "",
		"jane": check, "jane@": check, "@example.com": check, "jane@-a.com": check, "jane@a..com": check,
		"jane doe@example.com": check, "jäne@example.com": check, "jane@example.com\n": check, `"jane"@example.com`: check,
	} {
		require.Equal(t, want, state(`SELECT '`+address+`'::auth.email`), address)
	}
	for scopes, want := range map[string]string{
		"{}": "", "{openid,graphql}": "", "{graphql:role:editor_1:x.y-z}": "",
		"{admin}": check, "{graphql:role:}": check, `{"graphql:role:a b"}`: check, "{openid,NULL}": check,
	} {
		require.Equal(t, want, state(`INSERT INTO auth.oauth2_clients (scopes) VALUES ('`+scopes+`')`), scopes)
	}
	for hash, want := range map[string]string{"$2$x": "", "$2a$x": "", "$2b$x": "", "$2y$x": "", "$2x$x": check, "secret": check} {
		require.Equal(t, want, state(`INSERT INTO auth.oauth2_clients (client_secret_hash) VALUES ('`+hash+`')`), hash)
	}
	require.Regexp(t, `^nhoa_[0-9a-f]{16}$`, get[string](t, db, `SELECT auth.generate_oauth2_client_id()`))
	require.Equal(t, "", state(`INSERT INTO auth.users (locale, email) VALUES ('gsw', 'Jane@Example.com')`))
	require.Equal(t, "23505", state(`INSERT INTO auth.users (locale, email) VALUES ('en', 'jane@example.COM')`))
	require.Equal(t, "23503", state(`INSERT INTO auth.users (locale, default_role) VALUES ('en', 'nosuch')`))
	require.True(t, get[bool](t, db, `UPDATE auth.users SET display_name = 'Jane' RETURNING updated_at > created_at`))
}
