package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/test/pgtest"
)

// Not parallel: it counts goroutines.
func TestServe_LeavesNothingBehindWhenItStops(t *testing.T) {
	others := goleak.IgnoreCurrent()
	s := serve(t, inFolder(t.TempDir()))
	s.signUp("jane@example.com")
	require.NoError(t, s.end())
	require.Contains(t, s.out.String(), `"msg":"stopped"`)
	goleak.VerifyNone(t, others)
	_, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.Error(t, err)
}

func TestServe_WithNothingConfiguredSignsUsersUpAndKeepsThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := serve(t, inFolder(dir))
	require.Contains(t, first.out.String(), "development mode")
	jane := first.signUp("jane@example.com")
	require.Equal(t, jane.User.ID, first.user(jane.AccessToken))
	require.NoError(t, first.end())
	require.NotContains(t, first.out.String(), "violet-otter-41")
	require.NotContains(t, first.out.String(), jane.RefreshToken)

	second := serve(t, inFolder(dir))
	require.Equal(t, jane.User.ID, second.user(jane.AccessToken), "the key of the first start is still there")
	next := second.refresh(jane.RefreshToken)
	require.Equal(t, jane.User.ID, next.User.ID)
	require.Equal(t, next.RefreshToken, second.refresh(jane.RefreshToken).RefreshToken)
	require.Equal(t, kidOf(t, jane.AccessToken), kidOf(t, next.AccessToken))
}

func TestServe_OnPostgreSQLTwoInstancesAreOne(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	environ := production(database)
	one, other := begin(t, environ), begin(t, environ)
	one.await()
	other.await()
	jane := one.signUp("jane@example.com")
	require.Equal(t, jane.User.ID, other.user(jane.AccessToken))
	require.Equal(t, one.refresh(jane.RefreshToken).RefreshToken, other.refresh(jane.RefreshToken).RefreshToken)
	require.Equal(t, one.published(), other.published())
	require.Len(t, one.published(), 1)
	require.Equal(t, 1, strings.Count(one.out.String()+other.out.String(), `"step":"hasura-auth 00022`), "one of them migrated")
}

func TestServe_LetsRequestsUnderWayFinish(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir()))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	body := `{"email":"jane@example.com","password":"violet-otter-41"}`
	_, err = fmt.Fprintf(conn, "POST /signup/email-password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	require.NoError(t, err)
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line, "the server waits for the body")
	_, err = answer.Discard(2)
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- s.end() }()
	require.Eventually(t, func() bool { return strings.Contains(s.out.String(), "requests under way may finish") }, patience, 5*time.Millisecond)
	_, err = conn.Write([]byte(body))
	require.NoError(t, err)
	line, err = answer.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 OK\r\n", line)
	require.NoError(t, <-stopped)
}

func TestServe_GoesOnServingForTheDelayAfterItWasToldToStop(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir(), "AUTH_SHUTDOWN_DELAY=3s"))
	status, text := s.send(http.MethodGet, "/readyz", "", "")
	require.Equal(t, http.StatusOK, status, text)
	s.stop()
	require.Eventually(t, func() bool { return strings.Contains(s.out.String(), "still serving") }, patience, 5*time.Millisecond)
	status, text = s.send(http.MethodGet, "/readyz", "", "")
	require.Equal(t, http.StatusServiceUnavailable, status, text)
	s.signUp("jane@example.com")

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/healthz", nil)
	require.NoError(t, err)
	response, err := (&http.Transport{}).RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.True(t, response.Close, "connections are not to be used again")
}

func TestServe_TakesDownWhatHappensWhileItStops(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir(), "AUTH_SHUTDOWN_DELAY=2s")
	s := serve(t, environ)
	jane := s.signUp("jane@example.com")
	s.stop()
	require.Eventually(t, func() bool { return strings.Contains(s.out.String(), "still serving") }, patience, 5*time.Millisecond)
	time.Sleep(time.Second) // much longer than events wait to be kept
	status, text := s.send(http.MethodPost, "/signin/email-password", "", `{"email":"jane@example.com","password":"violet-otter-41"}`)
	require.Equal(t, http.StatusOK, status, text)
	require.NoError(t, s.end())
	require.Contains(t, mustExecute(t, environ, "audit", "--user", jane.User.ID, "--json"), `"sign_in.succeeded"`)
}

func TestServe_RefusesToStartOnADatabaseItMayNotMigrate(t *testing.T) {
	t.Parallel()
	for _, environ := range [][]string{
		inFolder(t.TempDir(), "AUTH_MIGRATE=false"), production(pgtest.Database(t), "AUTH_MIGRATE=false"),
	} {
		out, err := execute(t, environ, "serve")
		require.ErrorContains(t, err, "hexauth migrate up", out)
		require.NotContains(t, out, `"msg":"listening"`)
		mustExecute(t, environ, "migrate", "up")
		require.NoError(t, serve(t, environ).end())
	}
}

func TestServe_RefusesAnotherEncryptionKeyThanTheDatabaseHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sqlite := "sqlite://" + filepath.Join(dir, "hexauth.db")
	require.NoError(t, serve(t, production(sqlite)).end())
	out, err := execute(t, append([]string{"AUTH_ENCRYPTION_KEY=" + keyTwo}, production(sqlite)...), "serve")
	require.ErrorContains(t, err, "AUTH_ENCRYPTION_KEY")
	require.NotContains(t, out+err.Error(), keyTwo)
	require.NotContains(t, out, `"msg":"listening"`)
	require.NoError(t, serve(t, production(sqlite)).end())
}

func TestServe_SaysWhichVariablesHoldATakenAddress(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	_, err = execute(t, append([]string{"AUTH_PORT=" + port}, inFolder(t.TempDir())...), "serve")
	require.ErrorContains(t, err, "AUTH_PORT")
}

func TestServe_StopsWaitingForADatabaseWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	out := &output{}
	started := time.Now()
	err := run(ctx, []string{"serve"}, production("postgres://nobody:hunter2-secret@127.0.0.1:1/nothing?sslmode=disable"), out)
	require.Error(t, err)
	require.Less(t, time.Since(started), 15*time.Second)
	require.Contains(t, out.String(), "the database can't be reached yet")
	require.NotContains(t, out.String()+err.Error(), "hunter2-secret")
}

func TestServe_AnswersBelowItsPrefix(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir(), "AUTH_API_PREFIX=v1/", "AUTH_LOG_FORMAT_TEXT=false"))
	for path, want := range map[string]int{
		"/v1/version": http.StatusOK, "/v1/readyz": http.StatusOK, "/healthz": http.StatusOK, "/version": http.StatusNotFound,
	} {
		status, text := s.send(http.MethodGet, path, "", "")
		require.Equal(t, want, status, text)
	}
}

func TestServe_KeepsItsFilesToItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, serve(t, inFolder(dir)).end())
	entries, err := os.ReadDir(filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), entry.Name())
	}
}
