package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/hexauth/hexauth/config"
)

// version is set by the linker.
var version = "dev"

// gcPercent lets the heap, which is small, grow more between collections: a tenth less CPU a request for a few megabytes.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hexauth: "+err.Error())
		os.Exit(1)
	}
}

// cli is the command line. All settings come from the environment, see docs/configuration.md.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Start the server. Without any configuration it runs in development mode on 127.0.0.1:4000 and keeps its data in ./data."`
	Migrate migrateCommand `cmd:"" help:"Show or change the version of the database."`
	User    userCommand    `cmd:"" help:"Create, list, change and delete users."`
	Import  importCommand  `cmd:"" help:"Import users from another system, with the hashes of their passwords."`
	Keys    keysCommand    `cmd:"" help:"List or rotate the keys that sign access tokens."`
	Outbox  outboxCommand  `cmd:"" help:"Look after mails that could not be sent."`
	Mail    mailCommand    `cmd:"" help:"Preview the mails."`
	Config  configCommand  `cmd:"" help:"Show the configuration in force, secrets hidden, and where each value comes from."`
	Health  healthCommand  `cmd:"" help:"Ask whether the server on this machine is alive or ready; for health checks."`
	Version versionCommand `cmd:"" help:"Show the version."`
}

// invocation is what every command gets.
type invocation struct {
	ctx     context.Context
	environ []string
	stdin   io.Reader
	stdout  io.Writer
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
	helped := false
	parser, err := kong.New(&cli{}, kong.Name("hexauth"),
		kong.Description("The authentication server you host yourself. It is configured by environment variables: "+
			"hexauth config shows them, docs/configuration.md explains them."),
		kong.Writers(stdout, stdout), kong.Exit(func(int) { helped = true }), kong.UsageOnError())
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	return parsed.Run(&invocation{ctx: ctx, environ: environ, stdin: stdin, stdout: stdout})
}
