package main

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// roleWithoutRights makes a role that may only read, and returns the database's URL with it.
func roleWithoutRights(t *testing.T, database string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	name := "hexauth_reader_" + uuid.NewString()[:8]
	_, err = conn.Exec(t.Context(), `CREATE ROLE `+name+` LOGIN PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA auth TO `+name+`; GRANT SELECT ON ALL TABLES IN SCHEMA auth TO `+name)
	require.NoError(t, err)
	t.Cleanup(func() { // before the database goes
		conn, err := pgx.Connect(context.Background(), database)
		require.NoError(t, err)
		_, err = conn.Exec(context.Background(), `DROP OWNED BY `+name+`; DROP ROLE `+name)
		require.NoError(t, errors.Join(err, conn.Close(context.Background())))
	})
	parsed, err := url.Parse(database)
	require.NoError(t, err)
	parsed.User = url.UserPassword(name, "hunter2")
	require.NoError(t, conn.Close(t.Context()))
	return parsed.String()
}
