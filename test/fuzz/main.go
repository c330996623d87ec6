package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/hexauth/hexauth/test/results"
)

const (
	page        = "docs/reliability.md"
	section     = "fuzz"
	defaultTime = 10 * time.Minute
)

// settings come from the environment.
type settings struct {
	each     time.Duration  // FUZZ_TIME: how long one target runs
	only     *regexp.Regexp // FUZZ_ONLY: the targets to run, as "adapter/rest.FuzzBody"
	parallel int            // FUZZ_PARALLEL: how many inputs are tried at once; 0 for one a processor
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz: "+err.Error())
		os.Exit(1)
	}
}

// run must be called at the top of the repository.
func run(ctx context.Context) error {
	s, err := fromEnvironment()
	if err != nil {
		return err
	}
	all, err := find(ctx)
	if err != nil {
		return err
	}
	cache, err := cacheDir(ctx)
	if err != nil {
		return err
	}
	rows, err := readTable(page, all)
	if err != nil {
		return err
	}
	targets := slices.DeleteFunc(all, func(t target) bool { return !s.only.MatchString(t.String()) })
	failed := 0
	for i, t := range targets {
		fmt.Printf("[%d/%d] %s\n", i+1, len(targets), t)
		outcome := fuzz(ctx, t, s)
		if ctx.Err() != nil {
			return errors.New("interrupted; what the targets before found is kept")
		}
		kept, err := keep(cache, t)
		if err != nil {
			return err
		}
		if outcome.failed {
			failed++
		}
		rows[t.String()] = row(t, outcome, kept)
		if err := results.Write(page, section, table(rows)); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d targets failed; go test ./… shows each again until it is mended", failed, len(targets))
	}
	return nil
}

func fromEnvironment() (s settings, err error) {
	s = settings{each: defaultTime, only: regexp.MustCompile("")}
	if text := os.Getenv("FUZZ_TIME"); text != "" {
		if s.each, err = time.ParseDuration(text); err != nil || s.each <= 0 {
			return s, errors.New("FUZZ_TIME must be a duration such as 30s or 10m")
		}
	}
	if s.only, err = regexp.Compile(os.Getenv("FUZZ_ONLY")); err != nil {
		return s, fmt.Errorf("FUZZ_ONLY: %w", err)
	}
	if text := os.Getenv("FUZZ_PARALLEL"); text != "" {
		if s.parallel, err = strconv.Atoi(text); err != nil || s.parallel < 1 {
			return s, errors.New("FUZZ_PARALLEL must be a positive number")
		}
	}
	return s, nil
}
