package claims_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const anybody = domain.UserID("0b0e8a54-7c7c-4bd8-8b58-cd6a3b2a9f11")

// openSQL returns a query on a database of its own, and a connection that may change it.
func openSQL(t *testing.T, query string, changes ...func(*claims.SQLOptions)) (*claims.SQL, *pgx.Conn) {
	t.Helper()
	options := claims.SQLOptions{URL: pgtest.Database(t), Query: query, PoolSize: 2, Timeout: time.Minute}
	for _, change := range changes {
		change(&options)
	}
	connection, err := pgx.Connect(t.Context(), options.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	source, err := claims.OpenSQL(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(source.Close)
	return source, connection
}

func unprepared(o *claims.SQLOptions) { o.Unprepared = true }

func TestSQL_IsASourceOfClaims(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]func(*claims.SQLOptions){"prepared": nil, "behind a pooler": {unprepared}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			porttest.CustomClaims(t, func(t *testing.T) porttest.ClaimsSource {
				source, db := openSQL(t, `SELECT said->>'text' AS text, (said->>'number')::numeric AS number, (said->'flag')::boolean AS flag,
					ARRAY(SELECT jsonb_array_elements_text(said->'list')) AS list, said->'object' AS object, NULL AS nothing
					FROM said WHERE user_id = $1 -- the app's`, changes...)
				_, err := db.Exec(t.Context(), `CREATE TABLE said (user_id uuid PRIMARY KEY, said jsonb NOT NULL)`)
				require.NoError(t, err)
				return porttest.ClaimsSource{
					CustomClaims: source,
					Put: func(user domain.UserID, said string) {
						_, err := db.Exec(t.Context(), `INSERT INTO said VALUES ($1, $2)`, string(user), said)
						require.NoError(t, err)
					},
					Away: source.Close,
				}
			})
		})
	}
}

func TestSQL_TellsWhoWatchesOfEachRunButNotOfWhom(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]func(*claims.SQLOptions){"prepared": nil, "behind a pooler": {unprepared}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []string
			watched := func(o *claims.SQLOptions) {
				o.Trace = func(ctx context.Context, statement string) (context.Context, func(error)) {
					return ctx, func(err error) { seen = append(seen, fmt.Sprint(statement, " ", err == nil)) }
				}
			}
			source, db := openSQL(t, `SELECT $1::uuid AS id, 1/n AS n FROM said`, append(changes, watched)...)
			_, err := db.Exec(t.Context(), `CREATE TABLE said AS SELECT 1 AS n`)
			require.NoError(t, err)
			_, err = source.Of(t.Context(), anybody)
			require.NoError(t, err)
			_, err = db.Exec(t.Context(), `UPDATE said SET n = 0`)
			require.NoError(t, err)
			_, err = source.Of(t.Context(), anybody)
			require.Error(t, err)
			const statement = "SELECT row_to_json(claims)::text FROM (SELECT $1::uuid AS id, 1/n AS n FROM said\n) AS claims LIMIT 2"
			require.Equal(t, []string{statement + " true", statement + " false"}, seen)
		})
	}
}

func TestSQL_KnowsNothingOfUsersWithoutARow(t *testing.T) {
	t.Parallel()
	source, _ := openSQL(t, "SELECT 1 AS one WHERE $1::text = 'nobody' ;\n")
	found, err := source.Of(t.Context(), anybody)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestSQL_RefusesASecondRow(t *testing.T) {
	t.Parallel()
	source, _ := openSQL(t, `SELECT n, $1::uuid AS id FROM generate_series(1, 1000000) AS n`)
	_, err := source.Of(t.Context(), anybody)
	require.EqualError(t, err, "the query has more than one row for a user")
}

// However it is written, it reads.
func TestSQL_ChangesNothing(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]func(*claims.SQLOptions){"prepared": nil, "behind a pooler": {unprepared}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, query := range []string{
				`SELECT $1::uuid AS id, change() AS changed`,
				`INSERT INTO kept VALUES ($1) RETURNING id`,
				`WITH gone AS (DELETE FROM kept RETURNING id) SELECT $1::uuid AS id FROM gone`,
				`SELECT $1::uuid AS id) AS x; DELETE FROM kept; SELECT * FROM (SELECT 1`,
				`SELECT $1::uuid AS id, set_config('transaction_read_only', 'off', true), change() AS changed`,
			} {
				source, db := openSQL(t, query, changes...)
				_, err := db.Exec(t.Context(), `CREATE TABLE kept (id uuid); INSERT INTO kept VALUES (gen_random_uuid());
					CREATE FUNCTION change() RETURNS int LANGUAGE sql AS 'DELETE FROM kept; SELECT 1'`)
				require.NoError(t, err)
				_, err = source.Of(t.Context(), anybody)
				require.Error(t, err, query)
				var count int
				require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM kept`).Scan(&count))
				require.Equal(t, 1, count, query)
			}
		})
	}
}

func TestSQL_GivesUpAndLetsTheDatabaseGiveUp(t *testing.T) {
	t.Parallel()
	source, db := openSQL(t, `SELECT pg_sleep(60), $1::uuid AS id`)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := source.Of(ctx, anybody)
	require.Error(t, err)
	require.Eventually(t, func() bool {
		var running int
		require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()`).Scan(&running))
		return running == 0
	}, time.Minute, 20*time.Millisecond)
}

