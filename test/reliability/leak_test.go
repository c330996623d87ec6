package reliability

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// burst sends n requests of all kinds. Every third client hangs up after at most some milliseconds, some in the middle of
// their request.
func burst(c client, s session, n int) {
	parallel(32, func(int) {
		for i := range n / 32 {
			ctx, cancel := context.WithCancel(context.Background())
			if i%3 == 0 {
				ctx, cancel = context.WithTimeout(context.Background(), time.Duration(rand.IntN(4000))*time.Microsecond)
			}
			switch i % 8 {
			case 0, 1:
				_, _ = c.call(ctx, http.MethodPost, "/signin/anonymous", "", object{})
			case 2, 3:
				_, _ = c.call(ctx, http.MethodPost, "/token", "", object{"refreshToken": s.RefreshToken})
			case 4:
				_, _ = c.call(ctx, http.MethodPost, "/signout", "", object{"refreshToken": "none"})
			case 5:
				_, _ = c.call(ctx, http.MethodGet, "/nowhere", "", nil)
			case 6:
				if conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://")); err == nil {
					_, _ = io.WriteString(conn, head+"Content-Length: 64\r\n\r\n{")
					_ = conn.Close()
				}
			default:
				_, _ = c.call(ctx, http.MethodGet, "/user", s.AccessToken, nil)
			}
			cancel()
		}
	})
	parallel(8, func(int) { // hashing, too
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, _ = c.call(ctx, http.MethodPost, "/signup/email-password", "", object{"email": address(), "password": password})
	})
	c.http.CloseIdleConnections()
}

// goroutines ends a server with SIGQUIT, on which Go's runtime prints every goroutine, and counts them.
func goroutines(t *testing.T, server *proc.Server) int {
	t.Helper()
	require.NoError(t, syscall.Kill(pidOf(t, server), syscall.SIGQUIT))
	require.Equal(t, 2, server.Wait())
	n := strings.Count(server.Log(), "\ngoroutine ")
	require.NotZero(t, n)
	return n
}

func TestLeaks_ABurstWithHangUpsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	pool, err := strconv.Atoi(poolSize)
	require.NoError(t, err)
	run := func(requests int) int {
		dsn := pgtest.Database(t)
		server := proc.Start(t, environment(dsn, "AUTH_DATABASE_POOL_SIZE", poolSize))
		pid := pidOf(t, server)
		// Connections of the pool are kept and are no leak.
		others := func() int { return openFiles(t, pid) - connections(t, dsn) }
		before := others()
		c := newClient(t, server.URL)
		s := mustSession(t)(c.signUp(address()))
		burst(c, s, requests)
		mustSession(t)(c.anonymous())
		c.http.CloseIdleConnections()
		eventually(t, limit, "files and connections are back", func() bool {
			return connections(t, dsn) <= pool && others() <= before
		})
		return goroutines(t, server)
	}
	few, many := run(320), run(4000)
	t.Logf("goroutines: %d after few requests, %d after many", few, many)
	require.InDelta(t, few, many, 10)
}
