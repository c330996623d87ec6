package cost

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// drives is how often an operation is called: PostgreSQL plans a prepared statement anew five times, and may then keep to a
// plan that suits all arguments.
const drives = 12

// populate fills the tables that grow with the users, one session and one role a user, one OAuth2 grant too.
const populate = `
	INSERT INTO auth.users (id, email, locale, default_role, email_verified)
	SELECT gen_random_uuid(), 'bulk-' || n || '@example.com', 'en', 'user', true FROM generate_series(1, 20000) n;
	INSERT INTO auth.user_roles (user_id, role) SELECT id, 'user' FROM auth.users;
	INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, expires_at, hx_family)
	SELECT gen_random_uuid(), id, md5(id::text), now() + random() * interval '30 days', md5(email) FROM auth.users;
	INSERT INTO auth.oauth2_clients (client_id) VALUES ('cost');
	INSERT INTO auth.oauth2_refresh_tokens (token_hash, client_id, user_id, expires_at)
	SELECT md5(id::text), 'cost', id, now() + interval '30 days' FROM auth.users;
	ANALYZE auth.users, auth.user_roles, auth.refresh_tokens, auth.oauth2_refresh_tokens`

// scans are how often the large tables were read: from end to end, and by an index.
type scans struct {
	whole map[string]int64 // by table
	index int64
}

// TestOperations_ReadNoWholeTable is what keeps the cost of a request from growing with the number of users.
func TestOperations_ReadNoWholeTable(t *testing.T) {
	proxy := newProxy(t)
	static := withStaticKey(t)
	_, first := start(t, proxy, static) // migrates
	require.Zero(t, first.Stop())
	execute(t, proxy, populate)
	before := readScans(t, proxy)

	client, server := start(t, proxy, static) // its clean-up of expired sessions counts too
	for _, operation := range Operations() {
		for _, do := range driven(t, client, operation) {
			require.NoError(t, do(), operation.Name)
		}
	}
	require.Zero(t, server.Stop())
	after := readScans(t, proxy)
	require.Equal(t, before.whole, after.whole)
	require.Greater(t, after.index, before.index+drives, "the statistics of the server's connections must be in")
}

// driven are the calls of an operation: always the same, or where that may be called only once, one of each.
func driven(t *testing.T, client *Client, operation Operation) []func() error {
	t.Helper()
	if operation.Once {
		return prepareAll(t, client, operation, drives)
	}
	do, err := operation.Prepare(client)
	require.NoError(t, err, operation.Name)
	return slices.Repeat([]func() error{do}, drives)
}

// A count that could not grow would prove nothing.
func TestReadScans_SeesATableThatIsRead(t *testing.T) {
	proxy := newProxy(t)
	_, server := start(t, proxy, withStaticKey(t))
	require.Zero(t, server.Stop())
	execute(t, proxy, populate)
	before := readScans(t, proxy)
	execute(t, proxy, "SELECT count(*) FROM auth.users WHERE display_name = 'nobody'")
	after := readScans(t, proxy)
	require.Equal(t, before.whole["users"]+1, after.whole["users"])
	require.Equal(t, before.whole["refresh_tokens"], after.whole["refresh_tokens"])
}

func execute(t *testing.T, proxy *Proxy, sql string) {
	t.Helper()
	conn := dial(t, proxy)
	_, err := conn.Exec(context.Background(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(context.Background()))
}

// readScans reads the statistics. PostgreSQL adds those of a connection when it ends, so it waits until all others are gone.
func readScans(t *testing.T, proxy *Proxy) scans {
	t.Helper()
	ctx := context.Background()
	conn := dial(t, proxy)
	require.Eventually(t, func() bool {
		var others int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others)
		return err == nil && others == 0
	}, 20*time.Second, 20*time.Millisecond)
	rows, err := conn.Query(ctx, `SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables WHERE schemaname = 'auth'
		AND relname IN ('users', 'user_roles', 'refresh_tokens', 'oauth2_refresh_tokens')`)
	require.NoError(t, err)
	found := scans{whole: map[string]int64{}}
	var table string
	var whole, index int64
	_, err = pgx.ForEachRow(rows, []any{&table, &whole, &index}, func() error {
		found.whole[table] = whole
		found.index += index
		return nil
	})
	require.NoError(t, err)
	require.Len(t, found.whole, 4)
	require.NoError(t, conn.Close(ctx))
	return found
}
