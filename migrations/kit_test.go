package migrations

import (
	"crypto/sha256"
	"database/sql"
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
const dumpQuery = `
SELECT format('column %s %s %s %s%s%s', c.relname,
		lpad((row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum))::text, 2, '0'), a.attname, format_type(a.atttypid, a.atttypmod),
		CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ' default ' || pg_get_expr(d.adbin, d.adrelid))
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	WHERE c.relnamespace = 'auth'::regnamespace AND c.relkind = 'r'
UNION ALL SELECT format('column comment %s %s', c.relname, d.objsubid)
	FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0
	WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('constraint %s %s %s', c.relname, x.conname, pg_get_constraintdef(x.oid))
	FROM pg_class c JOIN pg_constraint x ON x.conrelid = c.oid AND x.contype <> 'n' WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('index %s %s %s', c.relname, i.relname, CASE WHEN x.indisunique THEN 'unique ' ELSE '' END ||
		substring(pg_get_indexdef(i.oid) FROM ' USING (.*)$'))
	FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('trigger %s %s %s', c.relname, t.tgname,
		regexp_replace(substring(pg_get_triggerdef(t.oid) FROM '((?:BEFORE|AFTER).*)$'), ' ON auth\.\w+ ', ' '))
	FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('function %s(%s) %s %s %s%s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
		CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END, CASE WHEN p.proisstrict THEN ' strict' ELSE '' END)
	FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'auth'::regnamespace
UNION ALL SELECT format('domain %s %s %s', t.typname, format_type(t.typbasetype, t.typtypmod), x.conname)
	FROM pg_type t JOIN pg_constraint x ON x.contypid = t.oid WHERE t.typnamespace = 'auth'::regnamespace AND t.typtype = 'd'
UNION ALL SELECT format('enum %s', t.typname) FROM pg_type t WHERE t.typnamespace = 'auth'::regnamespace AND t.typtype = 'e'
UNION ALL SELECT format('comment %s', c.relname) FROM pg_class c
	WHERE c.relnamespace = 'auth'::regnamespace AND obj_description(c.oid, 'pg_class') IS NOT NULL
UNION ALL SELECT 'row roles ' || role FROM auth.roles
UNION ALL SELECT 'row providers ' || id FROM auth.providers
UNION ALL SELECT format('row refresh_token_types %s %s', value, comment) FROM auth.refresh_token_types`

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
