package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// faultsLast is about how long all faults of a round take, without what is quiet between them.
	faultsLast = 150 * time.Second
	shortest   = 2 * time.Second // of a quiet phase
)

// schedule is what happens when.
type schedule struct {
	w      *world
	record *record
	load   time.Duration // how long all of it is to last, about

	crowd *crowd

	warm  map[string]holding // what each instance held before the faults of services
	kills int                // instances that were killed without warning
}

// run has all faults happen, with quiet phases before, between and after them, and again where the time allows for it.
func (s *schedule) run(ctx context.Context) error {
	rounds := max(1, int(s.load/(2*faultsLast)))
	faults := len(onInstances()) + rounds*len(onServices())
	quiet := max(shortest, (s.load-time.Duration(rounds)*faultsLast)/time.Duration(faults+3))
	err := s.underLoad(ctx, func() error {
		if err := s.quiet(ctx, "warming up", 2*quiet); err != nil {
			return err
		}
		if err := s.each(ctx, onInstances(), quiet); err != nil {
			return err
		}
		return s.quiet(ctx, "quiet", max(quiet, 8*time.Second))
	})
	if err != nil {
		return err
	}
	// The processes stay the same from here on, so what they hold now and at the end can be compared.
	if s.warm, err = s.w.rest(ctx); err != nil {
		return err
	}
	return s.underLoad(ctx, func() error {
		if err := s.quiet(ctx, "quiet", quiet); err != nil {
			return err
		}
		for range rounds {
			if err := s.each(ctx, onServices(), quiet); err != nil {
				return err
			}
		}
		return nil
	})
}

// underLoad has clients act while do happens, and waits until they have brought to its end what they had begun.
func (s *schedule) underLoad(ctx context.Context, do func() error) error {
	acting, enough := context.WithCancel(ctx)
	defer enough()
	var load sync.WaitGroup
	load.Go(func() { s.crowd.run(acting) })
	err := do()
	enough()
	load.Wait()
	s.record.over()
	s.crowd.http.CloseIdleConnections()
	return err
}

func (s *schedule) each(ctx context.Context, faults []fault, quiet time.Duration) error {
	for _, f := range faults {
		if err := s.happen(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := s.quiet(ctx, "quiet", quiet); err != nil {
			return err
		}
	}
	return nil
}

// happen has a fault happen. Its phase lasts until recoveryLimit after its end.
func (s *schedule) happen(ctx context.Context, f fault) error {
	fmt.Fprintln(os.Stderr, time.Now().Format("15:04:05"), f.name)
	p := s.record.enter(&phase{name: f.name, fault: len(f.allows) > 0, allows: f.allows})
	if slices.Contains(f.allows, broken) {
		s.kills++
	}
	back, err := f.inject(ctx, s.w)
	if err != nil {
		return err
	}
	s.record.recovered(p, back)
	return sleep(ctx, time.Until(back.Add(recoveryLimit)))
}

func (s *schedule) quiet(ctx context.Context, name string, lasts time.Duration) error {
	s.record.enter(&phase{name: name})
	return sleep(ctx, lasts)
}

// sleep returns early when ctx ends.
func sleep(ctx context.Context, lasts time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lasts):
		return nil
	}
}
