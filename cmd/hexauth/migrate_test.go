package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMigrate_ShowsItsStepsThenTakesThemOnce(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{"SQLite": "sqlite://" + filepath.Join(t.TempDir(), "hexauth.db"), "PostgreSQL": pgtest.Database(t)} {
		environ := production(database)
		for range 2 { // neither changes anything
			status := mustExecute(t, environ, "migrate", "status")
			require.Contains(t, status, "found:   an empty database\nversion: 0\npending: ", name)
			require.NotContains(t, status, "pending: 0\n", name)
			plan := mustExecute(t, environ, "migrate", "up", "--dry-run")
			require.Contains(t, plan, "CREATE TABLE", name)
			_, pending, _ := strings.Cut(status, "pending: ")
			for _, step := range strings.Split(strings.TrimSpace(pending), "\n")[1:] {
				require.Contains(t, plan, "-- "+strings.TrimSpace(step)+"\n", name)
			}
		}
		require.Contains(t, mustExecute(t, environ, "migrate", "up"), `"msg":"migrated"`, name)
		status := mustExecute(t, environ, "migrate", "status")
		require.Contains(t, status, "found:   a hexauth database\n", name)
		require.Contains(t, status, "pending: 0\n", name)
		require.Equal(t, "-- nothing to do\n", mustExecute(t, environ, "migrate", "up", "--dry-run"), name)
		require.NotContains(t, mustExecute(t, environ, "migrate", "up"), "migrated", name)
		require.NoError(t, serve(t, append([]string{"AUTH_MIGRATE=false"}, environ...)).end(), name)
	}
}
