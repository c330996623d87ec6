package reliability

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// terminate asks a server to stop.
func terminate(t *testing.T, server *proc.Server) {
	t.Helper()
	require.NoError(t, syscall.Kill(pidOf(t, server), syscall.SIGTERM))
}

// requireClosed waits until the server takes no new connections.
func requireClosed(t *testing.T, server *proc.Server) {
	t.Helper()
	eventually(t, limit, "new connections are refused", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

// The requests are held where the test can see them: each waits for a lock in the database.
func TestStop_LetsRequestsUnderWayFinishAndTakesNoNewOnes(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	env := environment(dsn, "AUTH_DATABASE_TIMEOUT", "10m", "AUTH_DATABASE_POOL_SIZE", poolSize)
	server := proc.Start(t, env)
	c := newClient(t, server.URL)
	unlock := lockTable(t, dsn, "auth.user_roles")
	answers := make([]answer, mayWait)
	emails := make([]string, mayWait)
	var underWay sync.WaitGroup
	for i := range answers {
		emails[i] = address()
		underWay.Go(func() { answers[i], _ = c.signUp(emails[i]) })
	}
	eventually(t, limit, "all sign-ups wait for the lock", func() bool { return waitingForLocks(t, dsn) == mayWait })

	terminate(t, server)
	requireClosed(t, server)
	require.Equal(t, mayWait, waitingForLocks(t, dsn))
	unlock()
	underWay.Wait()
	require.Equal(t, 0, server.Wait())
	require.Equal(t, 1, countLines(server.Log(), `"msg":"stopped"`))
	eventually(t, limit, "its connections to the database are gone", func() bool { return connections(t, dsn) == 0 })

	again := newClient(t, proc.Start(t, env).URL)
	for i, a := range answers {
		s := mustSession(t)(a, nil)
		mustSession(t)(again.refresh(s.RefreshToken))
		mustSession(t)(again.signIn(emails[i]))
	}
}

func TestStop_FinishesTheHashingThatIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		url, _ := database.open(t)
		env := environment(url, "AUTH_PASSWORD_HASH_CONCURRENCY", "1")
		server := proc.Start(t, env)
		c := newClient(t, server.URL)
		email := address()
		mustSession(t)(c.signUp(email))
		// All connections are open and have been used, so that every request is under way soon after the first is answered.
		parallel(8, func(int) { _, _ = c.signIn(email) })
		var answered atomic.Int64
		var wrong complaints
		var stopping sync.WaitGroup
		stopping.Go(func() {
			for answered.Load() < 2 {
				time.Sleep(time.Millisecond)
			}
			terminate(t, server)
		})
		parallel(8, func(int) { // few enough that nobody's turn to hash comes too late on a busy machine
			if a, err := c.signIn(email); err != nil || a.status != http.StatusOK {
				wrong.add("%v %v", a, err)
			}
			answered.Add(1)
		})
		stopping.Wait()
		started := time.Now()
		require.Equal(t, 0, server.Wait())
		require.Less(t, time.Since(started), 30*time.Second)
		wrong.requireNone(t)
		mustSession(t)(newClient(t, proc.Start(t, env).URL).signIn(email))
	}
}

func TestStop_DoesNotWaitForIdleOrSilentConnections(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	c := newClient(t, server.URL)
	parallel(10, func(int) { _, _ = c.get("/healthz", "") }) // kept alive
	dial(t, server.URL)
	started := time.Now()
	require.Equal(t, 0, server.Stop())
	require.Less(t, time.Since(started), 10*time.Second)
}
