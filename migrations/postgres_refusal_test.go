package migrations

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestPostgres_RefusesADirtyDatabase(t *testing.T) {
	db := peerAt(t, 19)
	exec(t, db, `UPDATE auth.schema_migrations SET version = 20, dirty = true`)
	refuses(t, db, Dirty, "migration 20", "dirty")
}

func TestPostgres_RefusesHasuraBackendPlus(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth;
		CREATE TABLE auth.accounts (id uuid PRIMARY KEY, email text);
		CREATE TABLE auth.roles (role text PRIMARY KEY);
		CREATE TABLE auth.refresh_tokens (refresh_token uuid PRIMARY KEY, account_id uuid)`)
	refuses(t, db, BackendPlus, "hasura-backend-plus", "auth.accounts")
}

func TestPostgres_RefusesAnotherProductsUsers(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, encrypted_password text)`)
	refuses(t, db, Foreign, "column auth.users.created_at is missing", "column auth.users.email is of type text instead of auth.email")
}

func TestPostgres_RefusesAnotherProductsBookkeeping(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth; CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, email varchar(255));
		CREATE TABLE auth.schema_migrations (version varchar(255) PRIMARY KEY);
		INSERT INTO auth.schema_migrations VALUES ('20171026211738'), ('20171026211808')`)
	refuses(t, db, Foreign, "auth.schema_migrations")
}

func TestPostgres_RefusesTablesOfOursWithoutUsers(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth; CREATE TABLE auth.roles (id integer PRIMARY KEY, name text)`)
	refuses(t, db, Foreign, "table auth.roles")
}

func TestPostgres_RefusesAViewInTheUsersPlace(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth; CREATE VIEW auth.users AS SELECT 1 AS id`)
	refuses(t, db, Foreign, "table auth.users is of type view")
}

func TestPostgres_RefusesAVersionWhoseObjectsAreMissing(t *testing.T) {
	for name, c := range map[string]struct {
		version int
		change  string
		words   string
	}{
		"empty but recorded":     {1, `DROP TABLE auth.user_providers, auth.user_roles, auth.refresh_tokens, auth.users CASCADE`, "table auth.users is missing"},
		"recorded too high":      {15, `UPDATE auth.schema_migrations SET version = 20`, "table auth.oauth2_clients is missing"},
		"dropped table":          {22, `DROP TABLE auth.pkce_authorization_codes`, "table auth.pkce_authorization_codes is missing"},
		"dropped column":         {22, `ALTER TABLE auth.users DROP COLUMN ticket`, "column auth.users.ticket is missing"},
		"dropped constraint":     {18, `ALTER TABLE auth.users DROP CONSTRAINT users_email_key`, "constraint auth.users.users_email_key is missing"},
		"dropped trigger":        {18, `DROP TRIGGER set_auth_users_updated_at ON auth.users`, "trigger auth.users.set_auth_users_updated_at is missing"},
		"dropped index":          {18, `DROP INDEX auth.refresh_tokens_refresh_token_hash_expires_at_user_id_idx`, "index auth.refresh_tokens."},
		"dropped function":       {22, `DROP FUNCTION auth.is_valid_oauth2_scope`, "function auth.is_valid_oauth2_scope is missing"},
		"a later queue, foreign": {22, `CREATE TABLE auth.hexauth_outbox (id uuid)`, "column auth.hexauth_outbox.template is missing"},
		"a later ticket, other":  {22, `CREATE TABLE auth.hexauth_tickets (ticket_hash bytea)`, "column auth.hexauth_tickets.ticket_hash is of type bytea instead of text"},
		"other type":             {22, `ALTER TABLE auth.users ALTER COLUMN metadata TYPE text`, "column auth.users.metadata is of type text instead of jsonb"},
		"newer peer, broken":     {22, `UPDATE auth.schema_migrations SET version = 25; ALTER TABLE auth.users DROP COLUMN ticket`, "says version 25, but column auth.users.ticket"},
		"a later table, foreign": {19, `CREATE TABLE auth.oauth2_clients (id integer)`, "column auth.oauth2_clients.client_id is missing"},
		"a later column, other":  {1, `ALTER TABLE auth.users ADD COLUMN metadata text`, "column auth.users.metadata is of type text instead of jsonb"},
	} {
		t.Run(name, func(t *testing.T) {
			db := peerAt(t, c.version)
			exec(t, db, c.change)
			refuses(t, db, Incomplete, c.words)
		})
	}
}

func TestPostgres_RefusesAnIncompleteDumpWithoutBookkeeping(t *testing.T) {
	db := peerAt(t, 18)
	exec(t, db, `DROP TABLE auth.schema_migrations; DROP TABLE auth.user_roles`)
	refuses(t, db, Foreign, "table auth.user_roles is missing")
}

func TestPostgres_RefusesTypeScriptBookkeepingThatDoesNotMatch(t *testing.T) {
	db := peerAt(t, 8)
	exec(t, db, `DROP TABLE auth.schema_migrations; CREATE TABLE auth.migrations (id integer PRIMARY KEY); INSERT INTO auth.migrations VALUES (14)`)
	refuses(t, db, Incomplete, "auth.migrations says version 14")
	exec(t, db, `UPDATE auth.migrations SET id = 99`)
	refuses(t, db, Foreign, "auth.migrations counts to 99")
}

func TestPostgres_RefusesContradictoryBookkeeping(t *testing.T) {
	db := peerAt(t, 18)
	exec(t, db, `INSERT INTO auth.schema_migrations VALUES (17, false)`)
	refuses(t, db, Ambiguous, "more than one row")
	exec(t, db, `DELETE FROM auth.schema_migrations WHERE version = 17; UPDATE auth.schema_migrations SET version = 0`)
	refuses(t, db, Ambiguous, "version 0")
}

func TestPostgres_RefusesTheDatabaseOfANewerHexauth(t *testing.T) {
	db := emptyPostgres(t)
	mustUp(t, db, Postgres)
	exec(t, db, `INSERT INTO auth.hexauth_migrations (id, name) VALUES (1000, 'of a successor')`)
	before := snapshot(t, db)
	_, err := Up(t.Context(), db, Postgres, nil)
	require.ErrorIs(t, err, Newer)
	require.ErrorContains(t, err, "step 1000")
	require.Equal(t, before, snapshot(t, db))
}

func TestPostgres_RefusesOurRecordWithoutOurObjects(t *testing.T) {
	db := peerAt(t, 18)
	exec(t, db, `CREATE TABLE auth.hexauth_migrations (id integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
		ALTER TABLE auth.hexauth_migrations RENAME CONSTRAINT hexauth_migrations_pkey TO k;
		INSERT INTO auth.hexauth_migrations VALUES (1, 'foundation')`)
	refuses(t, db, Incomplete, "column auth.refresh_tokens.hx_family is missing")
}

func TestPostgres_RefusesExtensionsInAnotherSchema(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA extensions; CREATE EXTENSION pgcrypto SCHEMA extensions`)
	refuses(t, db, Extensions, "extension pgcrypto (in extensions)")
}

