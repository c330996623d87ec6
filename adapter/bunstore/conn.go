package bunstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
)

// conn is where a repository's statements go: the store's connections, or one transaction.
type conn struct {
	store *Store
	tx    *bun.Tx // nil outside of a transaction
}

// lane is one of the ways a statement can take to the database.
type lane struct {
	conn bun.IConn     // runs the text with its arguments
	db   *bun.DB       // scans rows and calls hooks
	pool *pgxpool.Pool // the shortest way, for scan; nil inside of a transaction and on SQLite
}

// read is the lane of statements on the hot paths and of those that change nothing.
func (c conn) read() lane {
	l := c.lane(c.store.hot)
	if c.tx == nil {
		l.pool = c.store.pool
	}
	return l
}

// write is the lane of statements that change something.
func (c conn) write() lane { return c.lane(c.store.general) }

// hotWrite is the lane of refreshes: on PostgreSQL it has connections that no other statement can take, so that requests
// which wait for a lock don't keep everybody from refreshing.
func (c conn) hotWrite() lane {
	if c.store.dialect.sqlite {
		return c.write()
	}
	return c.read()
}

func (c conn) lane(db *bun.DB) lane {
	if c.tx != nil {
		// Not bun.Tx: it writes arguments into the text and drops those that are bound.
		return lane{conn: c.tx.Tx, db: db}
	}
	return lane{conn: db.DB, db: db}
}

// bounded limits a method's time, the wait for a connection included. Inside of a transaction the transaction's limit holds.
func (c conn) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.tx != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.store.timeout)
}

// atomic runs do in this transaction, or in one of its own.
func (c conn) atomic(ctx context.Context, do func(ctx context.Context, c conn) error) error {
	if c.tx != nil {
		return do(ctx, c)
	}
	return c.store.general.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return do(ctx, conn{store: c.store, tx: &tx})
	})
}

// one scans the single row of a statement into dest, a pointer to a row type. sql.ErrNoRows.
func (c conn) one(ctx context.Context, l lane, dest any, query string, args ...any) error {
	return l.db.NewRaw(query).Conn(c.bound(l, args)).Scan(ctx, dest)
}

// scan reads the single row of a hot statement into fields, in the order of its columns: Bun would look each column up by its
// name, and database/sql takes every connection apart and puts it together again. sql.ErrNoRows.
func (c conn) scan(ctx context.Context, l lane, fields []any, query string, args ...any) error {
	if l.pool != nil {
		return c.scanPool(ctx, l.pool, fields, query, args)
	}
	rows, err := c.bound(l, args).QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(fields...); err != nil {
		return err
	}
	return rows.Close()
}

// scanPool tries a second time when the first attempt sent nothing: the connection had died in the pool.
func (c conn) scanPool(ctx context.Context, pool *pgxpool.Pool, fields []any, query string, args []any) error {
	args = append([]any{c.store.dialect.execMode}, args...)
	err := pool.QueryRow(ctx, query, args...).Scan(fields...)
	if err != nil && ctx.Err() == nil && pgconn.SafeToRetry(err) {
		err = pool.QueryRow(ctx, query, args...).Scan(fields...)
	}
	return err
}

