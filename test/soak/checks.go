package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// line is one thing that was compared.
type line struct {
	what  string
	count int      // how many were compared
	note  string   // what else there is to say
	wrong []string // those that do not hold
}

// checks compare the ledger with the world.
type checks struct {
	w      *world
	ledger *ledger
	record *record
	client *client
	kills  int
	lines  []*line
}

// compare begins a line.
func (c *checks) compare(what string) *line {
	l := &line{what: what}
	c.lines = append(c.lines, l)
	return l
}

// hold counts one comparison.
func (l *line) hold(holds bool, format string, args ...any) {
	l.count++
	if !holds {
		l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
	}
}

// run compares everything. warm is what the instances held before.
func (c *checks) run(ctx context.Context, warm map[string]holding) error {
	for _, check := range []func(context.Context) error{
		func(ctx context.Context) error { return c.leaks(ctx, warm) }, c.mails, c.audit, c.accounts, c.rows, c.openDoors, c.clocks,
	} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// read calls each with the columns of every row.
func (c *checks) read(ctx context.Context, text string, each func(values []string)) error {
	conn, err := pgx.Connect(ctx, c.w.cluster.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values := make([]string, len(rows.FieldDescriptions()))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		each(values)
	}
	return rows.Err()
}

// accounts compares who was acknowledged with who is there.
func (c *checks) accounts(ctx context.Context) error {
	there := map[string]string{} // address by id
	disabled := map[string]bool{}
	err := c.read(ctx, `SELECT id::text, coalesce(email::text, ''), disabled::text FROM auth.users`, func(v []string) {
		there[v[0]], disabled[v[0]] = v[1], v[2] == "true"
	})
	if err != nil {
		return err
	}
	users, off := c.compare("accounts that were acknowledged are there"), c.compare("accounts that were disabled are, the others are not")
	doubtful := 0
	for _, a := range c.ledger.accounts {
		if a.exists != yes {
			doubtful++
			continue
		}
		email, found := there[a.id]
		users.hold(found && email == a.email, "account %s", a.id)
		if a.disabled != maybe {
			off.hold(disabled[a.id] == (a.disabled == yes), "account %s", a.id)
		}
	}
	users.note = fmt.Sprintf("%d sign-ups had no answer, or 503", doubtful)
	halves, err := query[int](ctx, c.w, `SELECT count(*) FROM auth.users u WHERE NOT EXISTS (SELECT 1 FROM auth.user_roles r WHERE r.user_id = u.id)`)
	whole := c.compare("accounts have their roles: none was stored by half")
	whole.count = len(there)
	if halves > 0 {
		whole.wrong = append(whole.wrong, fmt.Sprintf("%d accounts without roles", halves))
	}
	return err
}

// rows compares the sessions with the table: the only token that a session's row lets through is the newest its client was given.
func (c *checks) rows(ctx context.Context) error {
	hash, owner, owned := map[string]string{}, map[string]string{}, map[string]int{}
	err := c.read(ctx, `SELECT id::text, user_id::text, refresh_token_hash FROM auth.refresh_tokens WHERE type = 'regular'`, func(v []string) {
		hash[v[0]], owner[v[0]] = v[2], v[1]
		owned[v[1]]++
	})
	if err != nil {
		return err
	}
	open := c.compare("open sessions are there, with the hash of the newest token their clients have: none has forked or is lost")
	ended := c.compare("sessions that were ended (sign-out, change of password, disabling) are gone")
	more := c.compare("users have no other sessions than those, and one at most for each sign-in without an answer")
	exchanges := 0
	for _, a := range c.ledger.accounts {
		if a.exists != yes {
			continue
		}
		known := a.doubtful
		for _, s := range a.sessions {
			exchanges += s.exchange
			switch s.open {
			case yes:
				open.hold(owner[s.id] == a.id && hash[s.id] == hashOf(s.token), "session %s", s.id)
			case no:
				ended.hold(hash[s.id] == "", "session %s", s.id)
			}
			if s.open != no {
				known++
			}
		}
		more.hold(owned[a.id] <= known, "user %s has %d sessions, %d are known", a.id, owned[a.id], known)
	}
	open.note = fmt.Sprintf("refreshed %d times", exchanges)
	return nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return `\x` + hex.EncodeToString(sum[:])
}

// openDoors tries with the API what must let clients in, and what must not.
func (c *checks) openDoors(ctx context.Context) error {
	c.record.enter(&phase{name: "comparing"})
	defer c.record.over()
	refreshed := c.compare("open sessions can be refreshed and stay the same session")
	shut := c.compare("tokens of ended sessions are refused (401)")
	passwords := c.compare("passwords are the acknowledged ones")
	refused := c.compare("disabled accounts are refused (401)")
	tokens := c.compare("personal access tokens sign in")
	var mu sync.Mutex
	hold := func(l *line, holds bool, format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		l.hold(holds, format, args...)
	}
	is := func(r request) bool { return c.client.do(ctx, r).outcome == done }
	queue := make(chan *account)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for a := range queue {
				for _, token := range a.tokens {
					hold(tokens, is(request{operation: "sign-in by token", path: "/signin/pat", body: object{"personalAccessToken": token}}), "a token of %s", a.id)
				}
				for _, s := range a.sessions {
					switch s.open {
					case yes:
						answer := c.client.do(ctx, request{operation: "refresh", path: "/token", body: object{"refreshToken": s.token}})
						next, _, err := readSession(answer)
						hold(refreshed, err == nil && next.id == s.id, "session %s: %s", s.id, answer.body)
					case no:
						hold(shut, is(request{operation: "refresh of what has ended", path: "/token", body: object{"refreshToken": s.token}, wants: http.StatusUnauthorized}), "session %s", s.id)
					}
				}
				if len(a.passwords) == 0 {
					continue
				}
				switch a.disabled {
				case yes:
					hold(refused, c.enters(ctx, a, http.StatusUnauthorized) == 1, "account %s", a.id)
				case no:
					hold(passwords, c.enters(ctx, a, http.StatusOK) == 1, "account %s", a.id)
				}
			}
		})
	}
	for _, a := range c.ledger.accounts {
		if a.exists == yes {
			queue <- a
		}
	}
	close(queue)
	workers.Wait()
	return nil
}

