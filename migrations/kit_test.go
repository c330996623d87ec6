package migrations

import (
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// emptyPostgres opens a fresh database the way the server does.
func emptyPostgres(t *testing.T) *sql.DB {
	t.Helper()
	return openPostgres(t, pgtest.Database(t), "default_query_exec_mode", "simple_protocol")
}

// openPostgres opens a URL with further parameters, names and values in turn.
func openPostgres(t *testing.T, rawURL string, params ...string) *sql.DB {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	q := u.Query()
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	u.RawQuery = q.Encode()
	db, err := sql.Open("pgx", u.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// peerAt builds a hasura-auth database at version v, bookkeeping included.
func peerAt(t *testing.T, v int) *sql.DB {
	t.Helper()
	db := emptyPostgres(t)
	s, err := loadSteps(Postgres)
	require.NoError(t, err)
	for _, step := range s.peer[:v] {
		exec(t, db, step.SQL)
	}
	return db
}

func exec(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), text, args...)
	require.NoError(t, err, text)
}

func get[T any](t *testing.T, db *sql.DB, query string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&v), query)
	return v
}

func mustUp(t *testing.T, db *sql.DB, d Dialect) Report {
	t.Helper()
	r, err := Up(t.Context(), db, d, nil)
	require.NoError(t, err)
	return r
}

func names(steps []Step) []string {
	out := make([]string, 0, len(steps))
	for _, s := range steps {
		out = append(out, s.String())
	}
	return out
}

// allSteps names the peer's steps after v, and ours.
func allSteps(t *testing.T, v int) []string {
	t.Helper()
	s, err := loadSteps(Postgres)
	require.NoError(t, err)
	return names(s.after(v, nil))
}

// expected reads lists of schema lines and sorts them together.
func expected(t *testing.T, paths ...string) []string {
	t.Helper()
	var out []string
	for _, p := range paths {
		text, err := os.ReadFile(p)
		require.NoError(t, err)
		out = append(out, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	slices.Sort(out)
	return out
}

const peerSchema, ownSchema = "testdata/postgres_22.txt", "testdata/postgres_own.txt"

// dumpQuery lists the schema auth one line an object, in the words of testdata/*.txt.
//
//go:embed testdata/schema.sql
var dumpQuery string

// dump lists the schema of a finished database, sorted.
func dump(t *testing.T, db *sql.DB) []string {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), `SET LOCAL search_path = ''`)
	require.NoError(t, err)
	lines, err := column[string](t.Context(), tx, dumpQuery)
	require.NoError(t, err)
	slices.Sort(lines)
	return lines
}

// snapshot lists every relation, schema, extension and row of auth with the transaction that wrote it: two equal
// snapshots mean that nothing was written between them.
func snapshot(t *testing.T, db *sql.DB) []string {
	t.Helper()
	ctx := t.Context()
	out, err := column[string](ctx, db, `SELECT format('relation %s %s', oid, relname) FROM pg_class
		UNION ALL SELECT format('attribute %s %s %s', attrelid, attname, xmin) FROM pg_attribute
		UNION ALL SELECT format('schema %s %s', oid, nspname) FROM pg_namespace
		UNION ALL SELECT format('function %s %s', oid, xmin) FROM pg_proc
		UNION ALL SELECT format('type %s %s', oid, xmin) FROM pg_type
		UNION ALL SELECT format('extension %s', extname) FROM pg_extension`)
	require.NoError(t, err)
	tables, err := column[string](ctx, db, `SELECT quote_ident(relname) FROM pg_class
		WHERE relnamespace = to_regnamespace('auth') AND relkind = 'r'`)
	require.NoError(t, err)
	for _, table := range tables {
		rows, err := column[string](ctx, db, `SELECT format('%s %s %s', ctid, xmin, r) FROM auth.`+table+` r`)
		require.NoError(t, err)
		for _, r := range rows {
			out = append(out, table+" "+r)
		}
	}
	slices.Sort(out)
	return out
}

// refuses demands that Inspect and Up refuse the database for the reason, with a text that holds the words, and that
// nothing of it changes.
func refuses(t *testing.T, db *sql.DB, reason Reason, words ...string) {
	t.Helper()
	before := snapshot(t, db)
	status, err := Inspect(t.Context(), db, Postgres)
	require.NoError(t, err)
	require.NotNil(t, status.Refusal)
	require.Equal(t, reason, status.Refusal.Reason)
	require.Empty(t, status.Pending)

	report, err := Up(t.Context(), db, Postgres, nil)
	require.ErrorIs(t, err, reason)
	var refused *RefusedError
	require.True(t, errors.As(err, &refused))
	require.Equal(t, status.Refusal, refused)
	require.Empty(t, report.Applied)
	for _, w := range words {
		require.ErrorContains(t, err, w)
	}
	require.NotEmpty(t, refused.Advice)

	current, err := Current(t.Context(), db, Postgres)
	require.NoError(t, err)
	require.False(t, current)
	require.Equal(t, before, snapshot(t, db))
}

// hashOf is how a token is stored.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return `\x` + hex.EncodeToString(sum[:])
}

// together calls f n times at once and waits for all.
func together(n int, f func(i int) error) error {
	results := make(chan error, n)
	for i := range n {
		go func() { results <- f(i) }()
	}
	var all []error
	for range n {
		all = append(all, <-results)
	}
	return errors.Join(all...)
}
