package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

// anHourAhead makes the clock of a database an hour fast for those who connect by the URL it returns: a function of the same name
// stands before PostgreSQL's own.
func anHourAhead(t *testing.T, database string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `CREATE SCHEMA fast; CREATE FUNCTION fast.clock_timestamp() RETURNS timestamptz LANGUAGE sql
		AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$`)
	require.NoError(t, err)
	return database + "&search_path=fast,public,pg_catalog"
}

// issuedAt is the iat of an access token.
func issuedAt(t *testing.T, token string) time.Time {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims struct{ Iat int64 }
	require.NoError(t, json.Unmarshal(data, &claims))
	return time.Unix(claims.Iat, 0)
}

func TestServe_GoesByTheDatabasesClockWhereTheMachinesIsOff(t *testing.T) {
	t.Parallel()
	s := serve(t, production(anHourAhead(t, pgtest.Database(t)), "AUTH_METRICS_ADDR=127.0.0.1:0"))
	jane := s.signUp("jane@example.com")
	require.WithinDuration(t, time.Now().Add(time.Hour), issuedAt(t, jane.AccessToken), 10*time.Second)
	require.Equal(t, jane.User.ID, s.user(jane.AccessToken))
	next := s.refresh(jane.RefreshToken)
	require.Equal(t, next.RefreshToken, s.refresh(jane.RefreshToken).RefreshToken)
	require.Equal(t, 1, strings.Count(s.out.String(), `"event":"clock_off"`))
	require.Regexp(t, `"level":"WARN".*"event":"clock_off","ahead_by":"-(1h0m0|59m59)`, s.out.String())

	_, text := s.aside("AUTH_METRICS_ADDR").send(http.MethodGet, "/metrics", "", "")
	require.Regexp(t, `(?m)^hexauth_clock_offset_seconds -(3600|3599)`, text)
}

func TestServe_GoesByItsMachinesClockWhereItIsRight(t *testing.T) {
	t.Parallel()
	s := serve(t, production(pgtest.Database(t)))
	jane := s.signUp("jane@example.com")
	require.WithinDuration(t, time.Now(), issuedAt(t, jane.AccessToken), 10*time.Second)
	require.NotContains(t, s.out.String(), "clock_off")
}
