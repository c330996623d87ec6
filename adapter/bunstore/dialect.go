package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/port"
)

// dialect is what the repositories must know about the database behind them.
type dialect struct {
	sqlite     bool
	migrations migrations.Dialect
	execMode   any // PostgreSQL: a pgx.QueryExecMode, the first argument of bound statements
	texts      texts
}

// texts are the long statements of hot paths, put together once.
type texts struct {
	userByID, userByEmail string
	usersByPhone          string
	rotate                string // PostgreSQL only
}

func newTexts(sqlite bool) texts {
	user := "SELECT " + userColumns(sqlite) + " FROM auth.users u WHERE "
	return texts{
		userByID: user + "u.id = $1", userByEmail: user + "u.email = $1", rotate: rotatePostgres(),
		usersByPhone: user + phoneEnding(sqlite) + " = $1 AND u.phone_number IS NOT NULL ORDER BY u.created_at, u.id",
	}
}

// mapError turns a driver's error into one of the ports' errors, into domain.Unavailable where the same request may succeed
// later, and leaves others as they are. It looks at types and numbers, never at texts.
func (d dialect) mapError(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, port.ErrNotFound), errors.Is(err, port.ErrTaken), errors.Is(err, domain.Unavailable):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return port.ErrNotFound
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%w: %w", context.Canceled, err) // the client hung up
	}
	switch verdict := d.judge(err); {
	case verdict != nil:
		return fmt.Errorf("%w: %w", verdict, err)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", domain.Unavailable, err) // the time was up
	}
	return err
}

// judge returns the error of the ports that err amounts to, nil when there is none.
func (d dialect) judge(err error) error {
	var fromPostgres *pgconn.PgError
	if errors.As(err, &fromPostgres) {
		return judgePostgres(fromPostgres.Code)
	}
	var fromSQLite *sqlite.Error
	if errors.As(err, &fromSQLite) {
		return judgeSQLite(fromSQLite.Code())
	}
	var network net.Error
	var connecting *pgconn.ConnectError
	if errors.As(err, &network) || errors.As(err, &connecting) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err) {
		return domain.Unavailable
	}
	return nil
}

// judgePostgres judges a SQLSTATE (PostgreSQL manual, appendix A).
func judgePostgres(state string) error {
	switch state {
	case "23505": // unique_violation
		return port.ErrTaken
	case "23503": // foreign_key_violation: what the row refers to is gone
		return port.ErrNotFound
	case "25006", // read_only_sql_transaction: a standby
		"40001", "40P01", // serialization_failure, deadlock_detected
		"55P03", "57014", // lock_not_available, query_canceled (a timeout)
		"57P01", "57P02", "57P03", "57P04", // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped
		"25P03", "57P05": // idle_in_transaction_session_timeout, idle_session_timeout
		return domain.Unavailable
	}
	switch state[:min(2, len(state))] {
	case "08", "53", "58": // connection exceptions, insufficient resources, system errors
		return domain.Unavailable
	}
	return nil
}

// judgeSQLite judges an extended result code (sqlite.org/rescode.html).
func judgeSQLite(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return port.ErrTaken
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return port.ErrNotFound
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT:
		return domain.Unavailable
	}
	return nil
}
