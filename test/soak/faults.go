package main

import (
	"context"
	"fmt"
	"time"
)

// fault is something that happens to the world, and ends. inject returns when everything is there again, and since when it was.
type fault struct {
	name   string
	allows []outcome // how requests may fail meanwhile; none: nobody may notice
	inject func(ctx context.Context, w *world) (back time.Time, err error)
}

const (
	outage    = 4 * time.Second
	longer    = 8 * time.Second // than a statement may take
	killPause = time.Second     // until a killed instance is started again
)

// onInstances are the faults after which every instance is another process than before.
func onInstances() []fault {
	var faults []fault
	for n, name := range []string{"a", "b", "c"} {
		faults = append(faults, fault{"instance " + name + ": kill -9, started again", []outcome{broken}, func(ctx context.Context, w *world) (time.Time, error) {
			w.instances[n].kill()
			time.Sleep(killPause)
			err := w.instances[n].start(ctx)
			return time.Now(), err
		}})
	}
	return append(faults, fault{"all instances restarted in turns (SIGTERM); c from an hour ahead to an hour behind", nil, func(ctx context.Context, w *world) (time.Time, error) {
		w.skew("-3600")
		for _, i := range w.instances {
			if err := i.stop(); err != nil {
				return time.Now(), err
			}
			if err := i.start(ctx); err != nil {
				return time.Now(), err
			}
			time.Sleep(2 * healthInterval) // the proxy finds it
		}
		return time.Now(), nil
	}})
}

// onServices are the faults of what instances need.
func onServices() []fault {
	return []fault{
		{"Redis killed, started again", nil, func(ctx context.Context, w *world) (time.Time, error) {
			w.redis.Stop()
			time.Sleep(outage)
			if err := w.redis.Start(); err != nil {
				return time.Now(), err
			}
			return w.redisAnswers(ctx)
		}},
		{"PostgreSQL stopped (fast), started again", []outcome{unavailable}, func(ctx context.Context, w *world) (time.Time, error) {
			if err := w.cluster.Stop(); err != nil {
				return time.Now(), err
			}
			time.Sleep(outage)
			return w.restartDatabase(ctx)
		}},
		{"PostgreSQL crashed (immediate), started again", []outcome{unavailable}, func(ctx context.Context, w *world) (time.Time, error) {
			if err := w.cluster.StopImmediate(); err != nil {
				return time.Now(), err
			}
			time.Sleep(outage)
			return w.restartDatabase(ctx)
		}},
		{fmt.Sprintf("PostgreSQL frozen (SIGSTOP) for %s", longer), []outcome{unavailable}, func(_ context.Context, w *world) (time.Time, error) {
			if err := w.cluster.Freeze(); err != nil {
				return time.Now(), err
			}
			time.Sleep(longer)
			return time.Now(), w.cluster.Thaw()
		}},
		{fmt.Sprintf("network between instance b and PostgreSQL silent for %s", longer), []outcome{unavailable}, func(_ context.Context, w *world) (time.Time, error) {
			w.network.Freeze()
			time.Sleep(longer)
			w.network.Thaw()
			return time.Now(), nil
		}},
		{"Redis killed and PostgreSQL crashed, started again", []outcome{unavailable}, func(ctx context.Context, w *world) (time.Time, error) {
			w.redis.Stop()
			if err := w.cluster.StopImmediate(); err != nil {
				return time.Now(), err
			}
			time.Sleep(outage)
			if err := w.redis.Start(); err != nil {
				return time.Now(), err
			}
			return w.restartDatabase(ctx)
		}},
	}
}

// restartDatabase starts PostgreSQL and returns since when it answers.
func (w *world) restartDatabase(ctx context.Context) (time.Time, error) {
	started := make(chan error, 1)
	go func() { started <- w.cluster.Start() }()
	back, err := w.databaseAnswers(ctx)
	if failed := <-started; failed != nil {
		err = failed
	}
	return back, err
}
