package system

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/port"
)

var _ port.Clock = (*SharedClock)(nil)

const (
	// ClockTolerance is how far this machine's clock may be from the database's and still be believed. Clocks that NTP keeps never
	// come near it.
	ClockTolerance = time.Second

	// lookInterval is the time between two looks at the database's clock.
	lookInterval = 10 * time.Second

	// lookTries is how often a look is repeated when the answer was too slow to tell anything.
	lookTries = 3
)

// SharedClock tells the time on which all instances that share a database agree, whatever their machines' clocks say: an instance whose
// clock is an hour behind would otherwise issue tokens that have expired everywhere else, and take a refresh token that was replaced
// a second ago for one that was stolen.
//
// It is this machine's time while that is within ClockTolerance of the database's, and otherwise the database's, which the machine's
// monotonic clock carries on from one look to the next. So a clock that is set, forwards or back, does no harm either. Before the first
// look it is this machine's time. It is safe for concurrent use.
type SharedClock struct {
	read func(context.Context) (time.Time, error)
	log  *slog.Logger
	last atomic.Pointer[sighting]
}

// sighting is one look at the database's clock.
type sighting struct {
	here   time.Time     // this machine's, with its monotonic reading
	there  time.Time     // the database's at that moment
	offset time.Duration // by which this machine's wall clock was ahead
}

// at carries the database's time on to here, a later reading of this machine's clock.
func (s sighting) at(here time.Time) time.Time { return s.there.Add(here.Sub(s.here)) }

// off tells whether this machine's clock is not to be believed.
func (s *sighting) off() bool { return s != nil && s.offset.Abs() > ClockTolerance }

// NewSharedClock returns a clock that looks at the database's through read, and says in log when the two differ.
func NewSharedClock(read func(context.Context) (time.Time, error), log *slog.Logger) *SharedClock {
	return &SharedClock{read: read, log: log}
}

// Now returns the time in UTC, truncated to microseconds like that of Clock.
func (c *SharedClock) Now() time.Time {
	here := time.Now()
	if last := c.last.Load(); last != nil {
		if there := last.at(here); ahead(here, there).Abs() > ClockTolerance {
			here = there
		}
	}
	return here.UTC().Truncate(time.Microsecond)
}

// Offset is by how much this machine's clock was ahead of the database's at the last look; negative when it was behind.
func (c *SharedClock) Offset() time.Duration {
	if last := c.last.Load(); last != nil {
		return last.offset
	}
	return 0
}

// Look compares the clocks. A database that takes so long to answer that nothing can be told from it is no error: the last look stands.
func (c *SharedClock) Look(ctx context.Context) error {
	for range lookTries {
		asked := time.Now()
		there, err := c.read(ctx)
		if err != nil {
			return err
		}
		if took := time.Since(asked); took <= ClockTolerance {
			c.saw(asked.Add(took/2), there)
			return nil
		}
	}
	return nil
}

// saw keeps what a look has shown, and says when it is another than before.
func (c *SharedClock) saw(here, there time.Time) {
	next := &sighting{here: here, there: there.Round(0), offset: ahead(here, there)}
	previous := c.last.Swap(next)
	switch {
	case next.off() && !previous.off():
		c.log.Warn("this machine's clock and the database's differ: the database's time is used; let NTP set both",
			"event", "clock_off", "ahead_by", next.offset.Round(time.Millisecond).String())
	case previous.off() && !next.off():
		c.log.Info("this machine's clock agrees with the database's again", "event", "clock_right")
	}
}

// Run looks now and then until ctx ends. While the database is away the last look stands.
func (c *SharedClock) Run(ctx context.Context) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = c.Look(ctx) // others say that the database is away
		}
	}
}

// ahead is by how much the wall clock of here is ahead of there.
func ahead(here, there time.Time) time.Duration { return here.Round(0).Sub(there.Round(0)) }
