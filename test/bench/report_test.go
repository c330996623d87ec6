package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/cost"
)

// within is a report in which nothing is over.
func within() report {
	refresh := operation(cost.Refresh)
	return report{
		server:  &server{version: "17.0", buffers: "1GB", kernel: &postgres{}},
		resting: resting{start: time.Second, memory: memoryBudget, size: sizeBudget, static: true}, // the start is only printed
		counted: map[string]count{cost.Refresh: {operation: refresh, statements: refresh.Statements, roundTrips: refresh.RoundTrips}},
		loaded:  &loaded{refresh: figures{cpu: 200 * time.Microsecond}, calibration: figures{cpu: 100 * time.Microsecond}, paced: [2]figures{{cpu: 1}, {cpu: 1}}},
		grown: []grown{
			{watched: watched{operation: cost.Refresh}, cpu: []time.Duration{100, 105, 110, 120}, pages: []float64{10, 13, 17, 50}},
			{watched: watched{operation: cost.Refresh, everybody: true, cold: true}, cpu: []time.Duration{100, 105, 110, 190}, pages: []float64{10, 13, 17, 20}},
			{watched: watched{operation: cost.SignIn, pagesOnly: true}, pages: []float64{10, 10, 10, 10}},
		},
		solo: map[string]figures{cost.Refresh: {cpu: 200 * time.Microsecond, postgres: 123456 * time.Microsecond}},
		mixed: &mixed{flatOut: spell{latencies: map[string][]time.Duration{cost.Refresh: {1, 2, 3}}, figures: figures{perSecond: 3}},
			calm: spell{latencies: map[string][]time.Duration{}}},
	}
}

func TestReport_IsContentWithWhatIsExactlyInBudget(t *testing.T) {
	require.NoError(t, within().verdict())
	require.NotContains(t, within().budgets().String(), "static | **over**")
}

func TestReport_FailsOnEveryCountSizeAndRatioThatIsOver(t *testing.T) {
	for name, spoil := range map[string]func(*report){
		"a statement more":  func(r *report) { r.counted[cost.Refresh] = more(r.counted[cost.Refresh], 1, 0) },
		"a round trip more": func(r *report) { r.counted[cost.Refresh] = more(r.counted[cost.Refresh], 0, 1) },
		"ratio":             func(r *report) { r.loaded.calibration.cpu -= time.Microsecond },
		"processor time":    func(r *report) { r.grown[0].cpu[3]++ },
		"pages":             func(r *report) { r.grown[2].pages[3] = 50.1 },
		"memory":            func(r *report) { r.resting.memory++ },
		"size":              func(r *report) { r.resting.size++ },
		"dynamic linking":   func(r *report) { r.resting.static = false },
	} {
		t.Run(name, func(t *testing.T) {
			r := within()
			spoil(&r)
			require.ErrorIs(t, r.verdict(), errOver)
			require.Contains(t, r.text(), "**over**")
		})
	}
}

func more(c count, statements, roundTrips int) count {
	c.statements += statements
	c.roundTrips += roundTrips
	return c
}

func TestReport_SaysWhatCouldNotBeMeasured(t *testing.T) {
	r := within()
	require.Contains(t, r.text(), "123456 µs")
	r.server.kernel = nil
	require.NotContains(t, r.text(), "123456 µs")
	require.Contains(t, r.text(), "not measured")
}

func TestTable_IsMarkdownWhoseColumnsLineUp(t *testing.T) {
	sizes := table{title: "Sizes", columns: []string{"What", "µs"}, note: "That is all."}
	sizes.add("a", "1")
	sizes.add("longer", "12345")
	require.Equal(t, `### Sizes

| What   |    µs |
| ------ | ----: |
| a      |     1 |
| longer | 12345 |

That is all.
`, sizes.String())
}

func TestMedian_IsTheMiddleOfTheSortedValues(t *testing.T) {
	require.Equal(t, time.Duration(2), median([]time.Duration{9, 1, 2}))
	require.InDelta(t, 2.5, median([]float64{9, 1, 2, 3}), 0)
}

func TestNumber_HasCommasBetweenThousands(t *testing.T) {
	for n, want := range map[int]string{7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 1000000: "1,000,000"} {
		require.Equal(t, want, number(n))
	}
}
