package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// crowd is the clients, and what they have in common.
type crowd struct {
	*client
	ledger *ledger
	mails  *mailServer
}

const (
	members, tabs, guests, readers = 3, 6, 1, 2

	think = 60 * time.Millisecond // between two requests of a client
	// mailPatience is how long a client waits for a mail; one that comes later is found by the checks.
	mailPatience = 10 * time.Second
)

// run has all actors act until ctx ends, and returns when they are done with what they had begun.
func (c *crowd) run(ctx context.Context) {
	var acting sync.WaitGroup
	repeat := func(n int, act func(context.Context)) {
		for range n {
			acting.Go(func() {
				for ctx.Err() == nil {
					act(ctx)
					pause()
				}
			})
		}
	}
	repeat(members, c.member)
	repeat(guests, c.guest)
	repeat(readers, c.reader)
	repeat(1, c.administrator)
	for n := range tabs {
		acting.Go(func() { c.tab(ctx, 1+n%3) })
	}
	acting.Wait()
}

func pause() { time.Sleep(think) }

// ask sends a request although ctx may have ended: what was begun is brought to its end.
func (c *crowd) ask(r request) answer    { return c.do(context.Background(), r) }
func (c *crowd) demand(r request) answer { return c.insist(context.Background(), r) }

// read is readSession, with blame.
func (c *crowd) read(a answer) (*session, string, bool) {
	s, user, err := readSession(a)
	if err != nil {
		c.record.blame("%s: %v", a.request.operation, err)
	}
	return s, user, err == nil
}

func newAddress() string { return uuid.NewString() + "@example.com" }

// guest signs in as nobody.
func (c *crowd) guest(context.Context) {
	a := c.ask(request{operation: "anonymous sign-in", path: "/signin/anonymous", body: object{}})
	if a.outcome != done {
		return
	}
	s, user, ok := c.read(a)
	if !ok {
		return
	}
	account := c.ledger.add(&account{id: user, exists: yes})
	account.opened(s, "", a.ended)
	c.verify(s)
}

// whoAmI demands that any instance takes the access token, and knows whose it is.
func (c *crowd) whoAmI(account *account, s *session) {
	a := c.ask(request{operation: "GET /user", method: http.MethodGet, path: "/user", bearer: s.access})
	if a.outcome != done {
		return
	}
	type user struct{ ID string }
	if u, err := decode[user](a); err != nil || u.ID != account.id {
		c.record.blame("GET /user of %s answered %s", account.id, a.body)
	}
}

// verify demands that any instance finds the access token good.
func (c *crowd) verify(s *session) {
	c.ask(request{operation: "token verification", path: "/token/verify", body: object{"token": s.access}})
}

// tab keeps one session for the whole run and refreshes it again and again, several times at once, as several tabs of a browser do.
func (c *crowd) tab(ctx context.Context, atOnce int) {
	account, s, ok := c.signUp()
	for ; !ok && ctx.Err() == nil; account, s, ok = c.signUp() {
		pause()
	}
	for ctx.Err() == nil {
		if !c.refresh(s, atOnce) {
			s.open = maybe
			return // blamed, or counted as wrong
		}
		c.whoAmI(account, s)
		c.verify(s)
		pause()
	}
}

// refresh replaces the token of a session by atOnce requests at the same time, which all must get the same successor.
func (c *crowd) refresh(s *session, atOnce int) bool {
	next := make([]*session, atOnce)
	var asking sync.WaitGroup
	for n := range atOnce {
		asking.Go(func() {
			a := c.demand(request{operation: "refresh", path: "/token", body: object{"refreshToken": s.token}})
			if a.outcome == done {
				next[n], _, _ = c.read(a)
			}
		})
	}
	asking.Wait()
	for _, got := range next {
		switch {
		case got == nil:
			return false
		case got.id != s.id || got.token != next[0].token || got.token == s.token:
			c.record.blame("session %s has forked: parallel refreshes got different successors", s.id)
			return false
		}
	}
	s.token, s.access = next[0].token, next[0].access
	s.exchange++
	return true
}

// reader signs in by what is mailed: a link, and then a code.
func (c *crowd) reader(ctx context.Context) {
	email := newAddress()
	account := &account{email: email, exists: maybe}
	if l, ok := c.mailed(ctx, email, request{operation: "link by mail", path: "/signin/passwordless/email", body: object{"email": email}}); ok {
		c.follow(account, l)
	}
	if account.exists != yes || ctx.Err() != nil {
		return
	}
	l, ok := c.mailed(ctx, email, request{operation: "code by mail", path: "/signin/otp/email", body: object{"email": email}})
	if !ok {
		return
	}
	a := c.ask(request{operation: "sign-in by code", path: "/signin/otp/email/verify", body: object{"email": email, "otp": l.ticket}})
	if a.outcome != done {
		account.doubtful++
		return
	}
	if s, _, ok := c.read(a); ok {
		account.opened(s, "email-code", a.ended)
	}
}

// mailed asks for a mail and waits for it.
func (c *crowd) mailed(ctx context.Context, email string, r request) (letter, bool) {
	arrival := c.mails.expect(email)
	if c.ask(r).outcome != done {
		return letter{}, false
	}
	c.ledger.mailed(email)
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	l, err := await(ctx, arrival)
	return l, err == nil
}

// follow opens a mailed link, again where the answer was lost, and takes what the browser is sent back with.
func (c *crowd) follow(account *account, l letter) {
	_, path, found := strings.Cut(l.link, "/v1/")
	if !found {
		c.record.blame("a mail has the link %q", l.link)
		return
	}
	a := c.demand(request{operation: "sign-in by link", method: http.MethodGet, path: "/" + path, wants: http.StatusFound})
	if a.outcome != done {
		account.doubtful++
		return
	}
	target, err := url.Parse(a.header.Get("Location"))
	if err != nil || target.Query().Get("refreshToken") == "" {
		c.record.blame("a link led to %q", a.header.Get("Location"))
		return
	}
	at := a.ended
	a = c.demand(request{operation: "refresh", path: "/token", body: object{"refreshToken": target.Query().Get("refreshToken")}})
	if a.outcome != done {
		account.doubtful++
		return
	}
	if s, user, ok := c.read(a); ok {
		account.exists, account.id = yes, user
		c.ledger.add(account).opened(s, "email-link", at)
		c.whoAmI(account, s)
	}
}
