package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	shards = 16
	// Capacity is how many counters are kept: about 20 MB.
	Capacity = 1 << 17
	// sweepPeriod is how often counters that have ended are removed.
	sweepPeriod = time.Minute
	// candidates is how many counters are compared when one has to make room.
	candidates = 16
)

// Memory is a port.RateLimiter for one process. It holds at most Capacity counters; beyond that, those that are used least make room
// first, so that somebody with many addresses can't wash away the counters that matter. It never fails.
type Memory struct {
	clock  port.Clock
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu       sync.Mutex
	counters map[key]counter
	sweepAt  time.Time
}

type key struct{ bucket, client string }

type counter struct {
	window            int64
	previous, current int
	ends              time.Time // from when on it says nothing anymore: two windows after its own began
}

var _ port.RateLimiter = (*Memory)(nil)

// NewMemory returns a limiter that has counted nothing.
func NewMemory(clock port.Clock) *Memory {
	m := &Memory{clock: clock, seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].counters = map[key]counter{}
	}
	return m
}

// Take implements port.RateLimiter.
func (m *Memory) Take(_ context.Context, client string, buckets []domain.Bucket) (domain.Usage, error) {
	tightest, now := domain.Usage{Admitted: true}, m.clock.Now()
	for i, bucket := range buckets {
		k := key{bucket: bucket.Name, client: client}
		if bucket.Shared {
			k.client = ""
		}
		usage := m.shards[maphash.Comparable(m.seed, k)%shards].take(k, bucket.Limit, now)
		if i == 0 {
			tightest = usage
		}
		tightest = tightest.Tighter(usage)
		if !usage.Admitted {
			break
		}
	}
	return tightest, nil
}

// Len is how many counters there are.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.counters)
		s.mu.Unlock()
	}
	return n
}

func (s *shard) take(k key, limit domain.Limit, now time.Time) domain.Usage {
	index, remaining := limit.WindowAt(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.counters[k]
	switch c.window {
	case index:
	case index - 1:
		c.previous, c.current = c.current, 0
	default: // long ago, or the clock was set back
		c.previous, c.current = 0, 0
	}
	w := domain.Window{Previous: c.previous, Current: c.current, Remaining: remaining}
	admitted := limit.Admits(w)
	if !admitted && known && c.window == index {
		return limit.Usage(w, false)
	}
	if admitted {
		w.Current++
	}
	if !known {
		s.makeRoom(now)
	}
	s.counters[k] = counter{window: index, previous: c.previous, current: w.Current, ends: now.Add(remaining + limit.Interval)}
	return limit.Usage(w, admitted)
}

// makeRoom removes what has ended, now and then, and the least used of some counters when there is no place for another.
func (s *shard) makeRoom(now time.Time) {
	if !now.Before(s.sweepAt) || s.sweepAt.Sub(now) > sweepPeriod {
		s.sweepAt = now.Add(sweepPeriod)
		for k, c := range s.counters {
			if !now.Before(c.ends) {
				delete(s.counters, k)
			}
		}
	}
	if len(s.counters) < Capacity/shards {
		return
	}
	var least key
	fewest, seen := 0, 0
	for k, c := range s.counters { // begins anywhere
		if used := c.previous + c.current; seen == 0 || used < fewest {
			least, fewest = k, used
		}
		if seen++; seen == candidates {
			break
		}
	}
	delete(s.counters, least)
}
