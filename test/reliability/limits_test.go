package reliability

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
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

// sharing are servers that count in one store.
type sharing struct {
	servers []*proc.Server
	clients int // that have asked so far
}

// events counts how often the servers said that they had lost the store, and that it was back.
func (s *sharing) events() (lost, back int) {
	for _, server := range s.servers {
		log := server.Log()
		lost += strings.Count(log, "rate_limit_store_lost")
		back += strings.Count(log, "rate_limit_store_back")
	}
	return lost, back
}

// undisturbed lets new clients ask, one after the other, until the store was there, or away, all the time that one asked: when the
// machine is very busy it does not answer in time, and for a moment each server counts alone. It returns the answers to that one.
func (s *sharing) undisturbed(t testing.TB, there bool, asks func(client string) []int) []int {
	t.Helper()
	for range 50 {
		s.clients++
		lost, back := s.events()
		answers := asks(fmt.Sprintf("198.51.100.%d", s.clients))
		if lostNow, backNow := s.events(); (lost == back) == there && lost == lostNow && back == backNow {
			return answers
		}
	}
	require.FailNow(t, "the store comes and goes")
	return nil
}

func TestLimits_TwoInstancesAdmitTogetherWhatTheLimitSays(t *testing.T) {
	redistest.Each(t, func(t *testing.T, redis *redistest.Server) {
		s := sharing{servers: []*proc.Server{limited(t, redis, 60), limited(t, redis, 60)}}
		answers := s.undisturbed(t, true, func(client string) []int {
			var admitted, refused atomic.Int64
			parallel(100, func(i int) {
				switch ask(s.servers[i%2], client) {
				case http.StatusOK:
					admitted.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				}
			})
			return []int{int(admitted.Load()), int(refused.Load())}
		})
		require.Equal(t, []int{60, 40}, answers)
		require.Equal(t, http.StatusOK, ask(s.servers[0], "203.0.113.1"))
	})
}

func TestLimits_NoRequestFailsWhileRedisIsAwayAndTheLimitsStay(t *testing.T) {
	redistest.Each(t, func(t *testing.T, redis *redistest.Server) {
		server := limited(t, redis, 5)
		s := sharing{servers: []*proc.Server{server}}
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
		const admitted, refused = http.StatusOK, http.StatusTooManyRequests
		limitHolds := func(there bool) {
			require.Equal(t, []int{admitted, admitted, admitted, admitted, admitted, refused}, s.undisturbed(t, there, func(client string) []int {
				var answers []int
				for range 6 {
					answers = append(answers, ask(server, client))
				}
				return answers
			}))
		}
		storeIs := func(there bool) {
			eventually(t, limit, "the store is noticed", func() bool { lost, back := s.events(); return (lost == back) == there })
		}
		limitHolds(true)
		redis.Stop()
		storeIs(false)
		limitHolds(false)
		redis.Start()
		storeIs(true)
		limitHolds(true)
		stop()
		load.Wait()
		require.Zero(t, failed.Load(), "of %d", others.Load())
		require.Greater(t, others.Load(), int64(100))
		said := regexp.MustCompile(`rate_limit_store_(lost|back)`).FindAllString(server.Log(), -1)
		for i, event := range said {
			require.Equal(t, []string{"rate_limit_store_lost", "rate_limit_store_back"}[i%2], event, "it is said once")
		}
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
