package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/hexauth/hexauth/test/pgtest"
)

// Exit codes beside the command's own, as a shell has them.
const (
	exitFailure  = 1
	exitUsage    = 2
	exitSignal   = 128
	exitNotFound = 127
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(stderr, "usage: pgrun [--] COMMAND [ARGUMENT…]")
		return exitUsage
	}
	env := os.Environ()
	if os.Getenv(pgtest.Env) == "" {
		cluster, err := pgtest.Create(pgtest.Options{})
		if err != nil {
			fmt.Fprintln(stderr, "pgrun:", err)
			return exitFailure
		}
		defer func() {
			if err := cluster.Close(); err != nil {
				fmt.Fprintln(stderr, "pgrun:", err)
			}
		}()
		env = append(env, pgtest.Env+"="+cluster.URL())
	}
	return command(args, env, stderr)
}

// command runs args to their end and returns the exit code.
func command(args, env []string, stderr io.Writer) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(stderr, "pgrun:", err)
		return exitNotFound
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			_ = cmd.Process.Signal(sig) // fails only when the command is gone
		case err := <-done:
			return exitCode(err, stderr)
		}
	}
}

func exitCode(err error, stderr io.Writer) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		fmt.Fprintln(stderr, "pgrun:", err)
		return exitFailure
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return exit.ExitCode()
}
