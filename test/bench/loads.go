package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	roundTime      = 1500 * time.Millisecond
	comparedRounds = 7 // of POST /token and its calibration, in turns
	pacedRounds    = 5
	pacedShare     = 2 // the time between requests is so many times what a request takes as fast as can be
	plainRounds    = 3
	clients        = 8

	// A client refreshes its sessions by turns. With one alone that is used hundreds of times a second, which no real session
	// is, PostgreSQL would mostly be busy with the old versions of one row and the longest memory of past rotations.
	sessionsPerClient = 512
)

// loaded is what the servers did under load.
type loaded struct {
	refresh     figures       // POST /token
	calibration figures       // of POST /token
	paced       [2]figures    // both at the same rate
	empty       figures       // of an Echo handler that only answers
	argon2id    time.Duration // for one hash with hexauth's parameters
	es256       time.Duration // for one signature
}

// loadAll measures POST /token and the calibrations.
func loadAll(ctx context.Context, rig *rig, database string) (*loaded, error) {
	server, err := rig.start(ctx, database, nil)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	answer, token, err := sampleAnswer(server)
	if err != nil {
		return nil, err
	}
	reference, err := startCalibration(ctx, task{Database: database, Answer: answer})
	if err != nil {
		return nil, err
	}
	defer reference.stop()
	l := &loaded{argon2id: timeArgon2id()}
	if l.es256, err = timeES256(); err != nil {
		return nil, err
	}
	if err := l.compare(ctx, server, reference, token); err != nil {
		return nil, err
	}
	l.empty, err = measure(ctx, reference, clients, same(emptyPath, token))
	return l, err
}

// compare measures POST /token and its calibration, first as fast as both can, then at the same rate: a server that has more
// to do at once spends less on waking up, so the calibration, which is faster, has an advantage in the first case.
func (l *loaded) compare(ctx context.Context, server, reference *process, token string) error {
	subject, err := newWorkers(server, clients, byTurns(sessionsPerClient, operation(cost.Refresh).Prepare))
	if err != nil {
		return err
	}
	measure, err := newWorkers(reference, clients, same("/token", token))
	if err != nil {
		return err
	}
	fast, err := inTurns(ctx, comparedRounds, 0, subject, measure)
	if err != nil {
		return err
	}
	l.refresh, l.calibration = fast[0], fast[1]
	pace := time.Duration(pacedShare * clients / fast[0].perSecond * float64(time.Second))
	l.paced, err = inTurns(ctx, pacedRounds, pace, subject, measure)
	return err
}

// inTurns loads two servers by turns, so that what disturbs the machine disturbs both.
func inTurns(ctx context.Context, n int, pace time.Duration, both ...workers) (found [2]figures, err error) {
	var rounds [2][]round
	for turn := range n + 1 {
		for i, w := range both {
			r, err := w.run(ctx, roundTime, pace)
			if err != nil {
				return found, err
			}
			if turn > 0 { // the first warms up
				rounds[i] = append(rounds[i], r)
			}
		}
	}
	return [2]figures{figuresOf(rounds[0]), figuresOf(rounds[1])}, nil
}

// measure runs a few rounds by n clients.
func measure(ctx context.Context, server *process, n int, prepare func(*cost.Client) (func() error, error)) (figures, error) {
	w, err := newWorkers(server, n, prepare)
	if err != nil {
		return figures{}, err
	}
	var rounds []round
	for range plainRounds {
		r, err := w.run(ctx, roundTime, 0)
		if err != nil {
			return figures{}, err
		}
		rounds = append(rounds, r)
	}
	return figuresOf(rounds), nil
}

// byTurns prepares an operation n times and does one after the other.
func byTurns(n int, prepare func(*cost.Client) (func() error, error)) func(*cost.Client) (func() error, error) {
	return func(c *cost.Client) (func() error, error) {
		all := make([]func() error, n)
		for i := range all {
			var err error
			if all[i], err = prepare(c); err != nil {
				return nil, err
			}
		}
		next := 0
		return func() error {
			next = (next + 1) % n
			return all[next]()
		}, nil
	}
}

// operation finds one of package cost by its name.
func operation(name string) cost.Operation {
	for _, o := range slices.Concat(cost.Operations(), cost.MailOperations(), cost.KeyOperations()) {
		if o.Name == name {
			return o
		}
	}
	panic("no operation has the name " + name)
}

// sampleAnswer is the body of an answer to POST /token, and a refresh token.
func sampleAnswer(server *process) (answer []byte, token string, err error) {
	client := &cost.Client{URL: server.url, HTTP: &http.Client{}}
	session, err := client.SignInAnonymous()
	if err != nil {
		return nil, "", err
	}
	answer, err = client.Call(http.StatusOK, http.MethodPost, "/token", "", tokenBody(session.RefreshToken))
	return answer, session.RefreshToken, err
}

func tokenBody(token string) map[string]string { return map[string]string{"refreshToken": token} }

// same is a request like POST /token, always the same.
func same(path, token string) func(*cost.Client) (func() error, error) {
	return func(c *cost.Client) (func() error, error) {
		return func() error {
			_, err := c.Call(http.StatusOK, http.MethodPost, path, "", tokenBody(token))
			return err
		}, nil
	}
}

// timeArgon2id is the median time of a hash with hexauth's parameters: m=19456, t=2, p=1.
func timeArgon2id() time.Duration {
	times := []time.Duration{}
	for range 9 {
		began := time.Now()
		argon2.IDKey([]byte(cost.Password), []byte("sixteen bytes of"), 2, 19456, 1, 32)
		times = append(times, time.Since(began))
	}
	return median(times)
}

// timeES256 is the median time of a signature over a hash.
func timeES256() (time.Duration, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	hash := sha256.Sum256([]byte(cost.Password))
	times := []time.Duration{}
	for range 999 {
		began := time.Now()
		if _, err := ecdsa.SignASN1(rand.Reader, key, hash[:]); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	return median(times), nil
}
