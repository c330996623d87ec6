package cost

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	warmUps = 3 // calls until every statement is prepared
	samples = 3 // calls that must all cost the same
	quiet   = 200 * time.Millisecond
)

// newProxy returns a proxy to an empty database. The pool behind it opens no connections but those that requests need.
func newProxy(t *testing.T) *Proxy {
	t.Helper()
	database, err := url.Parse(pgtest.Database(t))
	require.NoError(t, err)
	query := database.Query()
	query.Set("pool_health_check_period", "24h")
	database.RawQuery = query.Encode()
	proxy, err := NewProxy(database.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	return proxy
}

// start runs a server behind proxy and returns a client when what the server does at its start is over.
func start(t *testing.T, proxy *Proxy, extra map[string]string) (*Client, *proc.Server) {
	t.Helper()
	env := Environment(proxy.URL())
	env["AUTH_PASSWORD_HASH_CONCURRENCY"] = "16" // so that nobody waits for a turn too long when the machine is busy
	for name, value := range extra {
		env[name] = value
	}
	server := proc.Start(t, env)
	proxy.Settle(quiet)
	connections := &http.Transport{}
	t.Cleanup(connections.CloseIdleConnections)
	return &Client{URL: server.URL, HTTP: &http.Client{Transport: connections}}, server
}

func withStaticKey(t *testing.T) map[string]string {
	t.Helper()
	secret, err := StaticKey()
	require.NoError(t, err)
	return map[string]string{"HASURA_GRAPHQL_JWT_SECRET": secret}
}

func TestOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	proxy := newProxy(t)
	client, _ := start(t, proxy, withStaticKey(t))
	for _, operation := range Operations() {
		t.Run(operation.Name, func(t *testing.T) {
			if operation.Once {
				record := count(t, proxy, client, operation)
				require.Equal(t, operation.Statements, len(record.Statements), record)
				require.Equal(t, operation.RoundTrips, record.RoundTrips, record)
				return
			}
			do := warm(t, client, operation)
			for range samples {
				record := alone(t, proxy, do)
				require.Equal(t, operation.Statements, len(record.Statements), record)
				require.Equal(t, operation.RoundTrips, record.RoundTrips, record)
				require.Zero(t, record.Connections, record)
			}
		})
	}
}

// alone calls an operation and returns what it cost, again and again until neither the outbox's worker nor the pool's look after
// its connections came in between, whose round trips can't be told from the operation's, and no connection prepared a statement.
func alone(t *testing.T, proxy *Proxy, do func() error) Record {
	t.Helper()
	var record Record
	for range 20 {
		proxy.Take()
		require.NoError(t, do())
		if record = proxy.Take(); record.Worker == 0 && record.Pings == 0 && record.RoundTrips == len(record.Statements) {
			break
		}
	}
	return record
}

// The database is looked at for changed keys now and then, so one sample in a few may have more.
func TestKeysInTheDatabase_CostNoStatementOfARequest(t *testing.T) {
	proxy := newProxy(t)
	client, _ := start(t, proxy, nil)
	for _, operation := range sessionOperations() { // none of them once
		do := warm(t, client, operation)
		least := Record{RoundTrips: operation.RoundTrips + 1}
		for range samples {
			proxy.Take()
			require.NoError(t, do())
			if record := proxy.Take(); record.RoundTrips < least.RoundTrips {
				least = record
			}
		}
		require.Equal(t, operation.RoundTrips, least.RoundTrips, "%s: %s", operation.Name, least)
		require.Equal(t, operation.Statements, len(least.Statements), "%s: %s", operation.Name, least)
	}
}

func TestSignUp_IsOneTransactionOfOneStatement(t *testing.T) {
	proxy := newProxy(t)
	client, _ := start(t, proxy, withStaticKey(t))
	for _, operation := range Operations() {
		if operation.Name != SignUp && operation.Name != Anonymous {
			continue
		}
		do := warm(t, client, operation)
		proxy.Take()
		require.NoError(t, do())
		record := proxy.Take()
		require.Len(t, record.Statements, 1, record)
		for _, table := range []string{"auth.users", "auth.user_roles", "auth.refresh_tokens"} {
			require.Contains(t, record.Statements[0], "INSERT INTO "+table, operation.Name)
		}
	}
}

func warm(t *testing.T, client *Client, operation Operation) func() error {
	t.Helper()
	do, err := operation.Prepare(client)
	require.NoError(t, err)
	for range warmUps {
		require.NoError(t, do())
	}
	return do
}