// limitedRole makes a role without any right of its own, removed with the test.
func limitedRole(t *testing.T, adminURL string) (name, itsURL string) {
	t.Helper()
	u, err := url.Parse(adminURL)
	require.NoError(t, err)
	name = "limited_" + u.Path[len("/"):]
	admin := openPostgres(t, adminURL)
	exec(t, admin, `CREATE ROLE `+name+` LOGIN PASSWORD 'limited'`)
	t.Cleanup(func() {
		_, err := admin.Exec(`DROP OWNED BY ` + name + ` CASCADE; DROP ROLE ` + name)
		require.NoError(t, err)
	})
	u.User = url.UserPassword(name, "limited")
	return name, u.String()
}

func TestPostgres_NeedsNoRightToCreateWhatIsThere(t *testing.T) {
	adminURL := pgtest.Database(t)
	role, itsURL := limitedRole(t, adminURL)
	admin := openPostgres(t, adminURL)
	exec(t, admin, `CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION pgcrypto SCHEMA public;
		CREATE SCHEMA auth; GRANT CREATE, USAGE ON SCHEMA auth TO `+role)
	db := openPostgres(t, itsURL)
	mustUp(t, db, Postgres)
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
}

func TestPostgres_SaysWhichRightIsMissing(t *testing.T) {
	adminURL := pgtest.Database(t)
	role, itsURL := limitedRole(t, adminURL)
	admin, db := openPostgres(t, adminURL), openPostgres(t, itsURL)
	up := func() error {
		_, err := Up(t.Context(), db, Postgres, nil)
		return err
	}
	require.ErrorIs(t, up(), Permission)
	require.ErrorContains(t, up(), "schema auth, extension citext, extension pgcrypto")
	exec(t, admin, `CREATE SCHEMA auth`)
	require.ErrorContains(t, up(), "may not create and use tables in the schema auth")
	exec(t, admin, `GRANT CREATE, USAGE ON SCHEMA auth TO `+role)
	require.ErrorContains(t, up(), "missing are extension citext, extension pgcrypto")

	mustUp(t, admin, Postgres)
	exec(t, admin, `DELETE FROM auth.hexauth_migrations; GRANT ALL ON ALL TABLES IN SCHEMA auth TO `+role)
	require.ErrorIs(t, up(), Permission)
	require.ErrorContains(t, up(), "does not own auth.hexauth_ceremonies, auth.hexauth_codes, ")
}
