package migrations

import (
	"context"
	"database/sql"
	"slices"
)

// facts are what the catalogue and the bookkeeping of a PostgreSQL database say.
type facts struct {
	objects   objects
	commented bool     // auth.users has a comment
	providers []string // the rows of auth.providers
	notOwned  []string // tables of auth the role may not alter

	versions []version // the rows of auth.schema_migrations, at most two
	typed    bool      // auth.schema_migrations is absent or has its two columns
	maxTS    int       // the highest id in auth.migrations, 0 without
	own      []int     // the rows of auth.hexauth_migrations, ascending

	hasSchema     bool
	citext        string // schema of the extension, "" without
	pgcrypto      string
	mayCreateInDB bool
	mayUse        bool // the role may use what is in schema auth; without that the bookkeeping has not been read
	mayCreate     bool // the role may create in schema auth
}

// version is a row of auth.schema_migrations.
type version struct {
	number int64
	dirty  bool
}

// beginner is a *sql.DB or a *sql.Conn.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// readFacts reads everything in one read-only transaction on one snapshot, so that a migration under way elsewhere is
// seen either before or after each of its steps.
func readFacts(ctx context.Context, b beginner) (facts, error) {
	tx, err := b.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return facts{}, err
	}
	defer func() { _ = tx.Rollback() }()
	var f facts
	if err := f.readCatalogue(ctx, tx); err != nil {
		return facts{}, err
	}
	if err := f.readObjects(ctx, tx); err != nil {
		return facts{}, err
	}
	if f.mayUse {
		if err := f.readBookkeeping(ctx, tx); err != nil {
			return facts{}, err
		}
	}
	return f, tx.Commit()
}

func (f *facts) readCatalogue(ctx context.Context, q queryer) error {
	return q.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'auth'),
		coalesce((SELECT extnamespace::regnamespace::text FROM pg_catalog.pg_extension WHERE extname = 'citext'), ''),
		coalesce((SELECT extnamespace::regnamespace::text FROM pg_catalog.pg_extension WHERE extname = 'pgcrypto'), ''),
		pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
		coalesce((SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = 'auth'), false),
		coalesce((SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = 'auth'), false),
		coalesce((SELECT pg_catalog.obj_description(c.oid, 'pg_class') IS NOT NULL
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'auth' AND c.relname = 'users'), false)`).
		Scan(&f.hasSchema, &f.citext, &f.pgcrypto, &f.mayCreateInDB, &f.mayUse, &f.mayCreate, &f.commented)
}

// objectsQuery lists kind, table, name and type of what objects.txt can speak of, and as "locked" the tables the role
// does not own. Types of other schemas than pg_catalog are qualified whatever the search path.
const objectsQuery = `
WITH rel AS (
	SELECT c.oid, c.relname::text AS name, c.relkind, c.relowner
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'auth' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
)
SELECT 'table', name, '', CASE WHEN relkind IN ('r', 'p') THEN '' WHEN relkind = 'f' THEN 'foreign table' ELSE 'view' END FROM rel
UNION ALL
SELECT 'locked', name, '', '' FROM rel WHERE NOT pg_catalog.pg_has_role(relowner, 'USAGE')
UNION ALL
SELECT 'column', rel.name, a.attname::text, CASE tn.nspname
	WHEN 'pg_catalog' THEN replace(replace(pg_catalog.format_type(a.atttypid, a.atttypmod),
		'timestamp with time zone', 'timestamptz'), 'character varying', 'varchar')
	ELSE tn.nspname || '.' || t.typname END
