package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The database makes the secrets of users by itself, so both must make the same.
func TestSecretOf_IsWhatTheDatabaseMakes(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), secrets)
	require.NoError(t, err)
	for n, kind := range map[int]string{1: "session", 20: "pat", 999_999: "user"} {
		var made string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_temp.secret($1, $2)", kind, n).Scan(&made))
		require.Equal(t, secretOf(kind, n), made)
	}
	require.NoError(t, conn.Close(context.Background()))
}
