package bunstore

import (
	"context"
	"time"
)

// Clock returns the database's time. On SQLite that is this machine's.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	c := conn{store: s}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	query := `SELECT clock_timestamp()`
	if s.dialect.sqlite {
		query = `SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')`
	}
	var now timestamp
	err := c.scan(ctx, c.write(), []any{&now}, query)
	return time.Time(now), c.err(ctx, err)
}

// MissingRights returns what the role of the connection may not do, each as the name of a right and of a table of the schema; nothing
// on SQLite, where files have owners and rows don't.
func (s *Store) MissingRights(ctx context.Context) ([]string, error) {
	if s.dialect.sqlite {
		return nil, nil
	}
	type missingRow struct {
		Right string `bun:"missing"`
	}
	return listed(ctx, conn{store: s}, func(r missingRow) string { return r.Right }, `SELECT r.name || ' on auth.' || c.relname AS missing
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r(name)
		WHERE n.nspname = 'auth' AND c.relkind = 'r' AND c.relname <> 'schema_migrations' AND NOT has_table_privilege(c.oid, r.name)
		UNION ALL SELECT 'USAGE on schema auth' FROM pg_catalog.pg_namespace WHERE nspname = 'auth' AND NOT has_schema_privilege(oid, 'USAGE')
		ORDER BY 1`)
}
