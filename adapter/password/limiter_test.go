package password_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// gate is a source of salts that lets nobody pass before it is opened. It keeps hashing under way for as long as a test needs,
// and counts how many are at it at once.
type gate struct {
	open    chan struct{}
	inside  atomic.Int64
	highest atomic.Int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Read(p []byte) (int, error) {
	now := g.inside.Add(1)
	for high := g.highest.Load(); now > high && !g.highest.CompareAndSwap(high, now); high = g.highest.Load() {
	}
	<-g.open
	g.inside.Add(-1)
	return len(p), nil
}

// start runs n callers of Hash and returns a channel with their errors.
func start(ctx context.Context, h *password.Hasher, n int) <-chan error {
	errs := make(chan error, n)
	for range n {
		go func() {
			_, err := h.Hash(ctx, "correct horse")
			errs <- err
		}()
	}
	return errs
}

func waitFor(t *testing.T, h *password.Hasher, running, queued int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		stats := h.Stats()
		return stats.Running == running && stats.Waiting == queued
	}, time.Minute, time.Millisecond)
}

func receive(t *testing.T, errs <-chan error) error {
	t.Helper()
	select {
	case err := <-errs:
		return err
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		return nil
	}
}

func TestLimiter_NeverRunsMoreThanConcurrencyAtOnce(t *testing.T) {
	g := newGate()
	h := newHasher(t, password.Options{Concurrency: 3, QueueTimeout: time.Minute, Salt: g})
	errs := start(context.Background(), h, 100)
	waitFor(t, h, 3, 97)
	close(g.open)
	for range 100 {
		require.NoError(t, receive(t, errs))
	}
	require.LessOrEqual(t, g.highest.Load(), int64(3))
	require.Equal(t, port.HashingStats{Hashes: 100}, h.Stats())
}

func TestLimiter_AnswersUnavailableAtOnceWhenTheQueueIsFull(t *testing.T) {
	g := newGate()
	h := newHasher(t, password.Options{Concurrency: 2, MaxQueue: 10, QueueTimeout: time.Minute, Salt: g})
	errs := start(context.Background(), h, 100)
	for range 88 { // they are answered while the gate is shut and the timeout far away
		require.ErrorIs(t, receive(t, errs), domain.Unavailable)
	}
	waitFor(t, h, 2, 10)
	close(g.open)
	for range 12 {
		require.NoError(t, receive(t, errs))
	}
	require.Equal(t, port.HashingStats{Hashes: 12, QueueFull: 88}, h.Stats())
}

func TestLimiter_AnswersUnavailableAfterTheTimeout(t *testing.T) {
	g := newGate()
	h := newHasher(t, password.Options{Concurrency: 1, QueueTimeout: 20 * time.Millisecond, Salt: g})
	first := start(context.Background(), h, 1)
	waitFor(t, h, 1, 0)

	began := time.Now()
	_, _, err := h.Verify(context.Background(), "", "correct horse")
	require.ErrorIs(t, err, domain.Unavailable)
	require.GreaterOrEqual(t, time.Since(began), 20*time.Millisecond)
	close(g.open)
	require.NoError(t, receive(t, first))
	require.NoError(t, receive(t, start(context.Background(), h, 1)))
	require.Equal(t, port.HashingStats{Hashes: 2, TimedOut: 1}, h.Stats())
}

func TestLimiter_TellsHowLongEachCallerWaited(t *testing.T) {
	g, clock, waits := newGate(), kit.NewClock(), make(chan time.Duration, 3)
	h := newHasher(t, password.Options{
		Concurrency: 1, MaxQueue: 1, QueueTimeout: time.Minute, Salt: g, Clock: clock, Waited: func(wait time.Duration) { waits <- wait },
	})
	errs := start(context.Background(), h, 1)
	require.Zero(t, <-waits, "a free slot")
	waitFor(t, h, 1, 0)
	second := start(context.Background(), h, 1)
	waitFor(t, h, 1, 1)
	require.ErrorIs(t, receive(t, start(context.Background(), h, 1)), domain.Unavailable)
	require.Empty(t, waits, "nobody waited who was turned away at once")
	clock.Advance(1500 * time.Millisecond)
	close(g.open)
	require.NoError(t, receive(t, errs))
	require.NoError(t, receive(t, second))
	require.Equal(t, 1500*time.Millisecond, <-waits)
}

func TestLimiter_CallersWhoHangUpLeaveTheQueueAtOnce(t *testing.T) {
	g := newGate()
	h := newHasher(t, password.Options{Concurrency: 1, QueueTimeout: time.Minute, Salt: g})
	first := start(context.Background(), h, 1)
	waitFor(t, h, 1, 0)
	ctx, cancel := context.WithCancel(context.Background())
	waiting := start(ctx, h, 20)
	waitFor(t, h, 1, 20)
	cancel()
	for range 20 {
		err := receive(t, waiting)
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, errors.Is(err, domain.Unavailable))
	}
	waitFor(t, h, 1, 0)
	close(g.open)
	require.NoError(t, receive(t, first))
}

func TestLimiter_DoesNothingForCallersWhoHaveHungUpAlready(t *testing.T) {
	h := newHasher(t, password.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := h.Hash(ctx, "correct horse")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = h.Verify(ctx, "", "correct horse")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, port.HashingStats{}, h.Stats())
}

func TestLimiter_BoundsHashingAndVerifyingTogether(t *testing.T) {
	h := newHasher(t, password.Options{Concurrency: 2, QueueTimeout: time.Minute})
	stop := make(chan struct{})
	var highest atomic.Int64
	var watcher, callers sync.WaitGroup
	watcher.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				running := h.Stats().Running
				highest.Store(max(highest.Load(), running))
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	for range 20 {
		callers.Go(func() { hash(t, h, "correct horse") })
		callers.Go(func() { verify(t, h, "", "correct horse") })
	}
	callers.Wait()
	close(stop)
	watcher.Wait()
	require.LessOrEqual(t, highest.Load(), int64(2))
	require.Equal(t, port.HashingStats{Hashes: 40}, h.Stats())
}
