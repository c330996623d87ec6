package migrations

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a hasura-auth database holds in these tests, in the shape of its version.
const (
	userID  = "11111111-1111-4111-8111-111111111111"
	token   = "22222222-2222-4222-8222-222222222222" // of a session; the id of its row too, before version 15
	patID   = "33333333-3333-4333-8333-333333333333"
	pat     = "44444444-4444-4444-8444-444444444444"
	regular = "55555555-5555-4555-8555-555555555555" // id of the session's row from version 15 on
	keyID   = "66666666-6666-4666-8666-666666666666"
)

// populate writes what a server of version v would have written.
func populate(t *testing.T, db *sql.DB, v int) {
	t.Helper()
	exec(t, db, `INSERT INTO auth.roles (role) VALUES ('editor');
		INSERT INTO auth.users (id, created_at, updated_at, locale, email, password_hash, default_role, display_name, ticket)
			VALUES ('`+userID+`', '2022-01-02T03:04:05Z', '2022-02-03T04:05:06Z', 'en', 'Jane@Example.com', '$2a$10$hash', 'editor', 'Jane', 'verifyEmail:x');
		INSERT INTO auth.user_roles (user_id, role) VALUES ('`+userID+`', 'editor'), ('`+userID+`', 'me');
		INSERT INTO auth.user_providers (user_id, access_token, provider_id, provider_user_id) VALUES ('`+userID+`', 'unset', 'github', '4711')`)
	if v >= 2 {
		exec(t, db, `UPDATE auth.users SET metadata = '{"a": 1}'`)
	}
	if v < 4 {
		exec(t, db, `INSERT INTO auth.provider_requests (id, redirect_url) VALUES ('`+keyID+`', 'https://example.com')`)
	}
	populateKeys(t, db, v)
	populateTokens(t, db, v)
	if v >= 20 {
		exec(t, db, `INSERT INTO auth.oauth2_clients (client_id, redirect_uris, created_by) VALUES ('nhoa_1', '{https://example.com/cb}', '`+userID+`')`)
	}
	if v >= 21 {
		exec(t, db, `INSERT INTO auth.pkce_authorization_codes (user_id, code_hash, code_challenge, expires_at) VALUES ('`+userID+`', 'h', 'c', now())`)
	}
}

func populateKeys(t *testing.T, db *sql.DB, v int) {
	t.Helper()
	table := "user_authenticators"
	if v >= 9 {
		table = "user_security_keys"
	}
	if v >= 6 {
		exec(t, db, `INSERT INTO auth.`+table+` (id, user_id, credential_id, credential_public_key, counter, transports)
			VALUES ('`+keyID+`', '`+userID+`', 'Y3JlZA', '\x0102', 7, 'usb,nfc')`)
	}
	if v >= 7 {
		exec(t, db, `UPDATE auth.`+table+` SET nickname = 'blue'`)
	}
}

func populateTokens(t *testing.T, db *sql.DB, v int) {
	t.Helper()
	switch {
	case v < 13:
		exec(t, db, `INSERT INTO auth.refresh_tokens (refresh_token, expires_at, user_id) VALUES ('`+token+`', '2099-01-01Z', '`+userID+`')`)
	case v < 15:
		exec(t, db, `INSERT INTO auth.refresh_tokens (refresh_token, expires_at, user_id, type) VALUES
			('`+token+`', '2099-01-01Z', '`+userID+`', 'regular'), ('`+pat+`', '2099-01-01Z', '`+userID+`', 'pat')`)
	default:
		exec(t, db, `INSERT INTO auth.refresh_tokens (id, expires_at, user_id, type, refresh_token_hash) VALUES
			('`+regular+`', '2099-01-01Z', '`+userID+`', 'regular', '`+hashOf(token)+`'),
			('`+patID+`', '2099-01-01Z', '`+userID+`', 'pat', '`+hashOf(pat)+`')`)
	}
}