// enters says how many of the possible passwords of an account are answered with that status.
func (c *checks) enters(ctx context.Context, a *account, status int) (n int) {
	for _, password := range a.passwords {
		got, _, _, err := c.client.send(ctx, request{method: http.MethodPost, path: "/signin/email-password", body: object{"email": a.email, "password": password}})
		if err == nil && got == status {
			n++
		}
	}
	return n
}

// leasePatience is longer than a mail whose sender was killed waits to be sent by another.
const leasePatience = 200 * time.Second

// mails compares what was acknowledged with what has arrived.
func (c *checks) mails(ctx context.Context) error {
	empty := c.compare("the outbox is empty")
	left := -1
	for until := time.Now().Add(leasePatience); left != 0 && time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		var err error
		if left, err = query[int](ctx, c.w, "SELECT count(*) FROM auth.hexauth_outbox"); err != nil {
			return err
		}
	}
	empty.hold(left == 0, "%d messages are left", left)

	distinct, letters := map[string]map[string]bool{}, c.w.mails.received()
	kinds := 0
	for _, l := range letters {
		if distinct[l.to] == nil {
			distinct[l.to] = map[string]bool{}
		}
		if !distinct[l.to][l.id] {
			kinds++
		}
		distinct[l.to][l.id] = true
	}
	arrived := c.compare("mails that were acknowledged have arrived")
	for address, n := range c.ledger.mails {
		arrived.hold(len(distinct[address]) >= n, "%d of %d mails to %s", len(distinct[address]), n, address)
	}
	twice := len(letters) - kinds
	once := c.compare("mails have arrived once, except for at most one for each kill")
	once.count, once.note = kinds, fmt.Sprintf("%d twice", twice)
	if twice > c.kills {
		once.wrong = append(once.wrong, fmt.Sprintf("%d mails have arrived twice", twice))
	}
	return nil
}

// clocks makes sure that the clock of one instance was off, and of no other.
func (c *checks) clocks(context.Context) error {
	l := c.compare("the clock of c was an hour ahead and then behind, those of the others were right")
	for n, i := range c.w.instances {
		ahead, err := i.logged(`"event":"clock_off","ahead_by":"(1h0m0|59m59)`)
		if err != nil {
			return err
		}
		behind, err := i.logged(`"event":"clock_off","ahead_by":"-(1h0m0|59m59)`)
		if err != nil {
			return err
		}
		off := n == len(c.w.instances)-1
		l.hold((ahead > 0) == off && (behind > 0) == off, "%s: ahead %d times, behind %d times", i.name, ahead, behind)
	}
	return nil
}

// short is the beginning of a list.
func short(list []string) string {
	const most = 5
	if len(list) > most {
		return strings.Join(list[:most], "\n    ") + fmt.Sprintf("\n    and %d more", len(list)-most)
	}
	return strings.Join(list, "\n    ")
}
