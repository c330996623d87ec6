package migrations

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A forgotten transaction holds up the migration, and not whoever wants to read meanwhile for longer than a step waits.
func TestPostgres_AStepThatWaitsForALockGivesWayAndTriesAgain(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	exec(t, db, `DELETE FROM auth.hexauth_migrations WHERE id IN (2, 6); DROP TABLE auth.hexauth_tickets CASCADE`)
	forgotten, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = forgotten.Exec(`LOCK TABLE auth.users IN ROW EXCLUSIVE MODE`)
	require.NoError(t, err)

	migrated, waiting := make(chan error, 1), make(chan string, 100)
	go func() {
		_, err := Up(t.Context(), db, Postgres, func(step Step) { waiting <- step.String() })
		migrated <- err
	}()
	require.Eventually(t, func() bool {
		return get[int](t, db, `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'auth.users'::regclass`) == 1
	}, time.Minute, 20*time.Millisecond, "the step wants the table")
	_, err = db.ExecContext(t.Context(), `SET lock_timeout = '8s'; UPDATE auth.users SET last_seen = now(); RESET lock_timeout`)
	require.NoError(t, err, "a writer behind the step gets its turn while the transaction is still open")
	require.Empty(t, migrated)

	require.NoError(t, forgotten.Rollback())
	require.NoError(t, <-migrated)
	require.Len(t, waiting, 1, "it is told once")
	require.Equal(t, "hexauth 0002 mail", <-waiting)
	require.True(t, get[bool](t, db, `SELECT to_regclass('auth.hexauth_tickets') IS NOT NULL`))
}
