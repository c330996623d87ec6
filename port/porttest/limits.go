package porttest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// LimiterClock is the clock of the limiter under test.
type LimiterClock interface {
	port.Clock
	// Advance lets time pass.
	Advance(d time.Duration)
}

// RateLimiter is the suite of port.RateLimiter. Each call of open gives a limiter that has counted nothing, and its clock, which
// stands still between calls of Advance.
func RateLimiter(t *testing.T, open func(t *testing.T) (port.RateLimiter, LimiterClock)) {
	bucket := func(name string, burst int) domain.Bucket {
		return domain.Bucket{Name: name, Limit: domain.Limit{Burst: burst, Interval: time.Minute}}
	}
	take := func(t *testing.T, l port.RateLimiter, client string, buckets ...domain.Bucket) domain.Usage {
		usage, err := l.Take(t.Context(), client, buckets)
		require.NoError(t, err)
		return usage
	}
	t.Run("the burst is admitted, and tells what is left", func(t *testing.T) {
		limiter, clock := open(t)
		_, remaining := bucket("a", 3).Limit.WindowAt(clock.Now())
		for left := 2; left >= 0; left-- {
			usage := take(t, limiter, "192.0.2.1", bucket("a", 3))
			require.True(t, usage.Admitted)
			require.Equal(t, left, usage.Left)
			require.Equal(t, bucket("a", 3).Limit, usage.Limit)
		}
		refused := take(t, limiter, "192.0.2.1", bucket("a", 3))
		require.Equal(t, domain.Usage{Limit: bucket("a", 3).Limit, Reset: remaining + time.Millisecond}, refused)
		clock.Advance(refused.Reset - time.Millisecond)
		require.False(t, take(t, limiter, "192.0.2.1", bucket("a", 3)).Admitted)
		clock.Advance(time.Millisecond)
		require.True(t, take(t, limiter, "192.0.2.1", bucket("a", 3)).Admitted)
	})
	t.Run("clients and buckets are counted apart", func(t *testing.T) {
		limiter, _ := open(t)
		for _, client := range []string{"192.0.2.1", "192.0.2.11", "2001:db8::/64", "unknown"} {
			for _, name := range []string{"a", "ab", "b"} {
				require.True(t, take(t, limiter, client, bucket(name, 1)).Admitted)
				require.False(t, take(t, limiter, client, bucket(name, 1)).Admitted)
			}
		}
	})
	t.Run("a shared bucket counts all clients together", func(t *testing.T) {
		limiter, _ := open(t)
		shared := bucket("a", 2)
		shared.Shared = true
		require.True(t, take(t, limiter, "192.0.2.1", shared).Admitted)
		require.True(t, take(t, limiter, "192.0.2.2", shared).Admitted)
		require.False(t, take(t, limiter, "192.0.2.3", shared).Admitted)
	})
	t.Run("buckets count in order up to the one that refuses", func(t *testing.T) {
		limiter, _ := open(t)
		first, second, third := bucket("a", 4), bucket("b", 2), bucket("c", 3)
		require.Equal(t, second.Limit, take(t, limiter, "x", first, second, third).Limit)
		require.Equal(t, 0, take(t, limiter, "x", first, second, third).Left)
		refused := take(t, limiter, "x", first, second, third)
		require.False(t, refused.Admitted)
		require.Equal(t, second.Limit, refused.Limit)
		require.Equal(t, 0, take(t, limiter, "x", first).Left, "the first has counted four")
		require.Equal(t, 0, take(t, limiter, "x", third).Left, "the third has counted three")
	})
	t.Run("it decides as the rule says, whatever the pace", func(t *testing.T) {
		limiter, clock := open(t)
		limit := domain.Limit{Burst: 5, Interval: time.Second}
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that repeats
		counts := map[int64]int{}
		for range 2000 {
			clock.Advance(time.Duration(random.IntN(400)) * time.Millisecond)
			index, remaining := limit.WindowAt(clock.Now())
			w := domain.Window{Previous: counts[index-1], Current: counts[index], Remaining: remaining}
			admitted := limit.Admits(w)
			if admitted {
				counts[index]++
				w.Current++
			}
			require.Equal(t, limit.Usage(w, admitted), take(t, limiter, "x", domain.Bucket{Name: "a", Limit: limit}))
		}
	})
	t.Run("a hundred callers at once are admitted exactly as often as the limit says", func(t *testing.T) {
		limiter, _ := open(t)
		require.Equal(t, int64(37), admitted(t, 100, func(int) domain.Usage { return take(t, limiter, "x", bucket("wide", 1000), bucket("a", 37)) }))
		require.Equal(t, int64(100), admitted(t, 100, func(i int) domain.Usage { return take(t, limiter, fmt.Sprint(i), bucket("b", 1)) }))
	})
}

// admitted counts how many of n callers at once are admitted.
func admitted(t *testing.T, n int, take func(i int) domain.Usage) int64 {
	t.Helper()
	var count atomic.Int64
	var callers sync.WaitGroup
	for i := range n {
		callers.Go(func() {
			if take(i).Admitted {
				count.Add(1)
			}
		})
	}
	callers.Wait()
	return count.Load()
}
