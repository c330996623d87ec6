package reliability

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
	"github.com/hexauth/hexauth/test/redistest"
)

// limited starts a server that counts in Redis and admits burst requests of a client in an hour.
func limited(t *testing.T, redis *redistest.Server, burst int) *proc.Server {
	return proc.Start(t, map[string]string{
		"AUTH_DEV_MODE": "true", "AUTH_RATE_LIMIT_ENABLE": "true", "AUTH_RATE_LIMIT_REDIS_URL": redis.URL(),
		"AUTH_RATE_LIMIT_GLOBAL_BURST": fmt.Sprint(burst), "AUTH_RATE_LIMIT_GLOBAL_INTERVAL": "720h",
	})
}

// ask sends a request for a client behind a proxy and returns the status, 0 when there was no answer.
func ask(server *proc.Server, client string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/version", nil)
	if err != nil {
		return 0
	}
	request.Header.Set("X-Forwarded-For", client)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestLimits_TwoInstancesAdmitTogetherWhatTheLimitSays(t *testing.T) {
	redistest.Each(t, func(t *testing.T, redis *redistest.Server) {
		servers := []*proc.Server{limited(t, redis, 60), limited(t, redis, 60)}
		var admitted, refused atomic.Int64
		var callers sync.WaitGroup
		for i := range 100 {
			callers.Go(func() {
				switch ask(servers[i%2], "198.51.100.1") {
				case http.StatusOK:
					admitted.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				}
			})
		}
		callers.Wait()
		require.Equal(t, []int64{60, 40}, []int64{admitted.Load(), refused.Load()})
		require.Equal(t, http.StatusOK, ask(servers[0], "198.51.100.2"))
	})
}

func TestLimits_NoRequestFailsWhileRedisIsAwayAndTheLimitsStay(t *testing.T) {
	redistest.Each(t, func(t *testing.T, redis *redistest.Server) {
		server := limited(t, redis, 5)
		var others, failed atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		var load sync.WaitGroup
		for worker := range 4 {
			load.Go(func() {
				for i := 0; ctx.Err() == nil; i++ { // each client once, so none is refused
					others.Add(1)
					if ask(server, fmt.Sprintf("203.%d.%d.%d", worker, i/256%256, i%256)) != http.StatusOK {
						failed.Add(1)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		exhaust := func(client string) {
			for i := range 6 {
				want := http.StatusOK
				if i == 5 {
					want = http.StatusTooManyRequests
				}
				require.Equal(t, want, ask(server, client), i)
			}
		}
		says := func(event string, times int) {
			require.Eventually(t, func() bool { return strings.Count(server.Log(), event) >= times }, 20*time.Second, 10*time.Millisecond, event)
		}
		exhaust("198.51.100.1")
		redis.Stop()
		says("rate_limit_store_lost", 1)
		exhaust("198.51.100.2")
		redis.Start()
		says("rate_limit_store_back", 1)
		exhaust("198.51.100.3")
		stop()
		load.Wait()
		require.Zero(t, failed.Load(), "of %d", others.Load())
		require.Greater(t, others.Load(), int64(100))
		require.Equal(t, 1, strings.Count(server.Log(), "rate_limit_store_lost"), "it is said once")
		require.Equal(t, 1, strings.Count(server.Log(), "rate_limit_store_back"))
		for line := range strings.Lines(server.Log()) {
			require.True(t, strings.HasPrefix(line, "{"), "only lines of JSON: %s", line)
		}
	})
}

func TestLimits_AServerStartsWithoutRedis(t *testing.T) {
	redis := redistest.Start(t)
	redis.Stop()
	server := limited(t, redis, 1)
	require.Equal(t, []int{http.StatusOK, http.StatusTooManyRequests}, []int{ask(server, "198.51.100.1"), ask(server, "198.51.100.1")})
	require.Contains(t, server.Log(), "rate_limit_store_lost")
	require.Equal(t, 0, server.Stop())
}
