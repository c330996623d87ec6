package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/ratelimit"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/kit"
)

func bucket(burst int) []domain.Bucket {
	return []domain.Bucket{{Name: "a", Limit: domain.Limit{Burst: burst, Interval: time.Minute}}}
}

func TestMemory_IsARateLimiter(t *testing.T) {
	porttest.RateLimiter(t, func(*testing.T) (port.RateLimiter, porttest.LimiterClock) {
		clock := kit.NewClock()
		return ratelimit.NewMemory(clock), clock
	})
}

func TestMemory_ForgetsWhatHasEnded(t *testing.T) {
	t.Parallel()
	clock := kit.NewClock()
	m := ratelimit.NewMemory(clock)
	for i := range 5000 {
		_, _ = m.Take(t.Context(), fmt.Sprint(i), bucket(3))
	}
	require.Equal(t, 5000, m.Len())
	clock.Advance(2 * time.Minute)
	for i := range 500 { // reaches every shard
		_, _ = m.Take(t.Context(), fmt.Sprint("new", i), bucket(3))
	}
	require.Equal(t, 500, m.Len())
}

func TestMemory_IsBoundedAndKeepsTheCountersThatMatter(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(kit.NewClock())
	busy := func(i int) string { return fmt.Sprint("busy", i) }
	for i := range 100 {
		for range 5 {
			_, _ = m.Take(t.Context(), busy(i), bucket(5))
		}
	}
	for i := range 2 * ratelimit.Capacity {
		_, _ = m.Take(t.Context(), fmt.Sprint(i), bucket(5))
	}
	require.LessOrEqual(t, m.Len(), ratelimit.Capacity)
	for i := range 100 {
		usage, err := m.Take(t.Context(), busy(i), bucket(5))
		require.NoError(t, err)
		require.False(t, usage.Admitted, i)
	}
}

func TestMemory_AClockThatIsSetBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	clock := kit.NewClock()
	m := ratelimit.NewMemory(clock)
	_, _ = m.Take(t.Context(), "x", bucket(1))
	clock.Advance(-time.Hour)
	usage, err := m.Take(t.Context(), "x", bucket(1))
	require.NoError(t, err)
	require.True(t, usage.Admitted)
	usage, _ = m.Take(t.Context(), "x", bucket(1))
	require.False(t, usage.Admitted)
}

func TestMemory_CostsNoAllocationOnceAClientIsKnown(t *testing.T) {
	m, buckets := ratelimit.NewMemory(kit.NewClock()), append(bucket(1_000_000), bucket(1_000_000)...)
	ctx := context.Background()
	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = m.Take(ctx, "192.0.2.1", buckets) }))
}

// breakable is a limiter that may be away, and slow about it.
type breakable struct {
	port.RateLimiter
	away  atomic.Bool
	asked atomic.Int64
}

func (b *breakable) Take(ctx context.Context, client string, buckets []domain.Bucket) (domain.Usage, error) {
	b.asked.Add(1)
	if b.away.Load() {
		return domain.Usage{}, errors.New("connection refused")
	}
	return b.RateLimiter.Take(ctx, client, buckets)
}

type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// events are the attributes event of what was logged, in order.
func (l *logbook) events() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for line := range strings.Lines(l.text.String()) {
		_, rest, _ := strings.Cut(line, "event=")
		found = append(found, strings.Fields(rest)[0])
	}
	return found
}

func newFallback() (*ratelimit.Fallback, *breakable, *kit.Clock, *logbook) {
	clock, log := kit.NewClock(), &logbook{}
	shared := &breakable{RateLimiter: ratelimit.NewMemory(clock)}
	return ratelimit.NewFallback(shared, ratelimit.NewMemory(clock), clock, slog.New(slog.NewTextHandler(log, nil))), shared, clock, log
}

func TestFallback_IsARateLimiter(t *testing.T) {
	porttest.RateLimiter(t, func(*testing.T) (port.RateLimiter, porttest.LimiterClock) {
		f, _, clock, _ := newFallback()
		return f, clock
	})
}

func TestFallback_CountsAloneWhileTheSharedLimiterIsAwayAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	f, shared, clock, log := newFallback()
	admits := func() bool {
		usage, err := f.Take(t.Context(), "x", bucket(2))
		require.NoError(t, err)
		return usage.Admitted
	}
	require.True(t, admits())
	shared.away.Store(true)
	require.True(t, admits())
	require.True(t, admits())
	require.False(t, admits(), "the limit holds without the shared limiter")
	require.Equal(t, int64(2), shared.asked.Load(), "it is left alone after it failed")
	clock.Advance(ratelimit.Pause)
	require.False(t, admits())
	require.False(t, admits())
	require.Equal(t, int64(3), shared.asked.Load(), "one request tries it again")
	require.Equal(t, []string{"rate_limit_store_lost"}, log.events())
	shared.away.Store(false)
	clock.Advance(ratelimit.Pause)
	require.True(t, admits(), "the shared counter has one left")
	require.False(t, admits())
	require.Equal(t, []string{"rate_limit_store_lost", "rate_limit_store_back"}, log.events())
}

func TestFallback_TriesAgainAlthoughTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	f, shared, clock, log := newFallback()
	shared.away.Store(true)
	_, _ = f.Take(t.Context(), "x", bucket(2))
	shared.away.Store(false)
	clock.Advance(-time.Hour)
	_, _ = f.Take(t.Context(), "x", bucket(2))
	require.Equal(t, []string{"rate_limit_store_lost", "rate_limit_store_back"}, log.events())
}

func TestFallback_AHundredCallersSeeOneLossAndOneReturn(t *testing.T) {
	t.Parallel()
	f, shared, clock, log := newFallback()
	storm := func() {
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() { _, _ = f.Take(t.Context(), "x", bucket(10)) })
		}
		callers.Wait()
	}
	shared.away.Store(true)
	storm()
	asked := shared.asked.Load()
	clock.Advance(ratelimit.Pause)
	storm()
	require.Equal(t, asked+1, shared.asked.Load())
	shared.away.Store(false)
	clock.Advance(ratelimit.Pause)
	storm()
	require.Equal(t, []string{"rate_limit_store_lost", "rate_limit_store_back"}, log.events())
}