func TestSQL_OpensNoMoreConnectionsThanItMay(t *testing.T) {
	t.Parallel()
	source, db := openSQL(t, `SELECT pg_sleep(0.02)::text AS slept, $1::uuid AS id`)
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			_, err := source.Of(context.Background(), anybody)
			if err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	var open int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'hexauth claims'`).Scan(&open))
	require.Equal(t, 2, open)
}

func TestSQL_ErrorsRepeatNothingOfWhatIsInTheTables(t *testing.T) {
	t.Parallel()
	source, db := openSQL(t, `SELECT secret::int AS n FROM kept WHERE id = $1`)
	_, err := db.Exec(t.Context(), `CREATE TABLE kept (id uuid, secret text); INSERT INTO kept VALUES ('`+string(anybody)+`', 'hunter2')`)
	require.NoError(t, err)
	_, err = source.Of(t.Context(), anybody)
	require.EqualError(t, err, "the database failed with SQLSTATE 22P02")
}

func TestSQL_IsCheckedWithoutBeingRun(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct {
		final bool
		text  string
	}{
		`SELECT $1::uuid AS id, pg_sleep(60)::text AS slept`: {},
		`SELEC $1`:                                      {true, "syntax error"},
		`SELECT 1; SELECT $1::int AS x`:                 {true, "syntax error"},
		`SELECT $1::uuid AS a, $2::int AS b`:            {true, "has 2"},
		`SELECT 1 AS one -- $1`:                         {true, "has 0"},
		`SELECT plan FROM customers WHERE user_id = $1`: {false, `relation "customers" does not exist`},
	} {
		source, _ := openSQL(t, query)
		final, err := source.Check(t.Context())
		require.Equal(t, want.final, final, query)
		if want.text == "" {
			require.NoError(t, err, query)
			continue
		}
		require.ErrorContains(t, err, want.text, query)
		require.NotErrorIs(t, err, domain.Unavailable)
	}
}

func TestSQL_ADatabaseThatIsAwayIsNoMistakeOfTheQuery(t *testing.T) {
	t.Parallel()
	source, err := claims.OpenSQL(t.Context(), claims.SQLOptions{URL: "postgres://u:hunter2@127.0.0.1:1/x", Query: "SELECT $1::uuid AS id", PoolSize: 1, Timeout: time.Second})
	require.NoError(t, err)
	defer source.Close()
	final, err := source.Check(t.Context())
	require.False(t, final)
	require.ErrorIs(t, err, domain.Unavailable)
	require.NotContains(t, err.Error(), "hunter2")
	_, err = claims.OpenSQL(t.Context(), claims.SQLOptions{URL: "postgres://u:hunter2@127.0.0.1:bad/x"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestSQL_ArraysAndNumbersKeepTheirShape(t *testing.T) {
	t.Parallel()
	source, _ := openSQL(t, `SELECT $1::uuid AS id, 0.10::numeric AS price, ARRAY[1,2] AS list, '{"a":1}'::jsonb AS object`)
	found, err := source.Of(t.Context(), anybody)
	require.NoError(t, err)
	require.Equal(t, domain.CustomClaims{
		"id": string(anybody), "price": json.Number("0.10"), "list": []any{json.Number("1"), json.Number("2")}, "object": map[string]any{"a": json.Number("1")},
	}, found)
}
