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

const roundTime = 1500 * time.Millisecond

// round is what one spell of load showed.
type round struct {
	requests  int
	elapsed   time.Duration
	cpu       time.Duration // of the server, for one request
	latencies []time.Duration
}

// workers are clients that each have their own operation to repeat.
type workers struct {
	server *process
	do     []func() error
}

// newWorkers prepares an operation for n clients with a connection each.
func newWorkers(server *process, n int, prepare func(*cost.Client) (func() error, error)) (workers, error) {
	client := &cost.Client{URL: server.url, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}}}
	w := workers{server: server}
	for range n {
		do, err := prepare(client)
		if err != nil {
			return workers{}, err
		}
		w.do = append(w.do, do)
	}
	return w, nil
}

// run puts load on the server for roundTime: every client starts a request as often as pace says, or where that is 0 as soon
// as it has the answer to the last.
func (w workers) run(ctx context.Context, pace time.Duration) (round, error) {
	before, err := w.server.cpu()
	if err != nil {
		return round{}, err
	}
	began := time.Now()
	latencies := make([][]time.Duration, len(w.do))
	group, ctx := errgroup.WithContext(ctx)
	for i, do := range w.do {
		group.Go(func() (err error) {
			latencies[i], err = repeat(ctx, began.Add(roundTime), pace, do)
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
	after, err := w.server.cpu()
	r.cpu = (after - before) / time.Duration(r.requests)
	return r, err
}

// repeat calls do until the end and says how long each call took.
func repeat(ctx context.Context, end time.Time, pace time.Duration, do func() error) (latencies []time.Duration, err error) {
	next := time.Now()
	for began := next; began.Before(end); began = time.Now() {
		if err := errors.Join(ctx.Err(), do()); err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(began))
		next = next.Add(pace)
		time.Sleep(time.Until(next)) // not at all when next is over
	}
	return latencies, nil
}

// figures are medians over rounds.
type figures struct {
	cpu       time.Duration // of the server, for one request
	perSecond float64
	p50, p99  time.Duration // over all rounds
}

func figuresOf(rounds []round) figures {
	cpu, perSecond := []time.Duration{}, []float64{}
	var latencies []time.Duration
	for _, r := range rounds {
		cpu = append(cpu, r.cpu)
		perSecond = append(perSecond, float64(r.requests)/r.elapsed.Seconds())
		latencies = append(latencies, r.latencies...)
	}
	slices.Sort(latencies)
	return figures{
		cpu: median(cpu), perSecond: median(perSecond),
		p50: latencies[len(latencies)/2], p99: latencies[len(latencies)*99/100],
	}
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
