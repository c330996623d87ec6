package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// record is every request that did not go well, and the counts of those that did.
type record struct {
	mu       sync.Mutex
	phases   []*phase
	mistakes []string // what must never be, and in which phase
	total    int
}

// phase is a part of the run. Phases follow one another; clients rest between some of them.
type phase struct {
	name   string
	fault  bool // requests may fail as allowed, within the window
	allows []outcome

	began, ended time.Time
	back         time.Time // from when on everything that was taken away was there again; zero where nothing was
	requests     int
	failures     map[outcome]int
	firstSuccess time.Time // of a request begun after back
	lastFailure  time.Time // when the last one that failed had begun
	breaches     []string  // failures that are not allowed
}

// recoveryLimit is how long after back requests may still fail.
const recoveryLimit = 5 * time.Second

// enter ends the phase there is and begins the next.
func (r *record) enter(p *phase) *phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.began, p.failures = time.Now(), map[outcome]int{}
	r.end(p.began)
	r.phases = append(r.phases, p)
	return p
}

// over ends the last phase.
func (r *record) over() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(time.Now())
}

func (r *record) end(at time.Time) {
	if len(r.phases) > 0 && r.phases[len(r.phases)-1].ended.IsZero() {
		r.phases[len(r.phases)-1].ended = at
	}
}

// recovered says that everything is there again.
func (r *record) recovered(p *phase, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.back = at
}

// add counts a request in the phase in which it ended. Its failure is forgiven where the request was under way in a window.
func (r *record) add(a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.phases) == 0 {
		return // the world is being furnished
	}
	r.total++
	current := r.phases[len(r.phases)-1]
	current.requests++
	if a.outcome == done {
		if !current.back.IsZero() && a.began.After(current.back) && current.firstSuccess.IsZero() {
			current.firstSuccess = a.ended
		}
		return
	}
	guilty := current
	for i := len(r.phases) - 1; i >= 0; i-- {
		if r.phases[i].covers(a) {
			guilty = r.phases[i]
			break
		}
	}
	guilty.failures[a.outcome]++
	if a.began.After(guilty.lastFailure) {
		guilty.lastFailure = a.began
	}
	if !guilty.covers(a) || !slices.Contains(guilty.allows, a.outcome) {
		guilty.breaches = append(guilty.breaches, fmt.Sprintf("%s %s: %s: %v", a.request.method, a.request.operation, a.outcome, a.err))
	}
}

// covers tells whether a request was under way in the window of the phase: from its fault until recoveryLimit after the end of it.
func (p *phase) covers(a answer) bool {
	if !p.fault || a.ended.Before(p.began) {
		return false
	}
	return p.back.IsZero() || a.began.Before(p.back.Add(recoveryLimit))
}

// recovery is the time from back until the last failure's request had begun; 0 when none failed after back.
func (p *phase) recovery() time.Duration {
	if p.back.IsZero() || !p.lastFailure.After(p.back) {
		return 0
	}
	return p.lastFailure.Sub(p.back)
}

// blame writes down what must never be.
func (r *record) blame(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	where := "in the beginning"
	if len(r.phases) > 0 {
		where = "during " + r.phases[len(r.phases)-1].name
	}
	r.mistakes = append(r.mistakes, fmt.Sprintf(format, args...)+" ("+where+")")
}
