package ratelimit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Pause is how long a limiter that failed is left alone before one request tries it again.
const Pause = time.Second

// Fallback is a port.RateLimiter that counts in shared, and in local while shared fails. It says so in the log when that begins and
// when it ends, and never fails as long as local does not.
type Fallback struct {
	shared, local port.RateLimiter
	clock         port.Clock
	log           *slog.Logger
	retryAt       atomic.Int64 // Unix milliseconds; 0 while shared works
}

var _ port.RateLimiter = (*Fallback)(nil)

// NewFallback returns a limiter that begins with shared.
func NewFallback(shared, local port.RateLimiter, clock port.Clock, log *slog.Logger) *Fallback {
	return &Fallback{shared: shared, local: local, clock: clock, log: log}
}

// Take implements port.RateLimiter.
func (f *Fallback) Take(ctx context.Context, client string, buckets []domain.Bucket) (domain.Usage, error) {
	now, retryAt := f.clock.Now().UnixMilli(), f.retryAt.Load()
	if retryAt != 0 && !f.mayTry(now, retryAt) {
		return f.local.Take(ctx, client, buckets)
	}
	usage, err := f.shared.Take(ctx, client, buckets)
	if err != nil {
		if f.retryAt.Swap(now+Pause.Milliseconds()) == 0 {
			f.log.WarnContext(ctx, "rate limits are counted by each instance alone: the store they share does not answer",
				"event", "rate_limit_store_lost", "cause", err.Error())
		}
		return f.local.Take(ctx, client, buckets)
	}
	if retryAt != 0 && f.retryAt.Swap(0) != 0 {
		f.log.InfoContext(ctx, "rate limits are counted together again", "event", "rate_limit_store_back")
	}
	return usage, nil
}

// Shared tells whether the shared limiter counts. While it does not, each instance counts for itself.
func (f *Fallback) Shared() bool { return f.retryAt.Load() == 0 }

// mayTry lets one caller a Pause through. A clock that was set back does not prolong the pause.
func (f *Fallback) mayTry(now, retryAt int64) bool {
	pause := Pause.Milliseconds()
	due := now >= retryAt || retryAt-now > pause
	return due && f.retryAt.CompareAndSwap(retryAt, now+pause)
}
