package migrations

import (
	"context"
	"database/sql"
	"fmt"
)

// Dialect is the kind of database behind a *sql.DB.
type Dialect string

// The databases hexauth works on.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Track is the numbering a step belongs to.
type Track string

// The two numberings: the peer's, which leads to the schema of hasura-auth, and our own additions to it.
const (
	TrackPeer Track = "hasura-auth"
	TrackOwn  Track = "hexauth"
)

// Step is one change of the schema. SQL is everything that is executed for it, its bookkeeping included, in one
// transaction.
type Step struct {
	Track Track
	ID    int
	Name  string
	SQL   string
}

// String gives track, number and name: "hasura-auth 00020 oauth2_provider".
func (s Step) String() string {
	if s.Track == TrackPeer {
		return fmt.Sprintf("%s %05d %s", s.Track, s.ID, s.Name)
	}
	return fmt.Sprintf("%s %04d %s", s.Track, s.ID, s.Name)
}

// Found tells what kind of database was met.
type Found string

// What a database can turn out to be. A refused one has a Refusal besides.
const (
	FoundEmpty        Found = "an empty database"
	FoundHexauth      Found = "a hexauth database"
	FoundPeer         Found = "a hasura-auth database"
	FoundPeerTS       Found = "a hasura-auth database of the TypeScript server (auth.migrations)"
	FoundUnrecorded   Found = "a hasura-auth database without bookkeeping"
	FoundNewerPeer    Found = "a hasura-auth database of a newer version"
	FoundUnrecognised Found = "a database that is not recognised"
)

// Status is what Inspect found out.
type Status struct {
	Dialect Dialect
	Found   Found
	// Version is the number of the last hasura-auth migration whose objects are there, 0 for none. Always 0 on SQLite.
	Version int
	// Applied are the numbers of our own steps that are recorded, in ascending order.
	Applied []int
	// Pending are the steps Up would take, in order; none when Refusal is set.
	Pending []Step
	// Refusal is the reason why Up would not touch the database, nil if it would.
	Refusal *RefusedError
}

// Report is what Up did.
type Report struct {
	// Found and Version describe the database as it was met, as in Status. They are zero when nothing was missing and
	// the database was not looked at any closer.
	Found   Found
	Version int
	// Applied are the steps this call took, in order; those of another instance that was faster are not among them.
	Applied []Step
}

// Up applies the steps that are missing. It is idempotent and safe to call from any number of processes at once: each
// step is taken once. When nothing is missing it costs one statement and no lock.
//
// A database it refuses is left exactly as it was and the error is a *RefusedError. A step that fails is rolled back and
// the error is a *StepError; the steps before it stay. The wait for another instance is bounded by ctx alone, and so is that for
// tables that somebody uses; waiting, which may be nil, is told once of a step that has to wait for them.
func Up(ctx context.Context, db *sql.DB, d Dialect, waiting func(Step)) (Report, error) {
	s, err := loadSteps(d)
	if err != nil {
		return Report{}, err
	}
	if d == SQLite {
		return upSQLite(ctx, db, s)
	}
	return upPostgres(ctx, db, s, waiting)
}

// Inspect reads what is there and says what Up would do. It changes nothing and waits for nobody. A refusal is part of
// the Status, not an error.
func Inspect(ctx context.Context, db *sql.DB, d Dialect) (Status, error) {
	s, err := loadSteps(d)
	if err != nil {
		return Status{}, err
	}
	if d == SQLite {
		return lookSQLite(ctx, db, s)
	}
	return inspectPostgres(ctx, db, s)
}

// Current tells whether every step this program knows is recorded as applied, in one statement. A database that has
// none of the bookkeeping is not current; it is no error. Steps of a newer program do not count against it, so that an
// instance stays ready while its successors are rolled out.
func Current(ctx context.Context, db *sql.DB, d Dialect) (bool, error) {
	s, err := loadSteps(d)
	if err != nil {
		return false, err
	}
	if d == SQLite {
		b, err := readBooksSQLite(ctx, db, len(s.own))
		return b.current, err
	}
	b, err := readBooksPostgres(ctx, db, len(s.peer), len(s.own))
	return b.current, err
}

// books is the answer of the bookkeeping alone, without a look at the objects.
type books struct {
	current bool // every known step is recorded
	newest  int  // the highest number among our own recorded steps
}

// queryer is what reading needs; *sql.DB, *sql.Conn and *sql.Tx have it.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ints reads a column of whole numbers.
func ints(ctx context.Context, q queryer, query string) ([]int, error) {
	return column[int](ctx, q, query)
}

// column reads the only column of a query.
func column[T any](ctx context.Context, q queryer, query string) ([]T, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
