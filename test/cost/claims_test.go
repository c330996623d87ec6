package cost

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// Without custom claims an operation costs what Operations say. With a query each token costs one statement and one round trip more, and
// where tokens are not issued without claims a refresh looks first whose it is.
func TestCustomClaims_CostOneStatementAndOneRoundTripAToken(t *testing.T) {
	for failure, refreshCost := range map[string]int{"omit": 2, "refuse": 3} {
		t.Run(failure, func(t *testing.T) {
			proxy := newProxy(t)
			env := withStaticKey(t)
			env["AUTH_JWT_CUSTOM_CLAIMS_SQL"] = "SELECT u.locale, m.metadata FROM auth.users u JOIN auth.users m USING (id) WHERE u.id = $1"
			env["AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE"] = failure
			env["AUTH_JWT_CUSTOM_CLAIMS_SQL_POOL_SIZE"] = "1"
			client, _ := start(t, proxy, env)
			for name, want := range map[string]int{Refresh: refreshCost, SignUp: 2, SignIn: 3, GetUser: 1} {
				do := warm(t, client, operationNamed(t, name))
				for range samples {
					record := alone(t, proxy, do)
					require.Equal(t, want, len(record.Statements), "%s: %s", name, record)
					require.Equal(t, want, record.RoundTrips, "%s: %s", name, record)
					require.Zero(t, record.Connections, record)
				}
			}
		})
	}
}

func TestCustomClaims_KeptForSecondsCostNothing(t *testing.T) {
	proxy := newProxy(t)
	env := withStaticKey(t)
	env["AUTH_JWT_CUSTOM_CLAIMS_SQL"] = "SELECT locale FROM auth.users WHERE id = $1"
	env["AUTH_JWT_CUSTOM_CLAIMS_CACHE"] = "1h"
	client, _ := start(t, proxy, env)
	do := warm(t, client, operationNamed(t, Refresh))
	for range samples {
		record := alone(t, proxy, do)
		require.Len(t, record.Statements, 1, record)
		require.Equal(t, 1, record.RoundTrips, record)
	}
}

// A query that waits for a lock takes none of the connections that others need.
func TestCustomClaims_AQueryThatWaitsKeepsNobodyFromTheDatabase(t *testing.T) {
	proxy := newProxy(t)
	env := withStaticKey(t)
	env["AUTH_JWT_CUSTOM_CLAIMS_SQL"] = "SELECT plan FROM customers WHERE user_id = $1"
	env["AUTH_JWT_CUSTOM_CLAIMS_SQL_POOL_SIZE"] = "1"
	env["AUTH_DATABASE_POOL_SIZE"] = "2"
	env["AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT"] = "300ms"
	client, server := start(t, proxy, env)
	require.Contains(t, server.Log(), "does not work", "the table comes later, and the server starts")
	pool, err := pgxpool.ParseConfig(proxy.URL())
	require.NoError(t, err)
	db, err := pgx.ConnectConfig(t.Context(), pool.ConnConfig)
	require.NoError(t, err)
	for _, statement := range []string{"CREATE TABLE customers (user_id uuid, plan text)", "BEGIN", "LOCK TABLE customers"} {
		_, err = db.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	session, err := client.SignUp()
	require.NoError(t, err)
	_, err = client.Refresh(session.RefreshToken)
	require.NoError(t, err)
	_, err = client.Call(http.StatusOK, http.MethodGet, "/user", session.AccessToken, nil)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(server.Log(), "custom_claims_lost"))
	require.NoError(t, db.Close(t.Context()))
}

func operationNamed(t *testing.T, name string) Operation {
	t.Helper()
	for _, operation := range Operations() {
		if operation.Name == name {
			return operation
		}
	}
	require.FailNow(t, "no operation "+name)
	return Operation{}
}
