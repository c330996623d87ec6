package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
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

// countAll runs a server behind a counting proxy and calls every operation, one at a time.
func countAll(ctx context.Context, binary, dir string, env map[string]string) (counts []count, err error) {
	proxy, err := cost.NewProxy(env[cost.DatabaseURL])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	counted := maps.Clone(env)
	counted[cost.DatabaseURL] = proxy.URL()
	server, err := startServer(ctx, binary, dir, counted)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	proxy.Settle(countQuiet)
	client := &cost.Client{URL: server.url, HTTP: &http.Client{}}
	for _, operation := range cost.Operations() {
		c, err := countOne(client, proxy, operation)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", operation.Name, err)
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// countOne returns the least of a few samples: the server looks for new signing keys at times that are its own.
func countOne(client *cost.Client, proxy *cost.Proxy, operation cost.Operation) (count, error) {
	do, err := operation.Prepare(client)
	if err != nil {
		return count{}, err
	}
	for range countWarmUps {
		if err := do(); err != nil {
			return count{}, err
		}
	}
	least := count{operation: operation}
	for i := range countSamples {
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
