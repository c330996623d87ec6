package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// request of a client that began and ended so many seconds after the first phase did.
func (r *record) at(began, ended float64, o outcome) {
	first := r.phases[0].began
	after := func(s float64) time.Time { return first.Add(time.Duration(s * float64(time.Second))) }
	r.add(answer{outcome: o, began: after(began), ended: after(ended)})
}

// faulty has a quiet phase, a fault 10 s later that is over 3 s after that, and a quiet phase since its window closed.
func faulty(allows ...outcome) (*record, []*phase) {
	r := &record{}
	quiet := r.enter(&phase{name: "before"})
	fault := r.enter(&phase{name: "fault", fault: len(allows) > 0, allows: allows})
	fault.began = quiet.began.Add(10 * time.Second)
	fault.back = fault.began.Add(3 * time.Second)
	return r, []*phase{quiet, fault}
}

func TestRecord_ForgivesWhatWasUnderWayInTheWindowAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		began, ended float64
		outcome      outcome
		forgiven     bool
	}{
		"begun before, broken by the fault": {9.9, 10.1, unavailable, true},
		"in the middle":                     {11, 12, unavailable, true},
		"within five seconds after":         {17.9, 19, unavailable, true},
		"begun later":                       {18.1, 19, unavailable, false},
		"over before it happened":           {9, 9.9, unavailable, false},
		"of another kind":                   {11, 12, broken, false},
		"of a kind that never is right":     {11, 12, wrong, false},
	} {
		r, phases := faulty(unavailable)
		r.at(c.began, c.ended, c.outcome)
		breaches := len(phases[0].breaches) + len(phases[1].breaches)
		require.Equal(t, c.forgiven, breaches == 0, name)
	}
}

func TestRecord_ForgivesNothingWhereNobodyMayNotice(t *testing.T) {
	r, phases := faulty()
	r.at(11, 12, unavailable)
	require.Len(t, phases[1].breaches, 1)
}

func TestRecord_BlamesTheFaultForWhatEndsInTheNextPhase(t *testing.T) {
	r, phases := faulty(unavailable)
	next := r.enter(&phase{name: "after"})
	r.at(17, 21, unavailable)
	require.Empty(t, next.failures)
	require.Equal(t, 1, phases[1].failures[unavailable])
	require.Equal(t, 4*time.Second, phases[1].recovery())
}

func TestRecord_MeasuresTheRecoveryFromWhenEverythingWasBack(t *testing.T) {
	r, phases := faulty(unavailable)
	r.at(12, 13.5, done) // begun before
	r.at(12, 13.4, unavailable)
	require.Zero(t, phases[1].recovery())
	r.at(13.25, 13.5, done)
	r.at(13.75, 14, unavailable)
	r.at(14, 15, done)
	require.Equal(t, 500*time.Millisecond, phases[1].firstSuccess.Sub(phases[1].back))
	require.Equal(t, 750*time.Millisecond, phases[1].recovery())
	require.Equal(t, 5, phases[1].requests)
}
