package reliability

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// prompt is the time within which 95 of 100 requests must be answered that have nothing to do with what is going on. On an idle
// machine they take a few milliseconds; where they had to queue they would take seconds.
const prompt = 500 * time.Millisecond

// probe asks for what must stay fast, one request after the other, and notes how long each takes.
type probe struct {
	complaints
	times map[string][]time.Duration
}

// run goes on until stop is closed, with at least 20 rounds.
func (p *probe) run(c client, s session, stop <-chan struct{}) {
	p.times = map[string][]time.Duration{}
	for round := 0; ; round++ {
		select {
		case <-stop:
			if round >= 20 {
				return
			}
		default:
		}
		for path, request := range map[string]func() (answer, error){
			"/healthz": func() (answer, error) { return c.get("/healthz", "") },
			"/user":    func() (answer, error) { return c.get("/user", s.AccessToken) },
			"/token":   func() (answer, error) { return c.refresh(s.RefreshToken) },
		} {
			a, err := request()
			if err == nil && path == "/token" {
				s, err = a.session()
			}
			if err == nil && a.status != http.StatusOK {
				err = fmt.Errorf("got %s", a)
			}
			if err != nil {
				p.add("%s: %v", path, err)
				return
			}
			p.times[path] = append(p.times[path], a.took)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *probe) requirePrompt(t *testing.T) {
	t.Helper()
	p.requireNone(t)
	for path, times := range p.times {
		slices.Sort(times)
		median, high := times[len(times)/2], times[len(times)*95/100]
		t.Logf("%-8s %3d requests, median %s, 95 of 100 within %s", path, len(times), median, high)
		require.Less(t, high, prompt, path)
	}
	require.Len(t, p.times, 3)
}

// during runs the probe while do is at work.
func during(t *testing.T, c client, s session, do func()) {
	t.Helper()
	var p probe
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() { p.run(c, s, stop) })
	do()
	close(stop)
	running.Wait()
	p.requirePrompt(t)
}

// 200 meet one slot for hashing with 128 places to wait in.
func TestStormOfSignIns_QueuesRefusesTheRestAndDisturbsNobody(t *testing.T) {
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			url, _ := database.open(t)
			c := newClient(t, proc.Start(t, environment(url, "AUTH_PASSWORD_HASH_CONCURRENCY", "1")).URL)
			email := address()
			s := mustSession(t)(c.signUp(email))
			var wrong complaints
			answers := make([]answer, 200)
			during(t, newClient(t, c.url), s, func() {
				parallel(len(answers), func(i int) {
					a, err := c.signIn(email)
					if err == nil && a.status != http.StatusOK {
						err = a.check(http.StatusServiceUnavailable)
					}
					if err != nil {
						wrong.add("%v", err)
					}
					answers[i] = a
				})
			})
			wrong.requireNone(t)
			counts := map[int]int{}
			for _, a := range answers {
				counts[a.status]++
				require.Less(t, a.took, 15*time.Second, "nobody waits for long")
			}
			t.Logf("answers: %v", counts)
			require.NotZero(t, counts[http.StatusServiceUnavailable])
			require.Greater(t, counts[http.StatusOK], 10)
			mustSession(t)(c.signIn(email))
		})
	}
}