FROM rel
JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
UNION ALL
SELECT 'constraint', rel.name, c.conname::text, '' FROM rel JOIN pg_catalog.pg_constraint c ON c.conrelid = rel.oid AND c.contype <> 'n'
UNION ALL
SELECT 'index', rel.name, i.relname::text, '' FROM rel
JOIN pg_catalog.pg_index x ON x.indrelid = rel.oid AND x.indisvalid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger', rel.name, t.tgname::text, '' FROM rel JOIN pg_catalog.pg_trigger t ON t.tgrelid = rel.oid AND NOT t.tgisinternal
UNION ALL
SELECT 'function', '', p.proname::text, '' FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'auth'
UNION ALL
SELECT 'type', '', t.typname::text, '' FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'auth' AND t.typtype IN ('d', 'e')`

func (f *facts) readObjects(ctx context.Context, q queryer) error {
	rows, err := q.QueryContext(ctx, objectsQuery)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	f.objects = objects{}
	for rows.Next() {
		var o object
		var typ string
		if err := rows.Scan(&o.Kind, &o.Table, &o.Name, &typ); err != nil {
			return err
		}
		if o.Kind == "locked" {
			f.notOwned = append(f.notOwned, o.Table)
			continue
		}
		f.objects[o] = typ
	}
	slices.Sort(f.notOwned)
	return rows.Err()
}

// readBookkeeping reads the three bookkeeping tables and the providers, as far as they are there and have the columns
// that are read.
func (f *facts) readBookkeeping(ctx context.Context, q queryer) (err error) {
	f.typed = !f.objects.has("table", "schema_migrations", "") ||
		f.objects.column("schema_migrations", "version", "bigint", "integer") && f.objects.column("schema_migrations", "dirty", "boolean")
	if f.typed && f.objects.has("table", "schema_migrations", "") {
		if f.versions, err = readVersions(ctx, q); err != nil {
			return err
		}
	}
	if f.objects.column("migrations", "id", "integer", "bigint") {
		if err = q.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM auth.migrations`).Scan(&f.maxTS); err != nil {
			return err
		}
	}
	if f.objects.column("hexauth_migrations", "id", "integer") {
		if f.own, err = ints(ctx, q, `SELECT id FROM auth.hexauth_migrations ORDER BY id`); err != nil {
			return err
		}
	}
	if f.objects.column("providers", "id", "text") {
		f.providers, err = column[string](ctx, q, `SELECT id FROM auth.providers`)
	}
	return err
}

func readVersions(ctx context.Context, q queryer) ([]version, error) {
	rows, err := q.QueryContext(ctx, `SELECT version, dirty FROM auth.schema_migrations LIMIT 2`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []version
	for rows.Next() {
		var v version
		if err := rows.Scan(&v.number, &v.dirty); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func (o objects) has(kind, table, name string) bool {
	_, ok := o[object{kind, table, name}]
	return ok
}

// column tells whether a column is there with one of the types.
func (o objects) column(table, name string, types ...string) bool {
	typ, ok := o[object{"column", table, name}]
	return ok && slices.Contains(types, typ)
}

// probe derives the version of a hasura-auth schema from its objects; the highest match wins. It presumes auth.users.
func (f *facts) probe() int {
	o := f.objects
	indexed := o.has("index", "refresh_tokens", "refresh_tokens_refresh_token_hash_expires_at_user_id_idx")
	several := !o.has("constraint", "user_providers", "user_providers_user_id_provider_id_key")
	marks := []struct {
		version int
		there   bool
	}{
		{22, o.has("function", "", "is_valid_oauth2_scope")},
		{21, o.has("table", "pkce_authorization_codes", "")},
		{20, o.has("table", "oauth2_clients", "")},
		{19, o.column("users", "locale", "varchar(3)")},
		{18, slices.Contains(f.providers, "entraid")},
		{17, several && indexed},
		{16, indexed},
		{15, o.has("column", "refresh_tokens", "id")},
		{14, o.has("table", "refresh_token_types", "")},
		{13, o.has("column", "refresh_tokens", "type")},
		{12, o.has("column", "refresh_tokens", "metadata")},
		{11, o.has("column", "refresh_tokens", "refresh_token_hash")},
		{10, slices.Contains(f.providers, "azuread")},
		{9, o.has("table", "user_security_keys", "")},
		{8, slices.Contains(f.providers, "workos")},
		{7, o.has("column", "user_authenticators", "nickname")},
		{6, o.has("table", "user_authenticators", "")},
		{5, f.commented},
		{4, o.has("column", "provider_requests", "options")},
		{3, slices.Contains(f.providers, "twitch")},
		{2, o.has("column", "users", "metadata")},
	}
	for _, m := range marks {
		if m.there {
			return m.version
		}
	}
	return 1
}
