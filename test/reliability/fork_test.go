package reliability

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// grace is AUTH_REFRESH_TOKEN_GRACE of the tests that outwait it.
const grace = 5 * time.Second

// refreshTogether refreshes with one token n times at once, in turns on each of the instances. All must get the same session.
func refreshTogether(t *testing.T, instances []client, current session, n int) session {
	t.Helper()
	sessions := make([]session, n)
	var wrong complaints
	parallel(n, func(i int) {
		a, err := instances[i%len(instances)].refresh(current.RefreshToken)
		if err == nil {
			sessions[i], err = a.session()
		}
		if err != nil {
			wrong.add("%v", err)
		}
	})
	wrong.requireNone(t)
	for _, s := range sessions {
		require.Equal(t, current.ID, s.ID)
		require.Equal(t, sessions[0].RefreshToken, s.RefreshToken)
		require.NotEqual(t, current.RefreshToken, s.RefreshToken)
	}
	return sessions[0]
}

func TestParallelRefreshes_OnTwoInstancesNeverForkASession(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 20, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.Database(t)
			env := environment(dsn, "AUTH_REFRESH_TOKEN_GRACE", grace.String())
			servers := []*proc.Server{proc.Start(t, env), proc.Start(t, env)}
			instances := []client{newClient(t, servers[0].URL), newClient(t, servers[1].URL)}

			first := mustSession(t)(instances[0].signUp(address()))
			second := refreshTogether(t, instances, first, n)
			require.Equal(t, second.RefreshToken, refreshTogether(t, instances, first, n).RefreshToken)
			third := refreshTogether(t, instances, second, n)
			require.Equal(t, 1, query[int](t, dsn, "SELECT count(*) FROM auth.refresh_tokens"))
			for _, s := range []session{second, third} { // signed by either instance, good at both
				mustStatus(t, http.StatusOK)(instances[0].get("/user", s.AccessToken))
				mustStatus(t, http.StatusOK)(instances[1].get("/user", s.AccessToken))
			}

			time.Sleep(grace + time.Second/2)
			mustStatus(t, http.StatusUnauthorized)(instances[1].refresh(first.RefreshToken))
			for _, instance := range instances {
				mustStatus(t, http.StatusUnauthorized)(instance.refresh(third.RefreshToken))
			}
			require.Zero(t, query[int](t, dsn, "SELECT count(*) FROM auth.refresh_tokens"))
			requireReuseLogged(t, servers, first.ID)
		})
	}
}

// requireReuseLogged demands one event in the logs of all servers, with the session and without a token.
func requireReuseLogged(t *testing.T, servers []*proc.Server, id string) {
	t.Helper()
	var logs string
	for _, server := range servers {
		logs += server.Log()
	}
	require.Equal(t, 1, countLines(logs, "refresh_token_reused"))
	for line := range strings.Lines(logs) {
		if strings.Contains(line, "refresh_token_reused") {
			require.Contains(t, line, `"session_id":"`+id+`"`)
			require.Contains(t, line, `"level":"WARN"`)
		}
	}
}

func TestParallelReuse_EndsThatSessionAlone(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		url, count := database.open(t)
		server := proc.Start(t, environment(url, "AUTH_REFRESH_TOKEN_GRACE", "0s"))
		c := newClient(t, server.URL)
		first := mustSession(t)(c.anonymous())
		bystander := mustSession(t)(c.anonymous())
		mustSession(t)(c.refresh(first.RefreshToken))
		var wrong complaints
		parallel(50, func(int) {
			a, err := c.refresh(first.RefreshToken)
			if err == nil {
				err = a.check(http.StatusUnauthorized)
			}
			if err != nil {
				wrong.add("%v", err)
			}
		})
		wrong.requireNone(t)
		require.Equal(t, 1, count("SELECT count(*) FROM auth.refresh_tokens"), database.name)
		require.NotZero(t, countLines(server.Log(), "refresh_token_reused"))
		mustSession(t)(c.refresh(bystander.RefreshToken))
	}
}

func TestParallelRefreshes_OnSQLiteNeverForkASession(t *testing.T) {
	t.Parallel()
	c := newClient(t, proc.Start(t, nil).URL) // nothing configured
	s := mustSession(t)(c.signUp(address()))
	for range 3 {
		s = refreshTogether(t, []client{c}, s, 100)
	}
}

func TestSignUps_OfOneAddressAtOnceCreateOneUser(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		url, count := database.open(t)
		env := environment(url, "AUTH_PASSWORD_HASH_CONCURRENCY", "20") // so that nobody waits for a turn
		instances := []client{newClient(t, proc.Start(t, env).URL), newClient(t, proc.Start(t, env).URL)}
		email := address()
		statuses := make([]int, 20)
		parallel(len(statuses), func(i int) {
			if a, err := instances[i%2].signUp(email); err == nil {
				statuses[i] = a.status
			}
		})
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: 19}, counts, database.name)
		require.Equal(t, 1, count("SELECT count(*) FROM auth.users"))
		require.Equal(t, 1, count("SELECT count(*) FROM auth.refresh_tokens"))
	}
}
