package main

import (
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/usecase"
)

type outboxListCommand struct {
	Limit int
}

// Run prints the outbox, without secrets.
func (c outboxListCommand) Run(i *invocation) error {
	return withStore(i, func(_ config.Config, store *bunstore.Store, _ clock) error {
		messages, err := (&usecase.ListOutbox{Outbox: store.Outbox()}).Do(i.ctx, c.Limit)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tTEMPLATE\tTO\tQUEUED\tATTEMPTS\tNEXT\tLAST ERROR")
		for _, m := range messages {
			next := m.NextAttemptAt.Format(time.RFC3339)
			if m.Parked {
				next = "parked"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", m.ID, m.Template, m.To, m.CreatedAt.Format(time.RFC3339), m.Attempts, next, m.LastError)
		}
		return table.Flush()
	})
}

type outboxRetryCommand struct {
	ID string
}

var errNoSuchMail = errors.New("there is no such mail in the outbox")

// Run makes mails due at once.
func (c outboxRetryCommand) Run(i *invocation) error {
	if _, err := uuid.Parse(c.ID); c.ID != "" && err != nil {
		return errNoSuchMail
	}
	return withStore(i, func(_ config.Config, store *bunstore.Store, clock clock) error {
		n, err := (&usecase.RetryOutbox{Outbox: store.Outbox(), Clock: clock}).Do(i.ctx, c.ID)
		if err == nil && n == 0 && c.ID != "" {
			return errNoSuchMail
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(i.stdout, "%d to be sent again\n", n)
		return err
	})
}

type mailPreviewCommand struct {
	Dir string
}

// Run writes the previews.
func (c mailPreviewCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	templates, err := newTemplates(cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := templates.Preview(c.Dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(i.stdout, "open %s/index.html\n", c.Dir)
	return err
}
