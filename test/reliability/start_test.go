package reliability

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// launchTogether starts n servers at the same moment and returns when all of them are ready.
func launchTogether(t *testing.T, n int, dir string, env map[string]string) []process {
	t.Helper()
	binary := proc.Build(t)
	servers := make([]process, n)
	for i := range servers {
		servers[i] = launch(t, binary, dir, env)
	}
	for _, server := range servers {
		c := newClient(t, server.url)
		eventually(t, 2*limit, server.url+" is ready", func() bool {
			a, err := c.get("/readyz", "")
			return err == nil && a.status == http.StatusOK
		})
	}
	return servers
}

// requireTwins demands that servers that started at once are as one: the same keys, every step of the schema taken by exactly
// one, a session of one good at all others.
func requireTwins(t *testing.T, servers []process, steps int) {
	t.Helper()
	first := newClient(t, servers[0].url)
	keys := mustStatus(t, http.StatusOK)(first.get("/.well-known/jwks.json", ""))
	var set struct{ Keys []json.RawMessage }
	require.NoError(t, json.Unmarshal(keys.body, &set))
	require.Len(t, set.Keys, 1)
	s := mustSession(t)(first.signUp(address()))
	migrated := 0
	for _, server := range servers {
		c := newClient(t, server.url)
		same := mustStatus(t, http.StatusOK)(c.get("/.well-known/jwks.json", ""))
		require.JSONEq(t, string(keys.body), string(same.body))
		mustStatus(t, http.StatusOK)(c.get("/user", s.AccessToken))
		s = mustSession(t)(c.refresh(s.RefreshToken))
		migrated += server.logged(t, `"msg":"migrated"`)
		require.Zero(t, server.logged(t, `"level":"ERROR"`))
	}
	require.Equal(t, steps, migrated)
}

func TestStart_OfTenInstancesOnAnEmptyPostgreSQLDatabase(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	servers := launchTogether(t, 10, t.TempDir(), environment(dsn))
	own := query[int](t, dsn, "SELECT count(*) FROM auth.hexauth_migrations")
	peer := query[int](t, dsn, "SELECT version FROM auth.schema_migrations WHERE NOT dirty")
	requireTwins(t, servers, own+peer)
}

func TestStart_OfFourInstancesOnOneEmptyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Nothing else is configured: the folder, the database in it and the encryption key beside it are made by one of them.
	servers := launchTogether(t, 4, dir, map[string]string{"AUTH_SERVER_URL": "http://127.0.0.1:4000"})
	var own int
	file := openFile(t, filepath.Join(dir, "data", "hexauth.db"))
	require.NoError(t, file.QueryRow("SELECT count(*) FROM hexauth_migrations").Scan(&own))
	requireTwins(t, servers, own)
}

func TestStart_AgainOnTheSameDataMigratesNothing(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		url, _ := database.open(t)
		server := proc.Start(t, environment(url))
		s := mustSession(t)(newClient(t, server.URL).signUp(address()))
		require.Equal(t, 0, server.Stop())
		server = proc.Start(t, environment(url))
		require.Zero(t, countLines(server.Log(), `"msg":"migrated"`))
		c := newClient(t, server.URL)
		mustStatus(t, http.StatusOK)(c.get("/user", s.AccessToken)) // the keys are the same, too
		mustSession(t)(c.refresh(s.RefreshToken))
	}
}
