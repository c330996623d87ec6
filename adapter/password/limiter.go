package password

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

var (
	errQueueFull = errors.New("too many callers wait for password hashing")
	errTooSlow   = errors.New("waited too long for password hashing")
)

// limiter lets a fixed number of callers work at once and a fixed number of others wait, in the order in which they came.
type limiter struct {
	slots    chan struct{}
	maxQueue int64
	timeout  time.Duration
	queued   atomic.Int64
	full     atomic.Int64 // callers turned away because the queue was full
	late     atomic.Int64 // callers turned away because they waited too long
	waited   func(time.Duration)
	clock    port.Clock // where waited is set
}

// acquire takes a slot, which release gives back. It waits for at most the timeout and as long as ctx lives.
func (l *limiter) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.slots <- struct{}{}:
		l.report(0)
		return nil
	default:
	}
	defer l.queued.Add(-1)
	if l.queued.Add(1) > l.maxQueue {
		l.full.Add(1)
		return fmt.Errorf("%w: %w", domain.Unavailable, errQueueFull)
	}
	if l.waited != nil {
		since := l.clock.Now()
		defer func() { l.report(l.clock.Now().Sub(since)) }()
	}
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-timer.C:
		l.late.Add(1)
		return fmt.Errorf("%w: %w", domain.Unavailable, errTooSlow)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *limiter) report(wait time.Duration) {
	if l.waited != nil {
		l.waited(wait)
	}
}

func (l *limiter) release() { <-l.slots }
