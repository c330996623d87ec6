package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

// FuzzLimit takes counters as Redis answers them. Whatever they are, a client is told numbers that make sense.
func FuzzLimit(f *testing.F) {
	f.Add(uint16(10), uint32(60_000), int64(3), int64(2), int64(30_000), true)
	f.Add(uint16(1), uint32(1), int64(-1), int64(-9), int64(-1), false)
	f.Add(uint16(65535), uint32(1<<31), int64(1<<62), int64(1<<62), int64(1<<62), false)
	f.Fuzz(func(t *testing.T, burst uint16, interval uint32, previous, current, remaining int64, admitted bool) {
		limit := domain.Limit{Burst: int(burst) + 1, Interval: time.Duration(interval)*time.Millisecond + time.Millisecond}
		w := domain.Window{Previous: int(previous), Current: int(current), Remaining: time.Duration(remaining)}
		if previous < 0 || current < 0 || remaining < 0 || w.Remaining > limit.Interval {
			limit.Usage(w, admitted) // what no script of ours answers: it must only not panic
			return
		}
		usage := limit.Usage(w, admitted)
		require.True(t, usage.Left >= 0 && usage.Left <= limit.Burst, "%+v", usage)
		require.True(t, usage.Reset >= 0 && usage.Reset <= 2*limit.Interval, "%+v of %+v", usage, limit)
		require.Equal(t, usage.Left > 0, limit.Admits(w))
		if usage.Left == 0 && current <= int64(limit.Burst) && previous <= int64(limit.Burst) {
			// When the time is up, one more is admitted.
			later := domain.Window{Previous: w.Previous, Current: w.Current, Remaining: w.Remaining - usage.Reset}
			if later.Remaining <= 0 {
				later = domain.Window{Previous: w.Current, Remaining: limit.Interval + later.Remaining}
			}
			require.True(t, limit.Admits(later), "%+v after %s", later, usage.Reset)
		}
	})
}