// wantPopulation checks that everything populate wrote is still there, in the newest shape.
func wantPopulation(t *testing.T, db *sql.DB, v int) {
	t.Helper()
	const utc = ` AT TIME ZONE 'UTC'`
	require.Equal(t, "Jane@Example.com $2a$10$hash editor Jane verifyEmail:x en 2022-01-02 03:04:05",
		get[string](t, db, `SELECT concat_ws(' ', email, password_hash, default_role, display_name, ticket, locale, created_at`+utc+`)
			FROM auth.users WHERE id = '`+userID+`'`))
	require.Equal(t, "editor me", get[string](t, db, `SELECT string_agg(role, ' ' ORDER BY role) FROM auth.user_roles WHERE user_id = '`+userID+`'`))
	require.Equal(t, "github 4711 unset", get[string](t, db, `SELECT concat_ws(' ', provider_id, provider_user_id, access_token) FROM auth.user_providers`))
	if v >= 2 {
		require.Equal(t, `{"a": 1}`, get[string](t, db, `SELECT metadata::text FROM auth.users`))
	}
	if v >= 6 {
		require.Equal(t, keyID+` Y3JlZA \x0102 7 usb,nfc`,
			get[string](t, db, `SELECT concat_ws(' ', id, credential_id, credential_public_key, counter, transports) FROM auth.user_security_keys`))
	}
	if v >= 7 {
		require.Equal(t, "blue", get[string](t, db, `SELECT nickname FROM auth.user_security_keys`))
	}
	require.Equal(t, hashOf(token), get[string](t, db, `SELECT refresh_token_hash FROM auth.refresh_tokens WHERE type = 'regular' AND expires_at = '2099-01-01Z'`))
	if v >= 13 {
		require.Equal(t, hashOf(pat), get[string](t, db, `SELECT refresh_token_hash FROM auth.refresh_tokens WHERE type = 'pat'`))
	}
	if v >= 15 {
		require.Equal(t, regular+" "+patID, get[string](t, db, `SELECT string_agg(id::text, ' ' ORDER BY type DESC) FROM auth.refresh_tokens`))
	}
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.refresh_tokens WHERE id IN ('`+token+`', '`+pat+`')`))
	if v >= 20 {
		require.Equal(t, userID, get[string](t, db, `SELECT created_by::text FROM auth.oauth2_clients WHERE client_id = 'nhoa_1'`))
	}
	if v >= 21 {
		require.Equal(t, 1, get[int](t, db, `SELECT count(*) FROM auth.pkce_authorization_codes`))
	}
}

// finished is a schema after Up, with the role populate adds.
func finished(t *testing.T) []string {
	t.Helper()
	return expected(t, peerSchema, ownSchema, "testdata/postgres_populated.txt")
}

func TestPostgres_EveryPeerVersionIsTakenOverWithItsData(t *testing.T) {
	for v := 1; v <= 22; v++ {
		t.Run(fmt.Sprintf("from version %d", v), func(t *testing.T) {
			t.Parallel()
			db := peerAt(t, v)
			populate(t, db, v)
			report := mustUp(t, db, Postgres)
			require.Equal(t, FoundPeer, report.Found)
			require.Equal(t, v, report.Version)
			require.Equal(t, allSteps(t, v), names(report.Applied))
			require.Equal(t, finished(t), dump(t, db))
			wantPopulation(t, db, v)
			require.Equal(t, "22 false", get[string](t, db, `SELECT string_agg(version || ' ' || dirty, ',') FROM auth.schema_migrations`))
		})
	}
}

func TestPostgres_EveryVersionIsRecognisedWithoutBookkeeping(t *testing.T) {
	for v := 1; v <= 22; v++ {
		t.Run(fmt.Sprintf("version %d", v), func(t *testing.T) {
			t.Parallel()
			db := peerAt(t, v)
			populate(t, db, v)
			if v%2 == 0 { // present and empty is as good as absent
				exec(t, db, `DELETE FROM auth.schema_migrations`)
			} else {
				exec(t, db, `DROP TABLE auth.schema_migrations`)
			}
			report := mustUp(t, db, Postgres)
			require.Equal(t, FoundUnrecorded, report.Found)
			require.Equal(t, v, report.Version)
			record := fmt.Sprintf("hasura-auth %05d record_version", v)
			require.Equal(t, append([]string{record}, allSteps(t, v)...), names(report.Applied))
			wantPopulation(t, db, v)
			want := finished(t)
			if v >= 5 && v%2 == 1 { // the comment went with the table
				want = without(want, "comment schema_migrations")
			}
			require.Equal(t, want, dump(t, db))
		})
	}
}

func without(lines []string, gone string) []string {
	var out []string
	for _, l := range lines {
		if l != gone {
			out = append(out, l)
		}
	}
	return out
}

func TestPostgres_ADatabaseOfTheTypeScriptServerIsTakenOver(t *testing.T) {
	db := peerAt(t, 12)
	populate(t, db, 12)
	exec(t, db, `DROP TABLE auth.schema_migrations;
		CREATE TABLE auth.migrations (id integer PRIMARY KEY, name varchar(100) UNIQUE NOT NULL, hash varchar(40) NOT NULL, executed_at timestamp DEFAULT current_timestamp);
		INSERT INTO auth.migrations (id, name, hash) SELECT n, 'name-' || n, 'x' FROM generate_series(0, 12) n`)
	report := mustUp(t, db, Postgres)
	require.Equal(t, FoundPeerTS, report.Found)
	require.Equal(t, 12, report.Version)
	require.Equal(t, append([]string{"hasura-auth 00012 record_version"}, allSteps(t, 12)...), names(report.Applied))
	wantPopulation(t, db, 12)
	require.Equal(t, "22 false", get[string](t, db, `SELECT string_agg(version || ' ' || dirty, ',') FROM auth.schema_migrations`))
	require.Equal(t, 13, get[int](t, db, `SELECT count(*) FROM auth.migrations`))
}

func TestPostgres_TheDriversEmptyBookkeepingIsAnEmptyDatabase(t *testing.T) {
	db := emptyPostgres(t)
	exec(t, db, `CREATE SCHEMA auth; CREATE TABLE auth.schema_migrations (version bigint not null primary key, dirty boolean not null)`)
	report := mustUp(t, db, Postgres)
	require.Equal(t, FoundEmpty, report.Found)
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
}

func TestPostgres_ANewerPeerGetsOurAdditionsOnly(t *testing.T) {
	db := peerAt(t, 22)
	populate(t, db, 22)
	exec(t, db, `UPDATE auth.schema_migrations SET version = 24; ALTER TABLE auth.users ADD COLUMN otp_attempts smallint NOT NULL DEFAULT 0`)
	report := mustUp(t, db, Postgres)
	require.Equal(t, FoundNewerPeer, report.Found)
	require.Equal(t, 24, report.Version)
	require.Equal(t, allSteps(t, 22), names(report.Applied))
	require.Equal(t, 24, get[int](t, db, `SELECT version FROM auth.schema_migrations`))
	wantPopulation(t, db, 22)
	current, err := Current(t.Context(), db, Postgres)
	require.NoError(t, err)
	require.True(t, current)
}

func TestPostgres_IdsThatWereTokensAreReplacedAndHashesKept(t *testing.T) {
	for _, v := range []int{3, 11, 14} {
		db := peerAt(t, v)
		populate(t, db, v)
		mustUp(t, db, Postgres)
		var id, hash string
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT id, refresh_token_hash FROM auth.refresh_tokens WHERE type = 'regular'`).Scan(&id, &hash))
		require.NotEqual(t, token, id)
		require.Equal(t, hashOf(token), hash)
		require.NotEqual(t, hash, hashOf(id))
	}
}

