package pgtest

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func query[T any](t *testing.T, dsn, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var v T
	require.NoError(t, conn.QueryRow(context.Background(), sql).Scan(&v))
	return v
}

func run(t *testing.T, dsn, sql string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	require.NoError(t, execute(u, sql))
}

func TestDatabase_IsEmptyAndTheTestsOwn(t *testing.T) {
	first, second := Database(t), Database(t)
	run(t, first, "CREATE TABLE mine (id int)")
	count := "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
	require.Equal(t, 1, query[int](t, first, count))
	require.Equal(t, 0, query[int](t, second, count))
}

func TestDatabase_IsDroppedWhenTheTestEndsEvenWhileInUse(t *testing.T) {
	exists := "SELECT EXISTS (SELECT FROM pg_database WHERE datname = '"
	var name string
	t.Run("with a connection left open", func(t *testing.T) {
		dsn := Database(t)
		name = query[string](t, dsn, "SELECT current_database()")
		require.True(t, query[bool](t, os.Getenv(Env), exists+name+"')"))
		conn, err := pgx.Connect(context.Background(), dsn)
		require.NoError(t, err)
		require.NoError(t, conn.Ping(context.Background()))
	})
	require.False(t, query[bool](t, os.Getenv(Env), exists+name+"')"))
}

func TestServerURL_StartsAClusterOfTheProcessWhereNoneIsGiven(t *testing.T) {
	first, err := serverURL("")
	require.NoError(t, err)
	second, err := serverURL("")
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, "off", query[string](t, first.String(), "SHOW fsync"))
	c, err := shared()
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

func TestServerURL_RefusesWhatIsNoURLWithoutRepeatingIt(t *testing.T) {
	for _, given := range []string{"host=/tmp password=secret", "mysql://u:secret@h/db", "postgres://u:secret@h:x/db"} {
		_, err := serverURL(given)
		require.EqualError(t, err, "TEST_POSTGRES_URL has to be a URL like postgres://user@host:5432/postgres")
	}
}

func TestCluster_KeepsDataAndAddressOverStopAndStart(t *testing.T) {
	c := New(t)
	dsn := c.URL()
	require.Equal(t, "on", query[string](t, dsn, "SHOW fsync"))
	run(t, dsn, "CREATE TABLE kept (id int)")

	require.NoError(t, c.Stop())
	_, err := pgx.Connect(context.Background(), dsn)
	require.Error(t, err)
	require.NoError(t, c.Start())
	run(t, dsn, "INSERT INTO kept VALUES (1)")

	require.NoError(t, c.StopImmediate())
	require.NoError(t, c.Start())
	run(t, dsn, "INSERT INTO kept VALUES (2)")

	require.NoError(t, c.Restart())
	require.Equal(t, dsn, c.URL())
	require.Equal(t, 2, query[int](t, dsn, "SELECT count(*) FROM kept"))
}

func TestCluster_AnswersNobodyWhileItIsFrozen(t *testing.T) {
	c := New(t)
	conn, err := pgx.Connect(context.Background(), c.URL())
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, c.Freeze())
	answered := make(chan error, 1)
	go func() { answered <- conn.Ping(context.Background()) }()
	select {
	case err := <-answered:
		t.Fatalf("answered: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, c.Thaw())
	require.NoError(t, <-answered)
	require.Equal(t, 1, query[int](t, c.URL(), "SELECT 1"))
}

func TestCluster_CloseRemovesItRunningOrNotAndTwiceIsOnce(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		c, err := Create(Options{})
		require.NoError(t, err)
		if stopped {
			require.NoError(t, c.Stop())
		}
		require.NoError(t, c.Close())
		require.NoError(t, c.Close())
		require.NoDirExists(t, c.dir)
		_, err = pgx.Connect(context.Background(), c.URL())
		require.Error(t, err)
	}
}

func TestBinDir_SaysWhatToInstall(t *testing.T) {
	_, err := binDir([]string{t.TempDir(), "/nonexistent"})
	require.ErrorContains(t, err, "apt-get install postgresql")
	require.ErrorContains(t, err, Env)
}

func TestBinDir_TakesTheFirstFolderThatHasAllPrograms(t *testing.T) {
	half, full := t.TempDir(), t.TempDir()
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		require.NoError(t, os.WriteFile(filepath.Join(full, name), nil, 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(half, "pg_ctl"), nil, 0o700))
	dir, err := binDir([]string{half, full})
	require.NoError(t, err)
	require.Equal(t, full, dir)
}

func TestNewestFirst_ComparesVersionsAsNumbers(t *testing.T) {
	require.Equal(t,
		[]string{"/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin"},
		newestFirst([]string{"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/17/bin"}))
}

func TestCredential_IsOnlyNeededByRoot(t *testing.T) {
	own, err := credential(1000)
	require.NoError(t, err)
	require.Nil(t, own)
	other, err := credential(0)
	require.NoError(t, err)
	require.NotZero(t, other.Uid)
}

func TestEnvironment_LeadsToNoOtherServer(t *testing.T) {
	require.Equal(t, []string{"LC_ALL=C", "HOME=/h"},
		environment([]string{"PGHOST=elsewhere", "LC_ALL=de_DE", "HOME=/h", "PGDATA=/x"}))
}
