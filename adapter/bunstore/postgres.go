package bunstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/hexauth/hexauth/migrations"
)

const (
	postgresConnectTimeout = 3 * time.Second
	postgresIdleTime       = 10 * time.Minute
	postgresLifetime       = time.Hour
	// postgresCancelWait is how long a connection has to confirm a cancelled statement before it is given up.
	postgresCancelWait = time.Second
)

// openPostgres opens one pool and two ways into it: hot statements can use every connection, the others leave a few free.
func openPostgres(ctx context.Context, url string, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL can't be read as a PostgreSQL URL") // the cause may repeat the password
	}
	configurePostgres(config, o)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool of PostgreSQL connections: %w", err)
	}
	hot, general := stdlib.OpenDBFromPool(pool), stdlib.OpenDBFromPool(pool)
	hot.SetMaxOpenConns(o.PoolSize)
	general.SetMaxOpenConns(o.PoolSize - max(1, o.PoolSize/5))
	store := &Store{
		dialect: dialect{migrations: migrations.Postgres, execMode: pgx.QueryExecModeCacheStatement, texts: newTexts(false)},
		timeout: o.Timeout, cipher: o.Cipher,
		general: bun.NewDB(general, pgdialect.New()),
		hot:     bun.NewDB(hot, pgdialect.New()),
		pool:    pool,
		close: func() {
			_ = general.Close()
			_ = hot.Close()
			pool.Close()
		},
	}
	if o.Unprepared {
		store.dialect.execMode = pgx.QueryExecModeExec
	}
	return store, nil
}

func configurePostgres(config *pgxpool.Config, o Options) {
	config.MaxConns = int32(o.PoolSize)
	config.MinIdleConns = 1
	config.MaxConnLifetime = postgresLifetime
	config.MaxConnLifetimeJitter = postgresLifetime / 10
	config.MaxConnIdleTime = postgresIdleTime
	connection := config.ConnConfig
	connection.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if connection.ConnectTimeout == 0 {
		connection.ConnectTimeout = postgresConnectTimeout
	}
	if o.Trace != nil {
		connection.Tracer = queryTracer{o.Trace}
	}
	if o.Dial != nil {
		connection.DialFunc = o.Dial
	}
	// A statement whose client hung up, or whose time is up, is cancelled on the server too: it must not go on waiting for a
	// lock and keep a connection busy.
	connection.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: postgresCancelWait}
	}
	if o.Unprepared {
		return // poolers refuse parameters of the session they don't know
	}
	set := func(name, value string) {
		if _, given := connection.RuntimeParams[name]; !given {
			connection.RuntimeParams[name] = value
		}
	}
	millis := strconv.FormatInt((o.Timeout + postgresCancelWait).Milliseconds(), 10)
	set("application_name", "hexauth")
	set("default_transaction_isolation", "read committed") // statements rely on it: one that waited for a row looks at it again
	set("statement_timeout", millis)
	set("idle_in_transaction_session_timeout", millis)
}
