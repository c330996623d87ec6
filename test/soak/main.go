package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// errFailed is returned when everything was compared and something does not hold.
var errFailed = errors.New("something does not hold, see above")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	length := flag.Duration("time", 4*time.Minute, "how long the load lasts, about")
	page := flag.String("page", "", "a page whose section \"soak\" is written; none for standard output alone")
	flag.Parse()
	if err := run(ctx, *length, *page); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, length time.Duration, page string) error {
	binary, err := filepath.Abs(filepath.Join("bin", "hexauth"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w: run `make soak`, or `make build` first", err)
	}
	w, err := newWorld(ctx, binary)
	keep := true
	defer func() { w.close(keep) }()
	if err != nil {
		return err
	}
	r, err := soak(ctx, w, length)
	if err != nil {
		return err
	}
	if err := r.publish(os.Stdout, page); err != nil {
		return err
	}
	keep = false
	return nil
}

// soak puts the load on, has the faults happen, and compares.
func soak(ctx context.Context, w *world, length time.Duration) (*report, error) {
	watching, blind := context.WithCancel(ctx)
	defer blind()
	w.proxy.watch(watching)
	time.Sleep(2 * healthInterval)

	record, ledger := &record{}, newLedger()
	crowd := &crowd{client: newClient(w.proxy.address, adminSecret, record), ledger: ledger, mails: w.mails}
	s := &schedule{w: w, record: record, crowd: crowd, load: length}
	began := time.Now()
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	c := &checks{w: w, ledger: ledger, record: record, client: newClient(w.proxy.address, adminSecret, record), kills: s.kills}
	if err := c.run(ctx, s.warm); err != nil {
		return nil, err
	}
	return &report{w: w, record: record, lines: c.lines, took: time.Since(began)}, nil
}
