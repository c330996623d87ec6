package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/cost"
)

// within is a report in which nothing is over.
func within() report {
	refresh := operation(cost.Refresh)
	return report{
		resting: resting{start: time.Second, memory: memoryBudget, size: sizeBudget, static: true}, // the start is only printed
		counted: []count{{operation: refresh, statements: refresh.Statements, roundTrips: refresh.RoundTrips}},
		loaded: &loaded{
			operations:  map[string]figures{cost.Refresh: {cpu: 200 * time.Microsecond}},
			calibration: figures{cpu: 100 * time.Microsecond},
			paced:       [2]figures{{cpu: 1}, {cpu: 1}},
		},
	}
}

func TestReport_IsContentWithWhatIsExactlyInBudget(t *testing.T) {
	require.NoError(t, within().print(&strings.Builder{}))
}

func TestReport_FailsOnEveryCountSizeAndRatioThatIsOver(t *testing.T) {
	for name, spoil := range map[string]func(*report){
		"a statement more":  func(r *report) { r.counted[0].statements++ },
		"a round trip more": func(r *report) { r.counted[0].roundTrips++ },
		"ratio":             func(r *report) { r.loaded.calibration.cpu -= time.Microsecond },
		"memory":            func(r *report) { r.resting.memory++ },
		"size":              func(r *report) { r.resting.size++ },
		"dynamic linking":   func(r *report) { r.resting.static = false },
	} {
		t.Run(name, func(t *testing.T) {
			r := within()
			spoil(&r)
			require.ErrorIs(t, r.print(&strings.Builder{}), errOver)
		})
	}
}

func TestMedian_IsTheMiddleOfTheSortedValues(t *testing.T) {
	require.Equal(t, time.Duration(2), median([]time.Duration{9, 1, 2}))
	require.InDelta(t, 2.5, median([]float64{9, 1, 2, 3}), 0)
}
