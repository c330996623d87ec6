package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	sqlConnectTimeout = 3 * time.Second
	sqlIdleTime       = 10 * time.Minute
	sqlLifetime       = time.Hour
	sqlCancelWait     = time.Second // that a connection has to confirm a cancelled statement
)

// SQLOptions say what to ask, and where.
type SQLOptions struct {
	URL        string        // of a PostgreSQL database
	Query      string        // one SELECT with $1 for the user's id; each column of its row is a claim
	PoolSize   int           // connections at most; the server's other work has its own
	Timeout    time.Duration // after which the database itself gives up
	Unprepared bool          // for poolers that carry neither prepared statements nor settings of a session
	// Trace is told of each run of the query, without the user, before it begins; what it returns is called with what became of it.
	// nil: nobody wants to know.
	Trace func(ctx context.Context, statement string) (context.Context, func(error))
}

// SQL is a port.CustomClaims that runs a query in a transaction that can't change anything. It has connections of its own, so a slow
// query keeps nobody from refreshing.
type SQL struct {
	pool  *pgxpool.Pool
	query string
	o     SQLOptions
}

var _ port.CustomClaims = (*SQL)(nil)

// OpenSQL reaches for nothing: a database that is away shows at the first question.
func OpenSQL(ctx context.Context, o SQLOptions) (*SQL, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("the URL can't be read as a PostgreSQL URL") // the cause may repeat the password
	}
	config.MaxConns = int32(min(max(o.PoolSize, 1), 1000))
	config.MaxConnLifetime, config.MaxConnLifetimeJitter, config.MaxConnIdleTime = sqlLifetime, sqlLifetime/10, sqlIdleTime
	connection := config.ConnConfig
	if connection.ConnectTimeout == 0 {
		connection.ConnectTimeout = sqlConnectTimeout
	}
	connection.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: sqlCancelWait}
	}
	if !o.Unprepared {
		connection.RuntimeParams["default_transaction_read_only"] = "on"
		connection.RuntimeParams["statement_timeout"] = strconv.FormatInt((o.Timeout + sqlCancelWait).Milliseconds(), 10)
		connection.RuntimeParams["application_name"] = "hexauth claims"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool of connections: %w", err)
	}
	// As a subquery it is one statement that reads, whatever it is. The line break ends a comment.
	query := "SELECT row_to_json(claims)::text FROM (" + strings.TrimRight(o.Query, "; \t\r\n") + "\n) AS claims LIMIT 2"
	return &SQL{pool: pool, query: query, o: o}, nil
}

// Close releases the connections.
func (s *SQL) Close() { s.pool.Close() }

// Check lets the database read the query, without running it. domain.Unavailable: it is away. Any other error says what is wrong with the
// query; final tells that nothing which could be created later would make it right.
func (s *SQL) Check(ctx context.Context) (final bool, err error) {
	err = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		description, err := c.Conn().PgConn().Prepare(ctx, "", s.query, nil)
		if err == nil && len(description.ParamOIDs) != 1 {
			final = true
			return fmt.Errorf("the query must have the one parameter $1, the user's id, and has %d", len(description.ParamOIDs))
		}
		return err
	})
	failure, isAnswer := errors.AsType[*pgconn.PgError](err)
	switch {
	case isAnswer && failure.Code == "42601": // syntax_error
		return true, sqlError(err)
	case err == nil || final || isAnswer && strings.HasPrefix(failure.Code, "42"):
		return final, sqlError(err)
	}
	return false, fmt.Errorf("%w: %w", domain.Unavailable, sqlError(err))
}

// Of implements port.CustomClaims: one statement, one round trip.
func (s *SQL) Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	rows, err := s.rows(ctx, user)
	switch {
	case err != nil:
		return nil, sqlError(err)
	case len(rows) == 0:
		return nil, nil
	case len(rows) > 1:
		return nil, errors.New("the query has more than one row for a user")
	}
	return decode([]byte(rows[0]))
}

// rows returns what the query says about a user, two rows at most.
func (s *SQL) rows(ctx context.Context, user domain.UserID) (rows []string, err error) {
	if s.o.Trace != nil {
		var end func(error)
		ctx, end = s.o.Trace(ctx, s.query)
		defer func() { end(err) }()
	}
	err = s.run(ctx, func(db querier, mode pgx.QueryExecMode) (err error) {
		found, err := db.Query(ctx, s.query, mode, string(user))
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowTo[string])
		return err
	})
	return rows, err
}

type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// run gives do what to ask and how. Sessions whose settings can't be relied on get a transaction that says what it is.
func (s *SQL) run(ctx context.Context, do func(db querier, mode pgx.QueryExecMode) error) error {
	if !s.o.Unprepared {
		return do(s.pool, pgx.QueryExecModeCacheStatement)
	}
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return do(tx, pgx.QueryExecModeDescribeExec) // the database knows what type $1 is
	})
}

// sqlError keeps the words of the database only where they are about the query and not about what is in the tables.
func sqlError(err error) error {
	failure, isAnswer := errors.AsType[*pgconn.PgError](err)
	if !isAnswer {
		return err
	}
	if strings.HasPrefix(failure.Code, "42") {
		return fmt.Errorf("the database refuses the query: %s (SQLSTATE %s)", failure.Message, failure.Code)
	}
	return fmt.Errorf("the database failed with SQLSTATE %s", failure.Code)
}

// decode reads a JSON object and keeps the digits of its numbers.
func decode(text []byte) (domain.CustomClaims, error) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var claims domain.CustomClaims
	if err := decoder.Decode(&claims); err != nil || claims == nil || decoder.More() {
		return nil, errors.New("the answer is not a JSON object")
	}
	return claims, nil
}
