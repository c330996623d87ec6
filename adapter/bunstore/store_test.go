package bunstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/pgtest"
)

// open returns a migrated store on url.
func open(t *testing.T, url string, o bunstore.Options) *bunstore.Store {
	t.Helper()
	store, err := bunstore.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db, dialect := store.Migrations()
	_, err = migrations.Up(t.Context(), db, dialect)
	require.NoError(t, err)
	return store
}

// emptied hands out one store again and again, empty: to create a database for each case would take most of the time.
func emptied(store *bunstore.Store) func(t *testing.T) port.Store {
	return func(t *testing.T) port.Store {
		db, _ := store.Migrations()
		_, err := db.ExecContext(t.Context(), "TRUNCATE auth.users, auth.hexauth_signing_keys CASCADE")
		require.NoError(t, err)
		return store
	}
}

func TestStore_KeepsThePromisesOfThePort(t *testing.T) {
	databases := map[string]func(t *testing.T) port.Store{
		"PostgreSQL":            emptied(open(t, pgtest.Database(t), bunstore.Options{})),
		"PostgreSQL unprepared": emptied(open(t, pgtest.Database(t), bunstore.Options{Unprepared: true})),
		"SQLite in a file": func(t *testing.T) port.Store {
			return open(t, "sqlite://"+t.TempDir()+"/it's a test/hexauth.db", bunstore.Options{})
		},
		"SQLite in memory": func(t *testing.T) port.Store { return open(t, "sqlite://:memory:", bunstore.Options{}) },
	}
	for name, opener := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			porttest.Store(t, opener)
		})
	}
}
