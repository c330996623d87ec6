package system_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
)

// database is a clock that is ahead of this machine's, takes a while to read, and fails.
type database struct {
	mu    sync.Mutex
	ahead time.Duration
	takes time.Duration
	fails error
}

func (d *database) read(context.Context) (time.Time, error) {
	time.Sleep(d.takes / 2)
	defer time.Sleep(d.takes / 2)
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.ahead).UTC().Round(0), d.fails
}

// set changes by how much it is ahead while others may read it.
func (d *database) set(ahead time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead = ahead
}

func TestSharedClock_BelievesThisMachineAsLongAsItIsNearTheDatabase(t *testing.T) {
	for _, ahead := range []time.Duration{0, 900 * time.Millisecond, -900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			d := &database{ahead: ahead, takes: 10 * time.Millisecond}
			var log bytes.Buffer
			clock := system.NewSharedClock(d.read, slog.New(slog.NewTextHandler(&log, nil)))
			require.Equal(t, time.Now().UTC(), clock.Now(), "before the first look")
			require.NoError(t, clock.Look(t.Context()))
			time.Sleep(time.Hour)
			require.Equal(t, time.Now().UTC(), clock.Now())
			require.Equal(t, -ahead, clock.Offset())
			require.Empty(t, log.String())
		})
	}
}

func TestSharedClock_GoesByTheDatabaseWhenThisMachineIsOff(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, 1100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			d := &database{ahead: ahead, takes: 10 * time.Millisecond}
			var log bytes.Buffer
			clock := system.NewSharedClock(d.read, slog.New(slog.NewTextHandler(&log, nil)))
			require.NoError(t, clock.Look(t.Context()))
			require.Equal(t, time.Now().Add(ahead).UTC(), clock.Now())
			require.Equal(t, time.UTC, clock.Now().Location())
			d.fails = errors.New("away")
			require.ErrorIs(t, clock.Look(t.Context()), d.fails)
			time.Sleep(time.Hour)
			require.Equal(t, time.Now().Add(ahead).UTC(), clock.Now(), "the last look stands, and time goes on")
			require.Equal(t, 1, strings.Count(log.String(), "level=WARN"))
			require.Contains(t, log.String(), "event=clock_off ahead_by="+(-ahead).String())
		})
	}
}

func TestSharedClock_SaysOnceThatTheClocksDifferAndOnceThatTheyAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{ahead: time.Minute}
		var log bytes.Buffer
		clock := system.NewSharedClock(d.read, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go clock.Run(ctx)
		time.Sleep(5 * time.Minute)
		require.Equal(t, time.Now().Add(time.Minute).UTC(), clock.Now())
		d.set(0)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, time.Now().UTC(), clock.Now())
		require.Zero(t, clock.Offset())
		require.Equal(t, 1, strings.Count(log.String(), "clock_off"))
		require.Equal(t, 1, strings.Count(log.String(), "clock_right"))
	})
}

func TestSharedClock_LearnsNothingFromASlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{ahead: time.Hour, takes: 3 * time.Second}
		clock := system.NewSharedClock(d.read, slog.New(slog.DiscardHandler))
		require.NoError(t, clock.Look(t.Context()))
		require.Equal(t, time.Now().UTC(), clock.Now())
		require.Zero(t, clock.Offset())
	})
}

func TestSharedClock_AsksAgainWhenAnAnswerWasSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{ahead: time.Hour, takes: 3 * time.Second}
		clock := system.NewSharedClock(func(ctx context.Context) (time.Time, error) {
			defer func() { d.takes = 0 }()
			return d.read(ctx)
		}, slog.New(slog.DiscardHandler))
		require.NoError(t, clock.Look(t.Context()))
		require.Equal(t, time.Now().Add(time.Hour).UTC(), clock.Now())
	})
}
