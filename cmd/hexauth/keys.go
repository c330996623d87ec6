package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/port"
)

type keysListCommand struct{}

// Run prints the keys of the database.
func (keysListCommand) Run(i *invocation) error {
	return withKeyStore(i, func(cfg config.Config, store *bunstore.Store, clock clock) error {
		states, err := listSigningKeys(cfg, store, clock).Do(i.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "GENERATION\tSTATE\tALGORITHM\tSIGNS FROM\tKEY ID")
		for _, s := range states {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", s.Key.Generation, s.State, s.Key.Algorithm, s.Key.ActivateAt.Format(time.RFC3339), s.Key.ID)
		}
		return table.Flush()
	})
}

type keysRotateCommand struct {
	After time.Duration
}

// Run adds a key.
func (c keysRotateCommand) Run(i *invocation) error {
	if c.After < 0 {
		return errors.New("--after must not be negative")
	}
	return withKeyStore(i, func(cfg config.Config, store *bunstore.Store, clock clock) error {
		rotate, err := rotateSigningKey(cfg, store, clock)
		if err != nil {
			return err
		}
		key, err := rotate.Do(i.ctx, c.After)
		if errors.Is(err, port.ErrTaken) {
			return errors.New("somebody else rotated the keys at this moment; see hexauth keys list")
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(i.stdout, "key %s (%s, generation %d) signs from %s\n", key.ID, key.Algorithm, key.Generation,
			key.ActivateAt.Format(time.RFC3339))
		return err
	})
}

// withKeyStore opens the store for do, unless the configuration keeps the key itself.
func withKeyStore(i *invocation, do func(config.Config, *bunstore.Store, clock) error) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	if cfg.JWTSecret != nil {
		return errors.New("HASURA_GRAPHQL_JWT_SECRET holds the signing key; the database has none while it is set")
	}
	return withStore(i, do)
}

// withStore opens a store whose schema is up to date, for do, and finds out what time it is there.
func withStore(i *invocation, do func(config.Config, *bunstore.Store, clock) error) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	store, err := openStore(i.ctx, cfg)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := ready(i.ctx, store); err != nil {
		return err
	}
	clock, err := clockForCommand(i.ctx, cfg, store)
	if err != nil {
		return err
	}
	return do(cfg, store, clock)
}
