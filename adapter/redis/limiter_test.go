package redis_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/redis"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/redistest"
)

// patience is for what happens at once unless the machine is very busy.
const patience = time.Minute

// open returns a limiter that waits for a busy machine.
func open(t testing.TB, o redis.Options) *redis.Limiter {
	t.Helper()
	o.Timeout = patience
	return openInAHurry(t, o)
}

func openInAHurry(t testing.TB, o redis.Options) *redis.Limiter {
	t.Helper()
	limiter, err := redis.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = limiter.Close() })
	return limiter
}

func bucket(name string, burst int) domain.Bucket {
	return domain.Bucket{Name: name, Limit: domain.Limit{Burst: burst, Interval: time.Hour}}
}

func TestLimiter_IsARateLimiter(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s *redistest.Server) {
		porttest.RateLimiter(t, func(t *testing.T) (port.RateLimiter, porttest.LimiterClock) {
			clock := kit.NewClock()
			return open(t, redis.Options{URL: s.URL(), Prefix: uuid.NewString(), Clock: clock}), clock
		})
	})
}

func TestLimiter_InstancesShareTheirCountersByTheClockOfTheServer(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s *redistest.Server) {
		one, other := open(t, redis.Options{URL: s.URL()}), open(t, redis.Options{URL: strings.Replace(s.URL(), "redis", "valkey", 1)})
		for left := 3; left >= 0; left-- {
			usage, err := []*redis.Limiter{one, other}[left%2].Take(t.Context(), "x", []domain.Bucket{bucket("a", 4)})
			require.NoError(t, err)
			require.True(t, usage.Admitted)
			require.Equal(t, left, usage.Left)
			require.Positive(t, usage.Reset)
		}
		usage, err := other.Take(t.Context(), "x", []domain.Bucket{bucket("a", 4)})
		require.NoError(t, err)
		require.False(t, usage.Admitted)
	})
}

func TestLimiter_KeysHaveThePeersTextAndExpire(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s *redistest.Server) {
		clock := kit.NewClock()
		limiter := open(t, redis.Options{URL: s.URL(), Prefix: "auth:", Clock: clock})
		shared := domain.Bucket{Name: "global-email", Limit: bucket("", 9).Limit, Shared: true}
		_, err := limiter.Take(t.Context(), "2001:db8::/64", []domain.Bucket{bucket("user-global", 9), shared})
		require.NoError(t, err)
		index, _ := shared.Limit.WindowAt(clock.Now())
		direct := client.NewClient(&client.Options{Addr: s.Address})
		defer direct.Close()
		keys, err := direct.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.ElementsMatch(t, []string{
			"auth:user-global" + strconv.FormatInt(index, 10) + ":2001:db8::/64", "auth:global-email" + strconv.FormatInt(index, 10) + ":",
		}, keys)
		for _, key := range keys {
			left, err := direct.PTTL(t.Context(), key).Result()
			require.NoError(t, err)
			require.InDelta(t, 2*time.Hour, left, float64(time.Minute))
		}
	})
}

func TestLimiter_OneRoundTripCountsEveryBucket(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s *redistest.Server) {
		relay := newRelay(t, s.Address)
		limiter := open(t, redis.Options{URL: "redis://" + relay.address})
		buckets := []domain.Bucket{bucket("a", 99), bucket("b", 99), bucket("c", 99)}
		take := func() {
			_, err := limiter.Take(t.Context(), "x", buckets)
			require.NoError(t, err)
		}
		take() // connects, and teaches the server the script
		before := relay.requests.Load()
		for range 10 {
			take()
		}
		require.Equal(t, before+10, relay.requests.Load())
	})
}

func TestLimiter_TellsWhoWatchesOfEachStepAndWhetherItFailed(t *testing.T) {
	s := redistest.Start(t)
	var seen []string
	type mark struct{}
	limiter := open(t, redis.Options{URL: s.URL(), Trace: func(ctx context.Context, command string) (context.Context, func(error)) {
		require.Equal(t, "the request's", ctx.Value(mark{}))
		return ctx, func(err error) { seen = append(seen, command+" "+strconv.FormatBool(err == nil)) }
	}})
	ctx := context.WithValue(t.Context(), mark{}, "the request's")
	_, err := limiter.Take(ctx, "198.51.100.7", []domain.Bucket{bucket("a", 9), bucket("b", 9)})
	require.NoError(t, err)
	s.Stop()
	_, err = limiter.Take(ctx, "198.51.100.7", []domain.Bucket{bucket("a", 9)})
	require.Error(t, err)
	require.Equal(t, []string{"EVALSHA take.lua true", "EVALSHA take.lua false"}, seen)
}

func TestLimiter_FailsSoonWhenTheServerIsAwayOrSilent(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s *redistest.Server) {
		relay := newRelay(t, s.Address)
		limiter := openInAHurry(t, redis.Options{URL: "redis://user:secret-of-redis@" + relay.address})
		_, err := limiter.Take(t.Context(), "x", []domain.Bucket{bucket("a", 9)})
		require.Error(t, err, "the server has no such user")
		require.NotContains(t, err.Error(), "secret-of-redis")

		limiter = openInAHurry(t, redis.Options{URL: "redis://" + relay.address})
		take := func() error {
			started := time.Now()
			_, err := limiter.Take(t.Context(), "x", []domain.Bucket{bucket("a", 9)})
			require.Less(t, time.Since(started), 3*time.Second, "the library would wait for 5")
			return err
		}
		require.Eventually(t, func() bool { return take() == nil }, patience, 10*time.Millisecond)
		relay.silent.Store(true)
		require.Error(t, take())
		relay.silent.Store(false)
		require.Eventually(t, func() bool { return take() == nil }, patience, 10*time.Millisecond)
		s.Stop()
		require.Error(t, take())
		s.Start()
		require.Eventually(t, func() bool { return take() == nil }, patience, 10*time.Millisecond)
	})
}

func TestLimiter_CountsWhoHangsUp(t *testing.T) {
	s := redistest.Start(t)
	limiter := open(t, redis.Options{URL: s.URL()})
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	usage, err := limiter.Take(gone, "x", []domain.Bucket{bucket("a", 9)})
	require.NoError(t, err)
	require.Equal(t, 8, usage.Left)
}

func TestNew_RefusesWhatIsNoURLOfRedisWithoutRepeatingIt(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://localhost", "redis://:secret-of-redis@host:99999999/x", "postgres://:secret-of-redis@host"} {
		_, err := redis.New(redis.Options{URL: url})
		require.EqualError(t, err, "redis: the URL must be like redis://user:password@host:6379/0 or rediss://…", url)
	}
}
