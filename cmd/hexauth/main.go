package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
)

// version is set by the linker.
var version = "dev"

// gcPercent lets the heap, which is small, grow more between collections: a tenth less CPU a request. GOGC decides where it is set.
const gcPercent = 800

// memoryLimit is what the process is to stay within (a soft limit: it collects more often near it), on so many processors: room for
// requests, and for each password that can be hashed at once the 19 MiB of that hash and of one that is not collected yet. Without it
// a collection in the middle of a hash, which takes those 19 MiB for what is needed always, would let the heap grow to nine times as
// much. GOMEMLIMIT decides where it is set.
func memoryLimit(processors int) int64 { return 96<<20 + 40<<20*int64(max(1, processors-1)) }

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit(runtime.GOMAXPROCS(0)))
	}
	if os.Getenv("AUTH_PPROF_ADDR") == "" {
		runtime.MemProfileRate = 0 // samples of allocations cost two percent of a request, and nobody could read them
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hexauth: "+legible(err.Error()))
		os.Exit(1)
	}
}

// invocation is what every command gets.
type invocation struct {
	ctx     context.Context
	environ []string
	stdin   io.Reader
	stdout  io.Writer

	began bool // the arguments were understood, and the command runs
}

// config loads the configuration. The error lists every mistake.
func (i *invocation) config() (config.Config, error) {
	return config.Load(config.FromEnviron(i.environ))
}

// errUsage is returned, with the reason, when the arguments can't be understood.
var errUsage = errors.New("see hexauth --help")

// run executes one command. It returns when the command is done, or when ctx ends and a server has stopped gracefully.
func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	return runWith(ctx, args, environ, os.Stdin, stdout)
}

// runWith is run with another standard input.
func runWith(ctx context.Context, args, environ []string, stdin io.Reader, stdout io.Writer) error {
	ctx = domain.WithDevice(ctx, domain.Device{UserAgent: "command line"}) // for the audit log
	i := &invocation{ctx: ctx, environ: environ, stdin: stdin, stdout: stdout}
	commands := i.commands()
	commands.SetArgs(args)
	commands.SetOut(stdout)
	commands.SetErr(stdout)
	err := commands.ExecuteContext(ctx)
	if err != nil && !i.began {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	return err
}
