package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
)

// audit compares what was acknowledged with the audit log.
func (c *checks) audit(ctx context.Context) error {
	events, err := c.keptEvents(ctx)
	if err != nil {
		return err
	}
	logged, err := c.loggedSignIns()
	if err != nil {
		return err
	}
	signIns := c.compare("sign-ins that were acknowledged are in the audit log")
	changes := c.compare("changes that were acknowledged (accounts, passwords, tokens, disabling) are in the audit log")
	onlyLogged := 0
	for _, a := range c.ledger.accounts {
		for _, s := range a.signIns {
			key := "sign_in.succeeded " + s.session + " " + s.method
			if events[key] == 0 && logged[key] && c.kills > 0 {
				onlyLogged++
				signIns.count++
				continue
			}
			signIns.hold(events[key] > 0, "%s at %s of session %s", s.method, s.at.Format("15:04:05.000"), s.session)
		}
		if a.exists != yes {
			continue
		}
		changes.hold(events["user.created "+a.id] == 1, "the sign-up of %s", a.id)
		changes.hold(events["password.changed "+a.id] >= a.changes, "%d changes of the password of %s", a.changes, a.id)
		changes.hold(events["pat.created "+a.id] >= len(a.tokens), "%d tokens of %s", len(a.tokens), a.id)
		if a.disabled == yes {
			changes.hold(events["user.disabled "+a.id] > 0, "the disabling of %s", a.id)
		}
	}
	signIns.note = fmt.Sprintf("%d of the last moment of a killed instance, in its log", onlyLogged)
	return nil
}

// keptEvents counts the events of the table, by kind and what they are about.
func (c *checks) keptEvents(ctx context.Context) (map[string]int, error) {
	events := map[string]int{}
	err := c.read(ctx, `SELECT kind, coalesce(user_id::text, ''), coalesce(session_id::text, ''), coalesce(method, '') FROM auth.hexauth_events`, func(v []string) {
		events[v[0]+" "+v[1]]++
		if v[0] == "sign_in.succeeded" {
			events[v[0]+" "+v[2]+" "+v[3]]++
		}
	})
	return events, err
}

// loggedSignIns are those in the logs of the instances, with the keys of keptEvents.
func (c *checks) loggedSignIns() (map[string]bool, error) {
	signIn := regexp.MustCompile(`"event":"(sign_in\.succeeded)".*"session_id":"([^"]+)".*"method":"([^"]+)"`)
	logged := map[string]bool{}
	for _, i := range c.w.instances {
		text, err := os.ReadFile(i.log)
		if err != nil {
			return nil, err
		}
		for _, found := range signIn.FindAllStringSubmatch(string(text), -1) {
			logged[found[1]+" "+found[2]+" "+found[3]] = true
		}
	}
	return logged, nil
}
