package cost

import (
	"context"
	"maps"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

func newInbox(t *testing.T) *Inbox {
	t.Helper()
	b, err := NewInbox()
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

// startMail runs a server behind proxy that mails, requires verified addresses and creates no account at a sign-in.
func startMail(t *testing.T, proxy *Proxy, b *Inbox) (*Client, *proc.Server) {
	t.Helper()
	extra := withStaticKey(t)
	maps.Copy(extra, b.Environment())
	extra["AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED"], extra["AUTH_DISABLE_AUTO_SIGNUP"] = "true", "true"
	client, server := start(t, proxy, extra)
	client.Inbox = b
	return client, server
}

// prepareAll makes n calls of an operation ready.
func prepareAll(t *testing.T, c *Client, operation Operation, n int) []func() error {
	t.Helper()
	calls, err := operation.PrepareAll(c, n)
	require.NoError(t, err, operation.Name)
	return calls
}

// count calls an operation a few times and returns the least that it cost: a call may meet a connection on which its statements
// are not prepared.
func count(t *testing.T, proxy *Proxy, c *Client, operation Operation) Record {
	t.Helper()
	var least Record
	for i, do := range prepareAll(t, c, operation, warmUps+samples) {
		proxy.Take()
		require.NoError(t, do(), operation.Name)
		record := proxy.Take()
		record.Worker, record.Pings = 0, 0
		if i == 0 || record.RoundTrips < least.RoundTrips {
			least = record
		}
	}
	return least
}

func TestMailOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	proxy, b := newProxy(t), newInbox(t)
	client, _ := startMail(t, proxy, b)
	records := map[string]Record{}
	for _, operation := range MailOperations() {
		record := count(t, proxy, client, operation)
		require.LessOrEqual(t, len(record.Statements), operation.Statements, "%s: %s", operation.Name, record)
		require.LessOrEqual(t, record.RoundTrips, operation.RoundTrips, "%s: %s", operation.Name, record)
		require.NotZero(t, record.RoundTrips, operation.Name)
		records[operation.Name] = record
	}
	// What is asked of the database must not tell whether there is such an account.
	for known, unknown := range map[string]string{StartReset: resetUnknown, StartLink: linkUnknown, StartOTP: codeUnknown} {
		require.NotEmpty(t, records[known].Statements, known)
		require.Equal(t, records[known], records[unknown], known)
	}
}

func TestProxy_KeepsTheWorkerApart(t *testing.T) {
	conn, proxy := connect(t)
	ctx := context.Background()
	_, err := conn.Exec(ctx, "CREATE SCHEMA auth; CREATE TABLE auth.hexauth_outbox (id int, attempts int)")
	require.NoError(t, err)
	proxy.Take()
	const claim = "WITH due AS (SELECT $1::int AS id) UPDATE auth.hexauth_outbox SET attempts = attempts + 1 WHERE id IN (SELECT id FROM due)"
	_, err = conn.Prepare(ctx, "claim", claim)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "claim", 1)
	require.NoError(t, err)
	require.Equal(t, Record{Worker: 1}, proxy.Take())
	_, err = conn.Exec(ctx, "INSERT INTO auth.hexauth_outbox VALUES (1, 1)")
	require.NoError(t, err)
	require.Equal(t, Record{Statements: []string{"INSERT INTO auth.hexauth_outbox VALUES (1, 1)"}, RoundTrips: 1}, proxy.Take())
}

// populateMail fills the tables of mails.
const populateMail = `
	INSERT INTO auth.hexauth_tickets (ticket_hash, purpose, user_id, email, created_at, expires_at)
	SELECT md5(id::text), 'verifyEmail', id, email, now(), now() + random() * interval '30 days' FROM auth.users;
	INSERT INTO auth.hexauth_codes (subject, user_id, code_hash, expires_at, window_ends_at)
	SELECT md5(id::text), id, md5(email::text), now() + interval '1 day', now() + interval '1 day' FROM auth.users;
	INSERT INTO auth.hexauth_outbox (id, template, locale, recipient, payload, created_at, next_attempt_at)
	SELECT id, 'email-verify', 'en', email::text, 'x', now(), now() + interval '1 day' FROM auth.users;
	INSERT INTO auth.pkce_authorization_codes (user_id, code_hash, code_challenge, expires_at, hx_session_id)
	SELECT id, md5(id::text), 'x', now() + interval '1 day', gen_random_uuid() FROM auth.users;
	ANALYZE auth.hexauth_tickets, auth.hexauth_codes, auth.hexauth_outbox, auth.pkce_authorization_codes`

func TestMailOperations_ReadNoWholeTable(t *testing.T) {
	proxy, b := newProxy(t), newInbox(t)
	_, first := startMail(t, proxy, b) // migrates
	require.Zero(t, first.Stop())
	execute(t, proxy, populate)
	execute(t, proxy, populateMail)
	before, mailBefore := readScans(t, proxy), scansOf(t, proxy, "hexauth_tickets", "hexauth_codes", "hexauth_outbox", "pkce_authorization_codes")

	client, server := startMail(t, proxy, b) // its worker and its clean-up count too
	for _, operation := range MailOperations() {
		for _, do := range prepareAll(t, client, operation, drives) {
			require.NoError(t, do(), operation.Name)
		}
	}
	require.Zero(t, server.Stop())
	require.Equal(t, before.whole, readScans(t, proxy).whole)
	after := scansOf(t, proxy, "hexauth_tickets", "hexauth_codes", "hexauth_outbox", "pkce_authorization_codes")
	require.Equal(t, mailBefore.whole, after.whole)
	require.Greater(t, after.index, mailBefore.index+drives, "the statistics of the server's connections must be in")
}

// scansOf reads the statistics of more tables; readScans has waited until they are in.
func scansOf(t *testing.T, proxy *Proxy, tables ...string) scans {
	t.Helper()
	ctx := context.Background()
	conn := dial(t, proxy)
	rows, err := conn.Query(ctx, `SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables WHERE schemaname = 'auth' AND relname = ANY($1)`, tables)
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
	require.Len(t, found.whole, len(tables))
	require.NoError(t, conn.Close(ctx))
	return found
}
