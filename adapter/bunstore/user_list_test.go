package bunstore_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/test/pgtest"
)

// plan returns what the database says about how it would run a statement. The arguments of a search are written into it.
func plan(t *testing.T, store *bunstore.Store, explain, query string) string {
	t.Helper()
	query = strings.NewReplacer("$1", "'user-7'", "$2", "'user-70'", "$3", "'0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d'", "$4", "51").Replace(query)
	db, _ := store.Migrations()
	rows, err := db.QueryContext(t.Context(), explain+query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, rows.Scan(values...))
		lines = append(lines, fmt.Sprint(*values[len(values)-1].(*any)))
	}
	require.NoError(t, rows.Err())
	return strings.Join(lines, "\n")
}

// bulk makes so many users that reading all of them would not be the best plan.
const bulk = `INSERT INTO auth.users (id, email, display_name, phone_number, locale, default_role, created_at)
	SELECT gen_random_uuid(), 'user-' || n || '@example.com', 'User-' || n, '+49' || n, 'en', 'user', now() + n * interval '1 second'
	FROM generate_series(1, 20000) n; ANALYZE auth.users`

// allUsers has the order and the place of the list of all users.
const allUsers = `SELECT u.id FROM auth.users u WHERE (u.created_at, u.id) < ('2026-05-04T03:02:01.000000Z', $3) ORDER BY u.created_at DESC, u.id DESC LIMIT 51`

func TestUserList_ReadsIndexesAloneHoweverManyUsersThereAre(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Copy(t, migrate), bunstore.Options{})
	exec(t, store, bulk)
	got := plan(t, store, "EXPLAIN ", bunstore.SearchUsers(false))
	for _, index := range []string{"users_hx_email_idx", "users_hx_display_name_idx", "users_hx_phone_number_idx"} {
		require.Contains(t, got, index)
	}
	require.NotContains(t, got, "Seq Scan")
	got = plan(t, store, "EXPLAIN ", allUsers)
	require.Contains(t, got, "users_hx_created_at_idx")
	require.NotContains(t, got, "Sort")
}

// A search that began at the beginning of an index would use it, too, and read all of it.
func TestUserList_ASearchReadsAFewPagesWhereverInTheIndexItsTextIs(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Copy(t, migrate), bunstore.Options{})
	exec(t, store, bulk)
	for _, text := range []string{"a", "user-7", "zz"} {
		first := strings.NewReplacer("$1", "'"+text+"'", "$2", "''", "$3", "'00000000-0000-0000-0000-000000000000'").Replace(bunstore.SearchUsers(false))
		got := plan(t, store, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) ", strings.Replace(first, "$4", "3", -1))
		pages := regexp.MustCompile(`Buffers: shared hit=(\d+)`).FindStringSubmatch(got) // the first line is of the whole
		require.NotNil(t, pages, got)
		n, err := strconv.Atoi(pages[1])
		require.NoError(t, err)
		require.LessOrEqual(t, n, 60, got)
	}
}

func TestUserList_ReadsIndexesAloneOnSQLiteToo(t *testing.T) {
	t.Parallel()
	store := open(t, sqliteCopy(t), bunstore.Options{})
	got := plan(t, store, "EXPLAIN QUERY PLAN ", bunstore.SearchUsers(true))
	for _, index := range []string{"users_hx_email_idx (<expr>>? AND <expr><?)", "users_hx_display_name_idx (<expr>>? AND <expr><?)", "users_hx_phone_number_idx (phone_number>? AND phone_number<?)"} {
		require.Contains(t, got, index)
	}
	require.NotContains(t, got, "SCAN users")
	require.Contains(t, plan(t, store, "EXPLAIN QUERY PLAN ", allUsers), "users_hx_created_at_idx ((created_at,id)<(?,?))")
}
