package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/migrations"
)

type migrateUpCommand struct {
	DryRun bool
}

// Run migrates, or prints what would be done.
func (c migrateUpCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	if !c.DryRun {
		log, flush := newLogger(cfg, i.stdout)
		defer flush()
		return migrate(i.ctx, cfg, log)
	}
	status, err := inspect(i.ctx, cfg)
	if err != nil {
		return err
	}
	for _, step := range status.Pending {
		fmt.Fprintf(i.stdout, "-- %s\n%s\n", step, step.SQL)
	}
	if len(status.Pending) == 0 {
		fmt.Fprintln(i.stdout, "-- nothing to do")
	}
	return refusal(status)
}

type migrateStatusCommand struct{}

// Run prints what was found. It fails when the database would be refused.
func (migrateStatusCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	status, err := inspect(i.ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(i.stdout, "found:   %s\n", status.Found)
	fmt.Fprintf(i.stdout, "version: %d\n", status.Version)
	fmt.Fprintf(i.stdout, "pending: %d\n", len(status.Pending))
	for _, step := range status.Pending {
		fmt.Fprintf(i.stdout, "  %s\n", step)
	}
	return refusal(status)
}

// refusal is why the database would not be touched, as an error; nil when it would.
func refusal(status migrations.Status) error {
	if status.Refusal == nil {
		return nil
	}
	return status.Refusal
}

// migrationTimeout bounds what may take longer than a request's statements: building indexes of large tables.
const migrationTimeout = time.Hour

// openForMigrations opens the database as the role that may change its schema.
func openForMigrations(ctx context.Context, cfg config.Config) (*bunstore.Store, error) {
	return bunstore.Open(ctx, cfg.MigrationsURL, bunstore.Options{PoolSize: 3, Timeout: migrationTimeout, Unprepared: true})
}

func inspect(ctx context.Context, cfg config.Config) (migrations.Status, error) {
	store, err := openForMigrations(ctx, cfg)
	if err != nil {
		return migrations.Status{}, err
	}
	defer store.Close()
	db, dialect := store.Migrations()
	return migrations.Inspect(ctx, db, dialect)
}

func migrate(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	store, err := openForMigrations(ctx, cfg)
	if err != nil {
		return err
	}
	defer store.Close()
	db, dialect := store.Migrations()
	report, err := migrations.Up(ctx, db, dialect, func(step migrations.Step) {
		log.Warn("a migration waits for tables that another transaction uses; it tries again until it gets them", "step", step.String())
	})
	if err != nil {
		return store.Unavailable(ctx, err)
	}
	for _, step := range report.Applied {
		log.Info("migrated", "step", step.String())
	}
	return nil
}
