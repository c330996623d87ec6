package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hexauth/hexauth/test/cost"
)

// errSpent is what a client gets who has nothing left to do.
var errSpent = errors.New("nothing is left to do")

// round is what one spell of load showed.
type round struct {
	requests  int
	elapsed   time.Duration
	cpu       time.Duration // of the server, for one request
	postgres  time.Duration // of PostgreSQL, for one request
	latencies []time.Duration
}

// workers are clients that each have their own operation to repeat.
type workers struct {
	server   *process
	postgres func() (time.Duration, error) // processor time taken so far
	settle   func() error                  // returns when what the requests left to be done is done; nil where they leave nothing
	do       []func() error
}

// newClient speaks to a server over as many connections as are needed, of which it keeps n.
func newClient(server *process, n int) *cost.Client {
	return &cost.Client{URL: server.url, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}}}
}

// newWorkers prepares an operation for n clients with a connection each.
func newWorkers(server *process, n int, prepare func(*cost.Client) (func() error, error)) (workers, error) {
	client := newClient(server, n)
	w := workers{server: server, postgres: (*postgres)(nil).cpu}
	for range n {
		do, err := prepare(client)
		if err != nil {
			return workers{}, err
		}
		w.do = append(w.do, do)
	}
	return w, nil
}

// run puts load on the server for a time, or until nothing is left to do: every client starts a request as often as pace says, or
// where that is 0 as soon as it has the answer to the last.
func (w workers) run(ctx context.Context, spell, pace time.Duration) (round, error) {
	server, database, err := w.cpu()
	if err != nil {
		return round{}, err
	}
	began := time.Now()
	latencies := make([][]time.Duration, len(w.do))
	group, ctx := errgroup.WithContext(ctx)
	for i, do := range w.do {
		group.Go(func() (err error) {
			latencies[i], err = repeat(ctx, began.Add(spell), pace, do)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return round{}, err
	}
	r := round{elapsed: time.Since(began), latencies: slices.Concat(latencies...)}
	r.requests = len(r.latencies)
	if r.requests == 0 {
		return round{}, errors.New("no request was answered in a whole round")
	}
	if w.settle != nil {
		if err := w.settle(); err != nil {
			return round{}, err
		}
	}
	serverAfter, databaseAfter, err := w.cpu()
	r.cpu, r.postgres = (serverAfter-server)/time.Duration(r.requests), (databaseAfter-database)/time.Duration(r.requests)
	return r, err
}

func (w workers) cpu() (server, database time.Duration, err error) {
	if server, err = w.server.cpu(); err != nil {
		return 0, 0, err
	}
	database, err = w.postgres()
	return server, database, err
}

// repeat calls do until the end and says how long each call took.
func repeat(ctx context.Context, end time.Time, pace time.Duration, do func() error) (latencies []time.Duration, err error) {
	next := time.Now()
	for began := next; began.Before(end); began = time.Now() {
		err := errors.Join(ctx.Err(), do())
		if errors.Is(err, errSpent) {
			return latencies, nil
		}
		if err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(began))
		next = next.Add(pace)
		time.Sleep(time.Until(next)) // not at all when next is over
	}
	return latencies, nil
}

// fromSupply makes each call of a supply once, whoever of the clients comes.
func fromSupply(calls []func() error) func() error {
	supply := make(chan func() error, len(calls))
	for _, call := range calls {
		supply <- call
	}
	return func() error {
		select {
		case call := <-supply:
			return call()
		default:
			return errSpent
		}
	}
}

// atMost are the same clients who make n calls together, and no more.
func (w workers) atMost(n int) workers {
	each := make([]func() error, len(w.do))
	for i, do := range w.do {
		left := n / len(w.do)
		each[i] = func() error {
			if left--; left < 0 {
				return errSpent
			}
			return do()
		}
	}
	w.do = each
	return w
}

// figures are medians over rounds.
type figures struct {
	cpu       time.Duration // of the server, for one request
	postgres  time.Duration // of PostgreSQL, for one request
	perSecond float64
	p50, p99  time.Duration // over all rounds
}

func figuresOf(rounds []round) figures {
	cpu, database, perSecond := []time.Duration{}, []time.Duration{}, []float64{}
	var latencies []time.Duration
	for _, r := range rounds {
		cpu, database = append(cpu, r.cpu), append(database, r.postgres)
		perSecond = append(perSecond, float64(r.requests)/r.elapsed.Seconds())
		latencies = append(latencies, r.latencies...)
	}
	p50, p99 := percentiles(latencies)
	return figures{cpu: median(cpu), postgres: median(database), perSecond: median(perSecond), p50: p50, p99: p99}
}

// percentiles are the 50th and the 99th of latencies; 0 where there are none.
func percentiles(latencies []time.Duration) (p50, p99 time.Duration) {
	if len(latencies) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(latencies))
	return sorted[len(sorted)/2], sorted[len(sorted)*99/100]
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
