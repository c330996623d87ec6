package main

import (
	"context"
	"log/slog"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
)

// clock is the time by which everything is judged.
type clock struct {
	*system.SharedClock
	shared bool // with other machines; SQLite's time is this machine's
}

func newClock(cfg config.Config, store *bunstore.Store, log *slog.Logger) clock {
	_, sqlite := cfg.SQLitePath()
	return clock{system.NewSharedClock(store.Clock, log), !sqlite}
}

// look compares the clocks before anything is judged by them.
func (c clock) look(ctx context.Context) error {
	if !c.shared {
		return nil
	}
	return c.Look(ctx)
}

// jobs keep an eye on them.
func (c clock) jobs() []func(context.Context) {
	if !c.shared {
		return nil
	}
	return []func(context.Context){c.Run}
}

// clockForCommand is newClock after a look, for a command, which is told nothing of the difference: hexauth doctor says it.
func clockForCommand(ctx context.Context, cfg config.Config, store *bunstore.Store) (clock, error) {
	c := newClock(cfg, store, slog.New(slog.DiscardHandler))
	return c, c.look(ctx)
}
