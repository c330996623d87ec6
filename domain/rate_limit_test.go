package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func TestLimit_WeighsThePreviousWindowByWhatIsLeftOfThisOne(t *testing.T) {
	t.Parallel()
	limit := domain.Limit{Burst: 10, Interval: time.Minute}
	for _, row := range []struct {
		name     string
		w        domain.Window
		admitted bool
		left     int
		reset    time.Duration
	}{
		{"untouched", domain.Window{Remaining: time.Minute}, true, 10, time.Minute},
		{"the last one", domain.Window{Current: 9, Remaining: time.Second}, true, 1, time.Second},
		{"used up", domain.Window{Current: 10, Remaining: 20 * time.Second}, false, 0, 20*time.Second + time.Millisecond},
		{"half of a full window", domain.Window{Previous: 10, Remaining: 30 * time.Second}, true, 5, 30 * time.Second},
		{"half of a full window, and the rest", domain.Window{Previous: 10, Current: 5, Remaining: 30 * time.Second}, false, 0, time.Millisecond},
		{"a little less than half", domain.Window{Previous: 10, Current: 5, Remaining: 30*time.Second - time.Millisecond}, true, 1, 30*time.Second - time.Millisecond},
		{"the beginning after a full window", domain.Window{Previous: 10, Remaining: time.Minute}, false, 0, time.Millisecond},
		{"a window that admitted more than there may be", domain.Window{Previous: 99, Remaining: 30 * time.Second}, true, 5, 30 * time.Second},
		{"more than there may be", domain.Window{Current: 99, Remaining: time.Second}, false, 0, time.Second + time.Millisecond},
		{"rounded in favour of the client", domain.Window{Previous: 1, Current: 9, Remaining: 59 * time.Second}, true, 1, 59 * time.Second},
	} {
		require.Equal(t, row.admitted, limit.Admits(row.w), row.name)
		require.Equal(t, domain.Usage{Admitted: row.admitted, Limit: limit, Left: row.left, Reset: row.reset}, limit.Usage(row.w, row.admitted), row.name)
	}
}

func TestLimit_PromisesTheFirstMomentThatAdmits(t *testing.T) {
	t.Parallel()
	limit := domain.Limit{Burst: 7, Interval: 1300 * time.Millisecond}
	for previous := range 9 {
		for current := range 9 {
			for remaining := time.Millisecond; remaining <= limit.Interval; remaining += 7 * time.Millisecond {
				w := domain.Window{Previous: previous, Current: current, Remaining: remaining}
				if usage := limit.Usage(w, false); usage.Left == 0 {
					require.True(t, limit.Admits(later(limit, w, usage.Reset)), "%+v %s", w, usage.Reset)
					require.False(t, limit.Admits(later(limit, w, usage.Reset-time.Millisecond)), "%+v %s", w, usage.Reset)
				}
			}
		}
	}
}

// later is where a counter stands some time later, in this window or the next, when nothing was admitted meanwhile.
func later(l domain.Limit, w domain.Window, after time.Duration) domain.Window {
	if after < w.Remaining {
		w.Remaining -= after
		return w
	}
	return domain.Window{Previous: w.Current, Remaining: l.Interval - (after - w.Remaining)}
}

func TestLimit_WindowsFollowTheClock(t *testing.T) {
	t.Parallel()
	limit := domain.Limit{Burst: 1, Interval: time.Minute}
	start := time.UnixMilli(1_700_000_040_000)
	for after, want := range map[time.Duration]domain.Window{
		0: {Current: 28_333_334, Remaining: time.Minute}, 59_999 * time.Millisecond: {Current: 28_333_334, Remaining: time.Millisecond},
		time.Minute: {Current: 28_333_335, Remaining: time.Minute},
	} {
		index, remaining := limit.WindowAt(start.Add(after))
		require.Equal(t, want, domain.Window{Current: int(index), Remaining: remaining})
	}
}

func TestUsage_ARefusalIsTighterThanAnythingElse(t *testing.T) {
	t.Parallel()
	refused, little, much := domain.Usage{Left: 0}, domain.Usage{Admitted: true, Left: 1}, domain.Usage{Admitted: true, Left: 5}
	require.Equal(t, little, little.Tighter(much))
	require.Equal(t, little, much.Tighter(little))
	require.Equal(t, refused, refused.Tighter(little))
	require.Equal(t, refused, domain.Usage{Admitted: true, Left: 0}.Tighter(refused))
}
