package reliability

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // for a look at, and a lock on, SQLite's file

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// query returns the only value of a statement's only row.
func query[T any](t testing.TB, dsn, text string, arguments ...any) T {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	var value T
	require.NoError(t, conn.QueryRow(ctx, text, arguments...).Scan(&value))
	return value
}

func execute(t testing.TB, dsn, text string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, text)
	require.NoError(t, err)
}

// lockTable takes the strongest lock there is on a table: nobody can read it until unlock, which may be called twice.
func lockTable(t testing.TB, dsn, table string) (unlock func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	unlock = func() { _ = conn.Close(ctx) }
	t.Cleanup(unlock)
	_, err = conn.Exec(ctx, "BEGIN")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	return unlock
}

// waitingForLocks counts the connections to the database whose statement waits for a lock.
func waitingForLocks(t testing.TB, dsn string) int {
	t.Helper()
	return query[int](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

// connections counts the server's connections to the database.
func connections(t testing.TB, dsn string) int {
	t.Helper()
	return query[int](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

// openFile opens SQLite's file beside the server.
func openFile(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// database is a kind of database on which a test runs.
type database struct {
	name string
	// open makes an empty one and returns its URL and a function that counts with a statement in which tables have the
	// prefix auth.
	open func(t *testing.T) (url string, count func(statement string) int)
}

func databases() []database {
	return []database{
		{"SQLite", func(t *testing.T) (string, func(string) int) {
			path := filepath.Join(t.TempDir(), "hexauth.db")
			return "sqlite://" + path, func(statement string) int {
				var n int
				require.NoError(t, openFile(t, path).QueryRow(strings.ReplaceAll(statement, "auth.", "")).Scan(&n))
				return n
			}
		}},
		{"PostgreSQL", func(t *testing.T) (string, func(string) int) {
			dsn := pgtest.Database(t)
			return dsn, func(statement string) int { return query[int](t, dsn, statement) }
		}},
	}
}

// pidOf finds a server's process by the port in its environment.
func pidOf(t testing.TB, server *proc.Server) int {
	t.Helper()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && bytes.Contains(append([]byte{0}, text...), []byte("\x00AUTH_PORT="+u.Port()+"\x00")) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			require.NoError(t, err)
			return pid
		}
	}
	require.FailNow(t, "no process has AUTH_PORT="+u.Port())
	return 0
}

// openFiles counts a process's file descriptors.
func openFiles(t testing.TB, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(t, err)
	return len(entries)
}

// process is a server that nobody has waited for, so that many can start at the same time.
type process struct {
	url string
	log string // path
}

// launch starts `hexauth serve` in dir. It is killed when the test ends.
func launch(t testing.TB, binary, dir string, env map[string]string) process {
	t.Helper()
	port := strconv.Itoa(pgtest.FreePort())
	log, err := os.CreateTemp(t.TempDir(), "log")
	require.NoError(t, err)
	cmd := exec.Command(binary, "serve")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = []string{"AUTH_HOST=127.0.0.1", "AUTH_PORT=" + port}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of port %s:\n%s", port, text)
		}
	})
	return process{url: "http://" + net.JoinHostPort("127.0.0.1", port), log: log.Name()}
}

// logged counts the lines of a process's log that have text in them.
func (p process) logged(t testing.TB, text string) int {
	t.Helper()
	log, err := os.ReadFile(p.log)
	require.NoError(t, err)
	return countLines(string(log), text)
}

func countLines(log, text string) int {
	n := 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
