package main

import (
	"context"
	"fmt"
	"time"
)

// holding is what an instance holds while it has nothing to do.
type holding struct {
	resources
	connections int // to PostgreSQL
}

const (
	// restPatience is how long an instance may take to let go of what the load left.
	restPatience = 20 * time.Second

	// Between two rests these may grow: a few goroutines of connections that a pool has opened; the files of the pool, of idle connections
	// to the mail server and Redis; and memory by what the collector leaves lie (GOGC is 800, so the heap may grow to nine times what is
	// reachable before it is collected, and the kernel gets pages back late). What is reachable may hardly grow: the load is the same.
	moreGoroutines = 15
	moreFiles      = poolSize + 10
	moreHeap       = 8 << 20
	moreMemory     = 64 << 20
)

// rest waits until the instances have let go of what requests held and measures what they hold then.
func (w *world) rest(ctx context.Context) (map[string]holding, error) {
	w.proxy.rest()
	held := map[string]holding{}
	for _, i := range w.instances {
		var least holding
		for until := time.Now().Add(restPatience); ; time.Sleep(time.Second) {
			r, err := i.measure(ctx)
			if err != nil {
				return nil, err
			}
			settled := least.goroutines > 0 && r.goroutines >= least.goroutines
			least = holding{resources: r}
			if settled || time.Now().After(until) {
				break
			}
		}
		var err error
		least.connections, err = query[int](ctx, w, `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1`, i.name)
		if err != nil {
			return nil, err
		}
		held[i.name] = least
	}
	return held, nil
}

// leaks compares what the instances hold with what they held before the faults of services.
func (c *checks) leaks(ctx context.Context, warm map[string]holding) error {
	held, err := c.w.rest(ctx)
	if err != nil {
		return err
	}
	for _, i := range c.w.instances {
		before, after := warm[i.name], held[i.name]
		l := c.compare(fmt.Sprintf("instance %s holds what it held", i.name))
		l.note = fmt.Sprintf("goroutines %d → %d, open files %d → %d, connections to PostgreSQL %d → %d, reachable heap %s → %s, RSS %s → %s",
			before.goroutines, after.goroutines, before.files, after.files, before.connections, after.connections,
			megabytes(before.heap), megabytes(after.heap), megabytes(before.memory), megabytes(after.memory))
		l.hold(after.goroutines <= before.goroutines+moreGoroutines, "goroutines")
		l.hold(after.files <= before.files+moreFiles, "open files")
		l.hold(after.connections > 0 && after.connections <= poolSize, "connections to PostgreSQL")
		l.hold(after.heap <= before.heap+moreHeap, "heap")
		l.hold(after.memory <= before.memory+moreMemory, "memory")
	}
	stuck, err := query[int](ctx, c.w, `SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' OR wait_event_type = 'Lock'`)
	c.compare("no transaction was left open in PostgreSQL").hold(stuck == 0, "%d are", stuck)
	return err
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
