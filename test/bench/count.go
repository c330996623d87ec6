package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	countWarmUps = 3
	countSamples = 3
	countQuiet   = 200 * time.Millisecond
)

// count is what one operation asked of PostgreSQL.
type count struct {
	operation  cost.Operation
	statements int
	roundTrips int
}

func (c count) over() bool {
	return c.statements > c.operation.Statements || c.roundTrips > c.operation.RoundTrips
}

// countAll calls every operation, one at a time.
func countAll(ctx context.Context, rig *rig, database string) (map[string]count, error) {
	counts := map[string]count{}
	for _, s := range subjects() {
		if len(s.extra) > 0 { // it needs a server of its own
			if err := countOn(ctx, rig, database, s.extra, []subject{s}, counts); err != nil {
				return nil, err
			}
		}
	}
	plain := slices.DeleteFunc(subjects(), func(s subject) bool { return len(s.extra) > 0 })
	return counts, countOn(ctx, rig, database, nil, plain, counts)
}

// countOn runs a server behind a counting proxy and adds what its subjects ask for.
func countOn(ctx context.Context, rig *rig, database string, extra map[string]string, all []subject, counts map[string]count) (err error) {
	proxy, err := cost.NewProxy(database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	server, err := rig.start(ctx, proxy.URL(), extra)
	if err != nil {
		return err
	}
	defer server.stop()
	proxy.Settle(countQuiet)
	client := newClient(server, 1)
	client.Inbox = rig.inbox
	for _, s := range all {
		if counts[s.operation.Name], err = countOne(client, proxy, s.operation); err != nil {
			return fmt.Errorf("%s: %w", s.operation.Name, err)
		}
	}
	return nil
}

// countOne returns the least of a few samples: the server looks for new signing keys at times that are its own.
func countOne(client *cost.Client, proxy *cost.Proxy, operation cost.Operation) (count, error) {
	calls, err := callsOf(operation, client, countWarmUps+countSamples)
	if err != nil {
		return count{}, err
	}
	least := count{operation: operation}
	for i, do := range calls {
		proxy.Take()
		if err := do(); err != nil {
			return count{}, err
		}
		record := proxy.Take()
		if i == 0 || record.RoundTrips < least.roundTrips {
			least.statements, least.roundTrips = len(record.Statements), record.RoundTrips
		}
	}
	return least, nil
}

// callsOf are n calls of an operation: always the same, or where that may be called only once, one of each.
func callsOf(o cost.Operation, c *cost.Client, n int) ([]func() error, error) {
	if o.Once {
		return o.PrepareAll(c, n)
	}
	do, err := o.Prepare(c)
	return slices.Repeat([]func() error{do}, n), err
}
