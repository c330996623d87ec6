package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	sqlite "modernc.org/sqlite"

	"github.com/hexauth/hexauth/migrations"
)

const (
	// sqliteTime is the text form of times: UTC and of fixed width, so that texts compare as times do.
	sqliteTime    = "2006-01-02T15:04:05.000000Z"
	sqliteMemory  = ":memory:"
	sqliteReaders = 4
)

// openSQLite opens a file, or memory, with one connection that writes and a few that only read. Commits are flushed to disk
// (synchronous=FULL): what was acknowledged survives a power cut.
func openSQLite(path string, o Options) (*Store, error) {
	if path == "" {
		return nil, errors.New("a SQLite URL names a file: sqlite://data/hexauth.db or sqlite:///var/lib/hexauth.db")
	}
	if path != sqliteMemory {
		if err := createPrivately(path); err != nil {
			return nil, err
		}
	}
	wait := fmt.Sprintf("PRAGMA busy_timeout=%d", o.Timeout.Milliseconds())
	writer := sql.OpenDB(sqliteConnector{path: path, pragmas: []string{
		wait,
		"PRAGMA auth.journal_mode=WAL", "PRAGMA auth.synchronous=FULL", "PRAGMA foreign_keys=ON",
	}})
	writer.SetMaxOpenConns(1)
	reader := writer
	if path != sqliteMemory {
		reader = sql.OpenDB(sqliteConnector{path: path, pragmas: []string{wait, "PRAGMA query_only=ON"}})
		reader.SetMaxOpenConns(sqliteReaders)
		reader.SetMaxIdleConns(sqliteReaders)
	}
	store := &Store{
		dialect: dialect{sqlite: true, migrations: migrations.SQLite, texts: newTexts(true)},
		timeout: o.Timeout, cipher: o.Cipher, trace: o.Trace,
		general: bun.NewDB(writer, sqlitedialect.New()),
		hot:     bun.NewDB(reader, sqlitedialect.New()),
		close: func() {
			_ = reader.Close()
			_ = writer.Close()
		},
	}
	return store, nil
}

// createPrivately makes the file and its folder where they are missing, readable by nobody else.
func createPrivately(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the folder of the database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	return file.Close()
}

// sqliteConnector opens connections on which the database is attached under the name auth.
type sqliteConnector struct {
	path    string
	pragmas []string
}

// sqliteDSN opens an empty main database in memory. Transactions take the write lock at once (_txlock), so that two of them
// queue instead of failing when both have read and want to write; who waits longer than busy_timeout gets SQLITE_BUSY.
const sqliteDSN = "file::memory:?_txlock=immediate"

// Connect implements driver.Connector.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := c.Driver().Open(sqliteDSN)
	if err != nil {
		return nil, err
	}
	attach := "ATTACH DATABASE '" + strings.ReplaceAll(c.path, "'", "''") + "' AS auth"
	for _, statement := range append([]string{attach}, c.pragmas...) {
		if _, err := connection.(driver.ExecerContext).ExecContext(ctx, statement, nil); err != nil {
			_ = connection.Close()
			return nil, fmt.Errorf("open the SQLite database: %w", err)
		}
	}
	return connection, nil
}

// Driver implements driver.Connector.
func (c sqliteConnector) Driver() driver.Driver { return &sqlite.Driver{} }
