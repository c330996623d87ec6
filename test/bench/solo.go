package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	soloTime    = 700 * time.Millisecond
	soloWarmUp  = 150 * time.Millisecond
	countedCall = 240 // of an operation of which only so many calls are made; a quarter of them warms up
	busyUsers   = 10_000
	hashClients = 2 // of operations that hash a password: more would only queue
)

// subject is an operation that is measured alone, with many users in the database.
type subject struct {
	operation cost.Operation
	clients   int
	calls     int               // that are made; 0 for as many as there is time for
	extra     map[string]string // of the environment
}

// claimsName stands for POST /token on a server that asks PostgreSQL for custom claims.
const claimsName = "POST /token, custom claims by SQL"

// subjects are what the product is used for, and the refusals that an attacker can call for.
func subjects() (all []subject) {
	for _, name := range []string{
		cost.Refresh, "POST /token, replayed within the grace", claimsName, cost.GetUser, cost.VerifyToken,
		"POST /token/verify, token in the header", "GET /.well-known/jwks.json",
		cost.SignIn, cost.SignUp, cost.Anonymous, cost.SignInPAT,
		"POST /signin/email-password, a second factor is asked for", cost.SignInTOTP,
		"POST /signin/webauthn", cost.SignInKey, "POST /signup/webauthn/verify",
		cost.StartOTP, cost.VerifyOTP, cost.StartLink, cost.VerifyLink, cost.StartReset,
		"POST /signout", "GET /user/sessions", "POST /pat", "POST /user/password",
		"GET /admin/users", "GET /admin/users, a search",
		"POST /token, unknown", "POST /signin/email-password, unknown", "GET /user, forged token",
	} {
		all = append(all, subjectOf(name))
	}
	return all
}

func subjectOf(name string) subject {
	if name == claimsName { // with what package cost demands of it
		s := subjectOf(cost.Refresh)
		s.operation.Name, s.operation.Statements, s.operation.RoundTrips = claimsName, 2, 2
		s.extra = map[string]string{"AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT metadata->>'plan' AS plan FROM auth.users WHERE id = $1"}
		return s
	}
	s := subject{operation: operation(name), clients: clients}
	// The mails have to leave, too, and nobody may have any number of personal access tokens.
	if s.operation.Once || slices.Contains([]string{cost.StartOTP, cost.StartLink, cost.StartReset, "POST /pat"}, name) {
		s.calls = countedCall
	}
	switch name {
	case cost.SignInTOTP: // each is made ready by hashing twice
		s.clients, s.calls = hashClients, countedCall/4
	case cost.SignIn, cost.SignUp, "POST /signin/email-password, a second factor is asked for", "POST /user/password",
		"POST /signin/email-password, unknown":
		s.clients = hashClients
	}
	return s
}

// soloAll measures one operation after the other.
func soloAll(ctx context.Context, t *town) (map[string]figures, error) {
	found := map[string]figures{}
	for _, s := range subjects() {
		err := t.start(ctx, s.extra)
		if err != nil {
			return nil, err
		}
		if found[s.operation.Name], err = t.solo(ctx, s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.operation.Name, err)
		}
		t.stop() // so that nothing is left for the next
	}
	return found, nil
}

func (t *town) solo(ctx context.Context, s subject) (figures, error) {
	crew, err := t.soloists(s)
	if err != nil {
		return figures{}, err
	}
	warmUp, measured, spell := crew, crew, soloTime
	if s.calls > 0 {
		warmUp, measured, spell = crew.atMost(s.calls/4), crew.atMost(s.calls-s.calls/4), time.Minute
	}
	if _, err := warmUp.run(ctx, min(spell, soloWarmUp), 0); err != nil {
		return figures{}, err
	}
	r, err := measured.run(ctx, spell, 0)
	if err != nil {
		return figures{}, err
	}
	return figuresOf([]round{r}), nil
}

// soloists are the clients that an operation takes.
func (t *town) soloists(s subject) (w workers, err error) {
	w = workers{server: t.server, postgres: t.rig.server.kernel.cpu, settle: t.awaitOutbox}
	if s.operation.Once {
		calls, err := s.operation.PrepareAll(t.client, s.calls)
		w.do = slices.Repeat([]func() error{fromSupply(calls)}, s.clients)
		return w, err
	}
	for _, v := range t.population.visitors(s.clients, busyUsers) {
		do, err := v.prepare(s.operation, t.client)
		if err != nil {
			return w, err
		}
		w.do = append(w.do, do)
	}
	return w, nil
}