// each reads the rows of a statement one after the other.
func (c conn) each(ctx context.Context, l lane, read func(scan func(fields ...any) error) error, query string, args ...any) error {
	rows, err := c.bound(l, args).QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exec runs a statement for its effect and says how many rows it touched.
func (c conn) exec(ctx context.Context, l lane, query string, args ...any) (int64, error) {
	result, err := l.db.NewRaw(query).Conn(c.bound(l, args)).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// step is one of several statements that stand or fall together.
type step struct {
	query string
	args  []any
}

// together runs steps that don't depend on one another's results as one atomic step, in their order. On PostgreSQL they travel as
// one statement, each a data-modifying common table expression: one round trip, and its foreign keys are checked at its end. They
// all see the database as it was before, so no two of them may change the same row. SQLite runs them one by one in a transaction.
func (c conn) together(ctx context.Context, steps ...step) error {
	if !c.store.dialect.sqlite {
		query, args := merge(steps)
		_, err := c.exec(ctx, c.write(), query, args...)
		return err
	}
	return c.atomic(ctx, func(ctx context.Context, c conn) error {
		for _, s := range steps {
			if _, err := c.exec(ctx, c.write(), s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweep removes what a user has and then changes the user's own row. On PostgreSQL a statement doesn't see what others have added
// while it waited for a row of theirs, and so it removes once more when it has the user's row. Who adds something that must not survive
// takes that row before their transaction ends (see Sessions.Start and Sessions.Hold): nobody comes after that.
func (c conn) sweep(ctx context.Context, user step, removals ...step) error {
	return c.atomic(ctx, func(ctx context.Context, c conn) error {
		err := c.together(ctx, append(slices.Clone(removals), user)...)
		if err == nil && !c.store.dialect.sqlite {
			err = c.together(ctx, removals...)
		}
		return err
	})
}

// merge writes steps as one statement and numbers their arguments through. PostgreSQL carries out the expressions that nothing
// refers to from the last to the first, so that is how they are written.
func merge(steps []step) (query string, args []any) {
	if len(steps) == 1 {
		return steps[0].query, steps[0].args
	}
	var text strings.Builder
	for i, s := range slices.Backward(steps) {
		text.WriteString([]string{"WITH ", ", "}[min(len(steps)-1-i, 1)] + "step" + strconv.Itoa(i) + " AS (" + renumber(s.query, len(args)) + ")")
		args = append(args, s.args...)
	}
	return text.String() + " SELECT 1", args
}

// renumber adds offset to the number of each $1, $2 … in a statement.
func renumber(query string, offset int) string {
	parts := strings.Split(query, "$")
	for i, part := range parts[1:] {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		number, _ := strconv.Atoi(part[:digits])
		parts[i+1] = strconv.Itoa(number+offset) + part[digits:]
	}
	return strings.Join(parts, "$")
}

// deleteExpired removes at most limit rows of a table whose time is before now. Rows that another instance is deleting are
// left to it. The expression is materialized because PostgreSQL may run a plain subquery, and apply its limit, once for each row.
func (c conn) deleteExpired(ctx context.Context, table, key, column string, now time.Time, limit int) (int, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	lock := " FOR UPDATE SKIP LOCKED"
	if c.store.dialect.sqlite {
		lock = ""
	}
	deleted, err := c.exec(ctx, c.write(), `WITH expired AS MATERIALIZED (
		SELECT `+key+` FROM `+table+` WHERE `+column+` < $1 ORDER BY `+column+` LIMIT $2`+lock+`)
		DELETE FROM `+table+` WHERE `+key+` IN (SELECT `+key+` FROM expired)`, c.time(now), limit)
	return int(deleted), c.err(ctx, err)
}

// err maps what a driver reports to the ports' errors.
func (c conn) err(ctx context.Context, err error) error {
	return c.store.dialect.mapError(ctx, err)
}

// time returns t as the database keeps times.
func (c conn) time(t time.Time) any {
	if c.store.dialect.sqlite {
		return t.UTC().Format(sqliteTime)
	}
	return t
}

func (c conn) bound(l lane, args []any) boundConn {
	if mode := c.store.dialect.execMode; mode != nil {
		args = append([]any{mode}, args...)
	}
	return boundConn{l.conn, args, c.store.trace}
}

// boundConn adds arguments to a statement whose text has $1, $2 … for them. Bun leaves such a text alone (it must not contain
// a question mark) and the driver binds them, so that the database need not parse and plan the statement anew each time.
type boundConn struct {
	bun.IConn
	args  []any
	trace func(ctx context.Context, statement string) (context.Context, func(error)) // nil: nobody wants to know
}

func (b boundConn) QueryContext(ctx context.Context, query string, _ ...any) (*sql.Rows, error) {
	if b.trace == nil {
		return b.IConn.QueryContext(ctx, query, b.args...)
	}
	ctx, end := b.trace(ctx, query)
	rows, err := b.IConn.QueryContext(ctx, query, b.args...)
	end(err)
	return rows, err
}

func (b boundConn) ExecContext(ctx context.Context, query string, _ ...any) (sql.Result, error) {
	if b.trace == nil {
		return b.IConn.ExecContext(ctx, query, b.args...)
	}
	ctx, end := b.trace(ctx, query)
	result, err := b.IConn.ExecContext(ctx, query, b.args...)
	end(err)
	return result, err
}
