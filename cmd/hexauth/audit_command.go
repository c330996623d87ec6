package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

type auditCommand struct {
	shown
	User, Event, Since string
	Limit              int
	Follow             bool
}

const (
	followPause = time.Second
	// followOverlap is how far back a follower looks each time: events are kept up to a moment after they happened, and clocks differ.
	followOverlap = 15 * time.Second
	followLimit   = 10_000
	maxAudit      = 100_000
)

func (i *invocation) audit() *cobra.Command {
	var c auditCommand
	list := i.command("audit [flags]", "Show what happened to accounts: sign-ins, failures, changes, administration.", &c)
	list.Long = list.Short + " The newest events come last. docs/audit.md lists the kinds of events."
	flags := list.Flags()
	flags.StringVar(&c.User, "user", "", "only events about this `USER`: an id, or the e-mail address of an account that exists")
	flags.StringVar(&c.Event, "event", "", "only this `KIND` of event, such as sign_in.failed, or all kinds that begin so: sign_in")
	flags.StringVar(&c.Since, "since", "", "only events since a `TIME` such as 2026-03-01T12:00:00Z, or for so long: 24h")
	flags.IntVar(&c.Limit, "limit", 100, "show the newest `N`")
	flags.BoolVar(&c.Follow, "follow", false, "go on with what happens from now on, until interrupted")
	flags.BoolVar(&c.JSON, "json", false, "print a JSON object a line, as webhooks are sent")
	return list
}

// query reads the flags.
func (c auditCommand) query(now time.Time) (who domain.UserRef, q domain.EventQuery, err error) {
	if c.User != "" {
		if who, err = domain.ParseUserRef("--user", c.User); err != nil {
			return who, q, explained(err)
		}
	}
	filter, known := domain.ParseEventFilter(c.Event)
	if !known {
		return who, q, fmt.Errorf("--event must be one of %s, or what stands before the full stop", kindNames())
	}
	if c.Limit < 1 || c.Limit > maxAudit {
		return who, q, fmt.Errorf("--limit must be 1 to %d", maxAudit)
	}
	q = domain.EventQuery{Filter: filter, Limit: c.Limit}
	if age, err := time.ParseDuration(c.Since); err == nil && age >= 0 {
		q.Since = now.Add(-age)
	} else if q.Since, err = time.Parse(time.RFC3339, c.Since); err != nil && c.Since != "" {
		return who, q, errors.New("--since must be a time such as 2026-03-01T12:00:00Z, or a duration such as 24h")
	}
	return who, q, nil
}

func kindNames() string {
	names := make([]string, len(domain.EventKinds()))
	for i, kind := range domain.EventKinds() {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

// Run prints events.
func (c auditCommand) Run(i *invocation) error {
	who, q, err := c.query(time.Now().UTC())
	if err != nil {
		return err
	}
	return withStore(i, func(_ config.Config, store *bunstore.Store, _ clock) error {
		list := &usecase.ListEvents{Store: store}
		events, err := list.Do(i.ctx, who, q)
		if err != nil {
			return explained(err)
		}
		if err := c.print(i, events, true); err != nil || !c.Follow {
			return err
		}
		return c.follow(i, list, who, q, events)
	})
}

// follow prints what is new, again and again.
func (c auditCommand) follow(i *invocation, list *usecase.ListEvents, who domain.UserRef, q domain.EventQuery, printed []domain.Event) error {
	seen, began := map[string]time.Time{}, time.Now()
	for _, event := range printed {
		seen[event.ID] = event.At
	}
	for {
		select {
		case <-i.ctx.Done():
			return nil
		case <-time.After(followPause):
		}
		if q.Since = time.Now().Add(-followOverlap); q.Since.Before(began) {
			q.Since = began
		}
		q.Limit = followLimit
		events, err := list.Do(i.ctx, who, q)
		if i.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return explained(err)
		}
		var fresh []domain.Event
		for _, event := range events {
			if _, old := seen[event.ID]; !old {
				seen[event.ID], fresh = event.At, append(fresh, event)
			}
		}
		for id, at := range seen {
			if at.Before(q.Since) {
				delete(seen, id)
			}
		}
		if err := c.print(i, fresh, false); err != nil {
			return err
		}
	}
}

func (c auditCommand) print(i *invocation, events []domain.Event, heading bool) error {
	if c.JSON {
		encoder := json.NewEncoder(i.stdout)
		encoder.SetEscapeHTML(false)
		for _, event := range events {
			if err := encoder.Encode(rest.EventOf(event)); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
	if heading {
		fmt.Fprintln(table, "TIME\tEVENT\tACTOR\tUSER\tDETAILS\tFROM")
	}
	for _, e := range events {
		var details []string
		for _, detail := range []string{string(e.Method), e.Target, string(e.Reason)} {
			if detail != "" {
				details = append(details, printable(detail))
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.RFC3339), e.Kind, e.Actor, orDash(string(e.UserID)),
			orDash(strings.Join(details, " ")), orDash(strings.TrimSpace(e.Device.Address+" "+printable(e.Device.UserAgent))))
	}
	return table.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// printable keeps what a client has sent from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, text)
}
