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
)

// calibrate is the hidden argument with which the benchmark starts itself as the calibration's server.
const calibrate = "calibrate"

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
	resting, err := measureResting(ctx, binary, dir)
	if err != nil {
		return err
	}
	database, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.close()) }()
	env := cost.Environment(database.url)
	counted, err := countAll(ctx, binary, dir, env)
	if err != nil {
		return err
	}
	loaded, err := loadAll(ctx, binary, dir, env)
	if err != nil {
		return err
	}
	return report{database: database.version, resting: resting, counted: counted, loaded: loaded}.print(out)
}
