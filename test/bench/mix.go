package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	mixTime   = 8 * time.Second
	mixWarmUp = 1 * time.Second
	mixCalls  = 40_000 // so many there can be; by it the calls are counted that are made ready beforehand
)

// portion is how often an operation comes in the mix.
type portion struct {
	name   string
	weight int // of a thousand
}

// mixture is what an app asks that has been in use for a while. An access token lives for 15 minutes, so somebody who uses the app for an
// hour a day refreshes four times and opens a page, for which the app reads the user or has a token verified, a few times as often as it
// has to; he signs in once in a month. So one request in a hundred hashes a password, and those cost more than all others together.
func mixture() []portion {
	return []portion{
		{cost.Refresh, 500},
		{cost.GetUser, 220},
		{cost.VerifyToken, 100},            // by backends that have no library for JWTs
		{"GET /.well-known/jwks.json", 40}, // by those that have, once a minute each
		{cost.SignInPAT, 40},               // by scripts
		{"POST /token, unknown", 15},       // by clients that come back after a month
		{"GET /user/sessions", 10},         // on the page of the account
		{cost.Anonymous, 15},               // by visitors who try the app out
		{"POST /signout", 10},              // most people just close the tab
		{cost.SignIn, 7},                   // hashes
		{cost.SignUp, 3},                   // hashes
		{"POST /signin/webauthn", 6},       // each is followed by the next line
		{cost.SignInKey, 6},                //
		{cost.StartOTP, 6},                 // mails
		{cost.VerifyOTP, 5},                // not everybody types the code in
		{cost.StartLink, 5},                // mails
		{cost.VerifyLink, 4},               //
		{cost.SignInTOTP, 2},               //
		{cost.StartReset, 2},               // mails
		{"POST /pat", 1},                   //
		{"GET /admin/users", 2},            // support
		{"GET /admin/users, a search", 1},  //
	}
}

// mixed is what the mix showed, as fast as the server can and at half the rate.
type mixed struct {
	flatOut, calm spell
	peak          int64 // bytes of the server, the most there were
}

// spell is some seconds of the mix.
type spell struct {
	figures
	latencies map[string][]time.Duration // by operation
}

// mixer is a client of the mix. What it notes is its own.
type mixer struct {
	random    *rand.Rand
	do        []func() error // in the order of mixture
	latencies [][]time.Duration
}

// mixAll measures the mix.
func mixAll(ctx context.Context, t *town) (m *mixed, err error) {
	if err := t.start(ctx, nil); err != nil {
		return nil, err
	}
	mixers, err := t.mixers()
	if err != nil {
		return nil, err
	}
	w := workers{server: t.server, postgres: t.rig.server.kernel.cpu, settle: t.awaitOutbox}
	for _, x := range mixers {
		w.do = append(w.do, x.call)
	}
	if _, err := w.run(ctx, mixWarmUp, 0); err != nil {
		return nil, err
	}
	m = &mixed{}
	if m.flatOut, err = mixSpell(ctx, w, mixers, 0); err != nil {
		return nil, err
	}
	pace := time.Duration(2 * clients / m.flatOut.perSecond * float64(time.Second))
	if m.calm, err = mixSpell(ctx, w, mixers, pace); err != nil {
		return nil, err
	}
	m.peak, err = t.server.peak()
	return m, err
}

func mixSpell(ctx context.Context, w workers, mixers []*mixer, pace time.Duration) (spell, error) {
	for _, x := range mixers {
		x.latencies = make([][]time.Duration, len(x.do))
	}
	r, err := w.run(ctx, mixTime, pace)
	if err != nil {
		return spell{}, err
	}
	s := spell{figures: figuresOf([]round{r}), latencies: map[string][]time.Duration{}}
	for i, p := range mixture() {
		for _, x := range mixers {
			s.latencies[p.name] = append(s.latencies[p.name], x.latencies[i]...)
		}
	}
	return s, nil
}

// mixers are the clients of the mix, with all their operations.
func (t *town) mixers() ([]*mixer, error) {
	all := make([]*mixer, clients)
	visitors := t.population.visitors(clients, busyUsers)
	for i := range all {
		all[i] = &mixer{random: rand.New(rand.NewPCG(1, uint64(i))), latencies: make([][]time.Duration, len(mixture()))}
	}
	for _, p := range mixture() {
		o := operation(p.name)
		var supply func() error
		if o.Once {
			calls, err := o.PrepareAll(t.client, p.weight*mixCalls/1000)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			supply = fromSupply(calls)
		}
		for i, x := range all {
			do, err := supply, error(nil)
			if !o.Once {
				do, err = visitors[i].prepare(o, t.client)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			x.do = append(x.do, do)
		}
	}
	return all, nil
}

// call does what the weights choose. What is spent is left out.
func (x *mixer) call() error {
	for {
		i := choose(x.random.IntN(1000))
		began := time.Now()
		err := x.do[i]()
		if errors.Is(err, errSpent) {
			continue
		}
		x.latencies[i] = append(x.latencies[i], time.Since(began))
		return err
	}
}

// choose finds the portion in which a number below 1000 lies.
func choose(n int) int {
	for i, p := range mixture() {
		if n -= p.weight; n < 0 {
			return i
		}
	}
	return 0
}