func TestPostgres_Step15AloneReplacesEveryIdAndKeepsEveryHash(t *testing.T) {
	db := peerAt(t, 14)
	populate(t, db, 14)
	s, err := loadSteps(Postgres)
	require.NoError(t, err)
	exec(t, db, s.peer[14].SQL)
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.refresh_tokens WHERE id IN ('`+token+`', '`+pat+`')`))
	require.Equal(t, hashOf(token)+" "+hashOf(pat), get[string](t, db, `SELECT string_agg(refresh_token_hash, ' ' ORDER BY type DESC) FROM auth.refresh_tokens`))
}

func TestPostgres_IdsThatThePeersOwnStep15LeftAsTokensAreReplacedToo(t *testing.T) {
	db := peerAt(t, 18)
	populate(t, db, 18)
	exec(t, db, `UPDATE auth.refresh_tokens SET id = '`+pat+`' WHERE type = 'pat'`)
	mustUp(t, db, Postgres)
	require.Equal(t, 0, get[int](t, db, `SELECT count(*) FROM auth.refresh_tokens WHERE id = '`+pat+`'`))
	require.Equal(t, hashOf(pat), get[string](t, db, `SELECT refresh_token_hash FROM auth.refresh_tokens WHERE type = 'pat'`))
	require.Equal(t, regular, get[string](t, db, `SELECT id FROM auth.refresh_tokens WHERE type = 'regular'`))
}

func TestPostgres_ConstraintsOfThePasskeyTableMayHaveHadOtherNames(t *testing.T) {
	db := peerAt(t, 8)
	exec(t, db, `ALTER TABLE auth.user_authenticators RENAME CONSTRAINT user_authenticators_pkey TO some_pkey;
		ALTER TABLE auth.user_authenticators RENAME CONSTRAINT user_authenticators_credential_id_key TO some_key`)
	mustUp(t, db, Postgres)
	require.Equal(t, expected(t, peerSchema, ownSchema), dump(t, db))
}

func TestPostgres_AThirdColumnOfTheApplicationStaysWhereItIs(t *testing.T) {
	db := peerAt(t, 18)
	exec(t, db, `ALTER TABLE auth.users ADD COLUMN company text; CREATE TABLE auth.companies (id integer); INSERT INTO auth.companies VALUES (1)`)
	mustUp(t, db, Postgres)
	require.Equal(t, 1, get[int](t, db, `SELECT count(*) FROM information_schema.columns WHERE table_schema = 'auth' AND table_name = 'users' AND column_name = 'company'`))
	require.Equal(t, 1, get[int](t, db, `SELECT id FROM auth.companies`))
}

func TestPostgres_InspectSaysWhatUpWouldDoAndChangesNothing(t *testing.T) {
	for v := 0; v <= 22; v += 11 {
		db := emptyPostgres(t)
		if v > 0 {
			db = peerAt(t, v)
			populate(t, db, v)
			exec(t, db, `DELETE FROM auth.schema_migrations`)
		}
		before := snapshot(t, db)
		status, err := Inspect(t.Context(), db, Postgres)
		require.NoError(t, err)
		require.Nil(t, status.Refusal)
		require.Equal(t, v, status.Version)
		require.Empty(t, status.Applied)
		require.Equal(t, before, snapshot(t, db))
		require.Equal(t, status.Pending, mustUp(t, db, Postgres).Applied)

		status, err = Inspect(t.Context(), db, Postgres)
		require.NoError(t, err)
		require.Equal(t, Status{Dialect: Postgres, Found: FoundHexauth, Version: 22, Applied: ownNumbers()}, status)
	}
}
