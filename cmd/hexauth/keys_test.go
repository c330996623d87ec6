package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keyStates returns the states that keys list prints, and the ids of the keys, by generation.
func keyStates(t testing.TB, environ []string) (states, ids []string) {
	t.Helper()
	rows := strings.Split(strings.TrimSpace(mustExecute(t, environ, "keys", "list")), "\n")
	require.Equal(t, []string{"GENERATION", "STATE", "ALGORITHM", "SIGNS", "FROM", "KEY", "ID"}, strings.Fields(rows[0]))
	for _, row := range rows[1:] {
		words := strings.Fields(row)
		require.Len(t, words, 5)
		states, ids = append(states, words[1]), append(ids, words[4])
	}
	return states, ids
}

func TestKeysRotate_AtOnceNewTokensGetTheNewKeyAndNobodyIsLoggedOut(t *testing.T) {
	t.Parallel()
	environ := production("sqlite://" + filepath.Join(t.TempDir(), "hexauth.db"))
	s := serve(t, environ)
	old := s.signUp("jane@example.com")
	out := mustExecute(t, environ, "keys", "rotate", "--after=0")
	states, ids := keyStates(t, environ)
	require.Equal(t, []string{"retiring", "signing"}, states)
	require.Equal(t, kidOf(t, old.AccessToken), ids[0])
	require.Contains(t, out, "key "+ids[1]+" (ES256, generation 2) signs from ")

	current := old
	require.Eventually(t, func() bool { // the server looks into the database every 15 s
		current = s.refresh(current.RefreshToken)
		return kidOf(t, current.AccessToken) == ids[1]
	}, patience, 500*time.Millisecond)
	require.Equal(t, old.User.ID, s.user(old.AccessToken), "tokens of the old key are still good")
	require.Equal(t, old.User.ID, s.user(current.AccessToken))
	require.Equal(t, ids, s.published())
}

func TestKeysRotate_ByDefaultTheNewKeyIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir())
	s := serve(t, environ)
	jane := s.signUp("jane@example.com")
	before := time.Now()
	mustExecute(t, environ, "keys", "rotate")
	states, ids := keyStates(t, environ)
	require.Equal(t, []string{"signing", "upcoming"}, states)
	require.Eventually(t, func() bool { return slices.Equal(ids, s.published()) }, patience, 500*time.Millisecond)
	require.Equal(t, ids[0], kidOf(t, s.refresh(jane.RefreshToken).AccessToken))
	row := strings.Fields(strings.Split(mustExecute(t, environ, "keys", "list"), "\n")[2])
	from, err := time.Parse(time.RFC3339, row[3])
	require.NoError(t, err)
	require.WithinRange(t, from, before.Add(2*time.Minute-time.Second), time.Now().Add(2*time.Minute))
}

func TestKeysRotate_ATokenOfTheNewKeyIsGoodAtOnceOnAServerThatHasNotSeenIt(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir())
	first := serve(t, environ)
	jane := first.signUp("jane@example.com")
	mustExecute(t, environ, "keys", "rotate", "--after=0")
	second := serve(t, environ)
	token := second.refresh(jane.RefreshToken).AccessToken
	require.NotEqual(t, kidOf(t, jane.AccessToken), kidOf(t, token))
	require.Equal(t, jane.User.ID, first.user(token))
}

func TestKeysRotate_TakesTheConfiguredAlgorithm(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir(), "AUTH_SIGNING_ALGORITHM=EdDSA")
	require.NoError(t, serve(t, inFolder(strings.TrimSuffix(environ[1][len("AUTH_DATA_DIR="):], "/data"))).end())
	require.Contains(t, mustExecute(t, environ, "keys", "rotate"), "(EdDSA, generation 2)")
	_, err := execute(t, environ, "keys", "rotate", "--after=-1s")
	require.ErrorContains(t, err, "--after must not be negative")
}

func TestKeys_AreNotInTheDatabaseWhileTheConfigurationHoldsTheKey(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir(), `HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"hunter2-signs-everything-for-32-bytes"}`, "AUTH_DEV_MODE=true")
	for _, command := range []string{"list", "rotate"} {
		out, err := execute(t, environ, "keys", command)
		require.EqualError(t, err, "HASURA_GRAPHQL_JWT_SECRET holds the signing key; the database has none while it is set")
		require.Empty(t, out)
	}
	s := serve(t, environ)
	require.Empty(t, s.published())
	status, text := s.send(http.MethodGet, "/user", s.signUp("jane@example.com").AccessToken, "")
	require.Equal(t, http.StatusOK, status, text)
}

func TestKeys_NeedADatabaseThatIsUpToDate(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"list", "rotate"} {
		_, err := execute(t, inFolder(t.TempDir()), "keys", command)
		require.ErrorContains(t, err, "hexauth migrate up")
	}
}
