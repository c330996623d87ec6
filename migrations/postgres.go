package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// LockKey is the key of the PostgreSQL advisory lock that Up holds while it migrates: "hexauth" and a zero byte, read as
// a big-endian number. It is held by the session, not by a transaction, so connections must not go through a pooler in
// transaction mode while migrating.
const LockKey int64 = 0x6865786175746800

// unlockTimeout bounds the release of the lock on a connection that no longer answers.
const unlockTimeout = 5 * time.Second

func upPostgres(ctx context.Context, db *sql.DB, s steps, waiting func(Step)) (report Report, err error) {
	b, err := readBooksPostgres(ctx, db, len(s.peer), len(s.own))
	if err != nil || b.current && b.newest <= len(s.own) {
		return Report{}, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = conn.Close() }()
	unlock, err := lockPostgres(ctx, conn)
	if err != nil {
		return Report{}, fmt.Errorf("migrations: waiting for the lock: %w", err)
	}
	defer func() {
		if failed := unlock(); err == nil {
			err = failed
		}
	}()

	status, err := inspectPostgres(ctx, conn, s)
	if err != nil {
		return Report{}, err
	}
	if status.Refusal != nil {
		return Report{}, status.Refusal
	}
	report = Report{Found: status.Found, Version: status.Version}
	for _, step := range status.Pending {
		if err := applyPatiently(ctx, conn, step, waiting); err != nil {
			return report, &StepError{Step: step, Err: err}
		}
		report.Applied = append(report.Applied, step)
	}
	return report, nil
}

// lockPostgres takes the lock on the connection, for as long as ctx allows, and gives the function that releases it. The
// timeouts the caller sets for requests are lifted meanwhile: neither the wait nor a step is a request.
func lockPostgres(ctx context.Context, conn *sql.Conn) (unlock func() error, err error) {
	var statement, lock string
	err = conn.QueryRowContext(ctx, `SELECT pg_catalog.current_setting('statement_timeout'), pg_catalog.current_setting('lock_timeout')`).
		Scan(&statement, &lock)
	if err != nil {
		return nil, err
	}
	restore := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
		defer cancel()
		_, err := conn.ExecContext(ctx, `SELECT pg_catalog.pg_advisory_unlock($1),
			pg_catalog.set_config('statement_timeout', $2, false), pg_catalog.set_config('lock_timeout', $3, false)`,
			LockKey, statement, lock)
		return err
	}
	for _, text := range []string{
		`SET statement_timeout = 0`, `SET lock_timeout = 0`, fmt.Sprintf(`SELECT pg_catalog.pg_advisory_lock(%d)`, LockKey),
	} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			_ = restore() // best effort: where it fails the session is gone, and its settings with it
			return nil, err
		}
	}
	return restore, nil
}

// A step that has to wait for a lock makes everybody wait who comes after it. So it waits for lockWait and gives way for
// lockPause before it tries again: a forgotten transaction then holds up the migration, and not the running service.
const (
	lockWait  = 2 * time.Second
	lockPause = time.Second
)

// applyPatiently takes a step, again and again while a table that it changes is in use, for as long as ctx allows. Once it has
// given way it tells waiting.
func applyPatiently(ctx context.Context, conn *sql.Conn, step Step, waiting func(Step)) error {
	for {
		err := applyPostgres(ctx, conn, step)
		var state interface{ SQLState() string }
		if !errors.As(err, &state) || state.SQLState() != "55P03" { // lock_not_available
			return err
		}
		if waiting != nil {
			waiting(step)
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lockPause):
		}
	}
}

// applyPostgres takes one step with its bookkeeping, or nothing of it. Without arguments the driver sends the text as it
// is, so it may hold several statements in any execution mode.
func applyPostgres(ctx context.Context, conn *sql.Conn, step Step) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", lockWait.Milliseconds())); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, step.SQL); err != nil {
		return err
	}
	return tx.Commit()
}

// readBooksPostgres asks both bookkeeping tables in one statement.
func readBooksPostgres(ctx context.Context, q queryer, peer, own int) (books, error) {
	var rows, clean, known, newest int
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM auth.schema_migrations),
		(SELECT count(*) FROM auth.schema_migrations WHERE version >= $1 AND NOT dirty),
		(SELECT count(*) FROM auth.hexauth_migrations WHERE id BETWEEN 1 AND $2),
		(SELECT coalesce(max(id), 0) FROM auth.hexauth_migrations)`, peer, own).
		Scan(&rows, &clean, &known, &newest)
	if absent(err) {
		return books{}, nil
	}
	return books{current: rows == 1 && clean == 1 && known == own, newest: newest}, err
}

// absent tells whether a statement failed because schema, table, column or operator are not there, not ours, or not
// for the role to see (PostgreSQL, appendix A: 3F000, 42P01, 42703, 42883, 42804, 42501).
func absent(err error) bool {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return false
	}
	switch state.SQLState() {
	case "3F000", "42P01", "42703", "42883", "42804", "42501":
		return true
	}
	return false
}
