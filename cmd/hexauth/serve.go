package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/migrations"
)

type serveCommand struct{}

// Run serves until the context ends.
func (serveCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	log, flush := newLogger(cfg, i.stdout)
	defer flush()
	announce(cfg, log)
	tracing, err := newTelemetry(i.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := tracing.Close(); err != nil {
			log.Warn("the last of the telemetry could not be sent", "event", "telemetry_lost", "cause", err.Error())
		}
	}()
	app, err := start(i.ctx, cfg, tracing, log)
	if err != nil {
		return err
	}
	defer app.store.Close()
	if err := tracing.Export(i.ctx, app.meter.Gatherer()); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(i.ctx, "tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)))
	if err != nil {
		return fmt.Errorf("listen (AUTH_HOST, AUTH_PORT): %w", err)
	}
	asides, err := openAside(i.ctx, cfg, app.meter.Handler(log), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	debug.FreeOSMemory() // what reading the contract took is not needed again
	log.Info("listening", "address", listener.Addr().String(), "prefix", cfg.APIPrefix)

	background, stop := context.WithCancel(context.WithoutCancel(i.ctx)) // requests under way need what the jobs do
	var jobs sync.WaitGroup
	for _, job := range app.jobs {
		jobs.Go(func() { job(background) })
	}
	for _, aside := range asides {
		jobs.Go(func() { aside.run(background, log) })
	}
	defer jobs.Wait()
	defer stop()
	if err := rest.Serve(i.ctx, listener, app.handler, cfg.ShutdownDelay, log); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// announce says in the first lines which mode this is and what looks odd.
func announce(cfg config.Config, log *slog.Logger) {
	log.Info("hexauth", "version", version)
	if cfg.Development {
		log.Warn("development mode: not for the internet; configure a database and a key for production, see docs/configuration.md",
			"data_dir", cfg.DataDir, "email_verification_required", cfg.EmailVerifiedRequired)
	}
	for _, warning := range cfg.Warnings {
		log.Warn(warning)
	}
	for _, name := range cfg.Ignored {
		log.Warn("this variable is set and means nothing to this version", "variable", name)
	}
}

const (
	// databasePatience is how long a start waits for a database that is away: both may be starting at the same time.
	databasePatience = 30 * time.Second
	databaseRetry    = 500 * time.Millisecond
)

// start prepares the database and wires everything, waiting for the database if need be.
func start(ctx context.Context, cfg config.Config, tracing *telemetry.Telemetry, log *slog.Logger) (*app, error) {
	patience, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	for {
		app, err := prepare(ctx, cfg, tracing, log)
		if err == nil || !errors.Is(err, domain.Unavailable) {
			return app, err
		}
		log.Warn("the database can't be reached yet", "cause", err.Error())
		select {
		case <-patience.Done():
			return nil, fmt.Errorf("the database can't be used: %w", err)
		case <-time.After(databaseRetry):
		}
	}
}

// prepare opens the store, brings the schema up to date and wires everything.
func prepare(ctx context.Context, cfg config.Config, tracing *telemetry.Telemetry, log *slog.Logger) (*app, error) {
	if cfg.Migrate {
		if err := migrate(ctx, cfg, log); err != nil {
			return nil, err
		}
	}
	store, err := openTracedStore(ctx, cfg, tracing)
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, store); err != nil {
		store.Close()
		return nil, err
	}
	app, err := wire(ctx, cfg, store, tracing, log)
	if err != nil {
		store.Close()
		return nil, err
	}
	return app, nil
}

// errSchema is final: waiting does not bring a schema up to date.
var errSchema = errors.New("the database's schema is not up to date: run \"hexauth migrate up\", or leave AUTH_MIGRATE on")

func ready(ctx context.Context, store *bunstore.Store) error {
	db, dialect := store.Migrations()
	if current, err := migrations.Current(ctx, db, dialect); err == nil && !current {
		return errSchema
	}
	return store.Ready(ctx)
}
