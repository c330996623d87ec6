package cost

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// connect returns a connection through a proxy on which SELECT $1::int is prepared under the name one.
func connect(t *testing.T) (*pgx.Conn, *Proxy) {
	t.Helper()
	proxy := newProxy(t)
	conn := dial(t, proxy)
	_, err := conn.Prepare(context.Background(), "one", "SELECT $1::int")
	require.NoError(t, err)
	return conn, proxy
}

// dial connects without the pool that the proxy's URL has settings for.
func dial(t *testing.T, proxy *Proxy) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(proxy.URL())
	require.NoError(t, err)
	delete(config.RuntimeParams, "pool_health_check_period")
	conn, err := pgx.ConnectConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

func TestProxy_CountsPreparingAsARoundTripWithoutStatement(t *testing.T) {
	_, proxy := connect(t)
	require.Equal(t, Record{RoundTrips: 1, Prepared: 1, Connections: 1}, proxy.Take())
	require.Equal(t, Record{}, proxy.Take())
}

func TestProxy_CountsAsPreparingOnlyWhatExecutesNothing(t *testing.T) {
	conn, proxy := connect(t)
	proxy.Take()
	var got int
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT $1::int + 1", pgx.QueryExecModeExec, 7).Scan(&got))
	require.Equal(t, Record{Statements: []string{"SELECT $1::int + 1"}, RoundTrips: 1}, proxy.Take())
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT $1::int + 2", 7).Scan(&got))
	require.Equal(t, Record{Statements: []string{"SELECT $1::int + 2"}, RoundTrips: 2, Prepared: 1}, proxy.Take())
}

func TestProxy_KnowsTheTextOfAPreparedStatement(t *testing.T) {
	conn, proxy := connect(t)
	proxy.Take()
	var got int
	require.NoError(t, conn.QueryRow(context.Background(), "one", 7).Scan(&got))
	require.Equal(t, 7, got)
	require.Equal(t, Record{Statements: []string{"SELECT $1::int"}, RoundTrips: 1}, proxy.Take())
}

func TestProxy_CountsEveryStatementOfATransaction(t *testing.T) {
	ctx := context.Background()
	conn, proxy := connect(t)
	proxy.Take()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "one", 7)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(ctx))
	require.Equal(t, Record{Statements: []string{"begin", "SELECT $1::int", "commit"}, RoundTrips: 3}, proxy.Take())
}

func TestProxy_CountsABatchAsOneRoundTrip(t *testing.T) {
	conn, proxy := connect(t)
	proxy.Take()
	batch := &pgx.Batch{}
	batch.Queue("one", 1)
	batch.Queue("one", 2)
	require.NoError(t, conn.SendBatch(context.Background(), batch).Close())
	require.Equal(t, Record{Statements: []string{"SELECT $1::int", "SELECT $1::int"}, RoundTrips: 1}, proxy.Take())
}

func TestProxy_KeepsPingsApart(t *testing.T) {
	conn, proxy := connect(t)
	proxy.Take()
	require.NoError(t, conn.Ping(context.Background()))
	require.Equal(t, Record{Pings: 1}, proxy.Take())
}

func TestProxy_PassesAnAnswerLargerThanItsBufferUnharmed(t *testing.T) {
	conn, _ := connect(t)
	var text string
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT repeat('x', 100000)").Scan(&text))
	require.Len(t, text, 100000)
}

func TestNewProxy_RefusesAURLWithoutHost(t *testing.T) {
	_, err := NewProxy("postgres:///postgres?host=/tmp")
	require.Error(t, err)
}
