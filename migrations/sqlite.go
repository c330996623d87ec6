package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// busyPause is the time between two attempts to get the write lock of a SQLite file, after the connection's own
// busy_timeout has passed.
const busyPause = 10 * time.Millisecond

func upSQLite(ctx context.Context, db *sql.DB, s steps) (Report, error) {
	b, err := readBooksSQLite(ctx, db, len(s.own))
	if err != nil || b.current && b.newest <= len(s.own) {
		return Report{}, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = conn.Close() }()
	var report Report
	for {
		step, status, err := nextSQLite(ctx, conn, s)
		if report.Found == "" {
			report.Found = status.Found
		}
		if err != nil || step == nil {
			return report, err
		}
		report.Applied = append(report.Applied, *step)
	}
}

// nextSQLite takes the write lock, looks what is there, and takes the first step that is missing, or nothing of it. The
// step is nil when none is missing; the status is that before the step.
func nextSQLite(ctx context.Context, conn *sql.Conn, s steps) (*Step, Status, error) {
	if err := beginImmediate(ctx, conn); err != nil {
		return nil, Status{}, fmt.Errorf("migrations: waiting for the lock: %w", err)
	}
	// Releases the lock on every way out; after the commit there is no transaction to roll back, which is no failure.
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	status, err := inspectSQLite(ctx, conn, s)
	if err != nil {
		return nil, status, err
	}
	if status.Refusal != nil {
		return nil, status, status.Refusal
	}
	if len(status.Pending) == 0 {
		return nil, status, nil
	}
	step := status.Pending[0]
	for _, text := range []string{step.SQL, "COMMIT"} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return nil, status, &StepError{Step: step, Err: err}
		}
	}
	return &step, status, nil
}

// beginImmediate takes the write lock, for as long as ctx allows.
func beginImmediate(ctx context.Context, conn *sql.Conn) error {
	for {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if !busy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// busy tells whether somebody else holds a lock: SQLITE_BUSY (5), or SQLITE_LOCKED (6) where the cache is shared. The
// lower byte is the primary code.
func busy(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code&0xff == 5 || code&0xff == 6)
}

func sqliteCode(err error) (int, bool) {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return 0, false
	}
	return coded.Code(), true
}

// readBooksSQLite asks the bookkeeping table in one statement; further ones are needed only if there was none.
func readBooksSQLite(ctx context.Context, q queryer, own int) (b books, err error) {
	read := func() error {
		var known int
		err := q.QueryRowContext(ctx,
			`SELECT count(*) FILTER (WHERE id BETWEEN 1 AND ?), coalesce(max(id), 0) FROM auth.hexauth_migrations`, own).
			Scan(&known, &b.newest)
		b.current = known == own
		return err
	}
	err = read()
	if code, ok := sqliteCode(err); !ok || code != 1 { // SQLITE_ERROR: the statement makes no sense here
		return b, err
	}
	if have, err := readObjectsSQLite(ctx, q); err == nil && !have.has("column", "hexauth_migrations", "id") {
		return books{}, nil
	}
	return b, read() // another process may just have created the table
}

// lookSQLite is inspectSQLite on one snapshot, without keeping anybody from writing.
func lookSQLite(ctx context.Context, db *sql.DB, s steps) (Status, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return Status{}, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return Status{}, err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	return inspectSQLite(ctx, conn, s)
}

// inspectSQLite compares the tables of the attached database with its bookkeeping, in several statements: the caller
// has begun a transaction.
func inspectSQLite(ctx context.Context, q queryer, s steps) (Status, error) {
	want, err := loadExpectations(SQLite)
	if err != nil {
		return Status{}, err
	}
	have, err := readObjectsSQLite(ctx, q)
	if err != nil {
		return Status{}, fmt.Errorf("migrations: reading the schema: %w", err)
	}
	status := Status{Dialect: SQLite, Found: FoundEmpty}
	if have.has("column", "hexauth_migrations", "id") {
		if status.Applied, err = ints(ctx, q, `SELECT id FROM auth.hexauth_migrations ORDER BY id`); err != nil {
			return Status{}, fmt.Errorf("migrations: reading the bookkeeping: %w", err)
		}
	}
	if len(status.Applied) > 0 {
		status.Found = FoundHexauth
	}
	if status.Refusal = refuseSQLite(want, have, status.Applied, len(s.own)); status.Refusal != nil {
		if len(status.Applied) == 0 {
			status.Found = FoundUnrecognised
		}
		return status, nil
	}
	status.Pending = s.after(0, status.Applied)
	return status, nil
}

func refuseSQLite(want []expectation, have objects, applied []int, own int) *RefusedError {
	if len(applied) == 0 {
		if found := strangers(want, have); len(found) > 0 {
			return &RefusedError{Foreign, "the file has no record of hexauth, but " + sentence(found),
				"Choose another file"}
		}
		return nil
	}
	if newest := applied[len(applied)-1]; newest > own {
		return refuseNewer(newest, own)
	}
	if wrong := mismatches(want, have, 0, applied); len(wrong) > 0 {
		return &RefusedError{Incomplete, fmt.Sprintf("hexauth_migrations has step %d, but %s", applied[len(applied)-1], sentence(wrong)),
			"Restore the file from a backup"}
	}
	return nil
}

// readObjectsSQLite lists the tables of the attached database and the columns of the bookkeeping.
func readObjectsSQLite(ctx context.Context, q queryer) (objects, error) {
	names, err := column[string](ctx, q, `SELECT name FROM auth.sqlite_master WHERE type IN ('table', 'view')`)
	if err != nil {
		return nil, err
	}
	columns, err := column[string](ctx, q, `SELECT name FROM pragma_table_info('hexauth_migrations', 'auth')`)
	if err != nil {
		return nil, err
	}
	have := objects{}
	for _, n := range names {
		have[object{"table", n, ""}] = ""
	}
	for _, c := range columns {
		have[object{"column", "hexauth_migrations", c}] = ""
	}
	return have, nil
}
