package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/hexauth/hexauth/test/cost"
	"github.com/hexauth/hexauth/test/results"
)

// calibrate is the hidden argument with which the benchmark starts itself as the calibration's server.
const calibrate = "calibrate"

// The results go into this section of this page.
const (
	page    = "docs/performance.md"
	section = "bench"
)

// errOver is returned when everything was measured and something is over its budget.
var errOver = errors.New("over budget")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == calibrate {
		return serveCalibration(ctx, os.Stdin, os.Stdout)
	}
	if len(args) > 0 {
		return errors.New("no arguments are needed")
	}
	binary, err := filepath.Abs(filepath.Join("bin", "hexauth"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w: run `make bench`, or `make build` first", err)
	}
	return bench(ctx, binary, os.Stdout)
}

func bench(ctx context.Context, binary string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "hexauth-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	inbox, err := cost.NewInbox()
	if err != nil {
		return err
	}
	defer inbox.Close()
	server, err := openServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.release()) }()
	r := report{server: server}
	if r.resting, err = measureResting(ctx, binary, dir); err != nil {
		return err
	}
	rig := newRig(binary, dir, server, inbox)
	if err := r.measureEmpty(ctx, rig); err != nil {
		return err
	}
	if err := r.measureFull(ctx, rig); err != nil {
		return err
	}
	text := r.text()
	fmt.Fprint(out, text)
	return errors.Join(results.Write(page, section, text), r.verdict())
}

// measureEmpty counts statements and compares POST /token with its calibration, in an empty database.
func (r *report) measureEmpty(ctx context.Context, rig *rig) (err error) {
	database, err := rig.server.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.drop()) }()
	say("count statements")
	if r.counted, err = countAll(ctx, rig, database.url); err != nil {
		return err
	}
	say("POST /token and its calibration")
	r.loaded, err = loadAll(ctx, rig, database.url)
	return err
}

// measureFull compares databases with few and many users, and measures the operations alone and mixed in that with most.
func (r *report) measureFull(ctx context.Context, rig *rig) (err error) {
	towns, err := found(ctx, rig)
	defer func() { err = errors.Join(err, raze(towns)) }()
	if err != nil {
		return err
	}
	say("compare the databases")
	if r.grown, err = watch(ctx, towns); err != nil {
		return err
	}
	for _, t := range towns {
		t.stop()
	}
	largest := towns[len(towns)-1]
	say("one operation at a time")
	if r.solo, err = soloAll(ctx, largest); err != nil {
		return err
	}
	say("a mix of operations")
	r.mixed, err = mixAll(ctx, largest)
	return err
}
