package reliability

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// listener is a program that is told of events. It takes the first ten, and leaves the others without an answer until it is released:
// so a server can be met in the middle of telling.
type listener struct {
	url     string
	release func()

	mu   sync.Mutex
	told map[string]map[string]int // what an event is about → the ids of its messages → how often each came
}

func newListener(t testing.TB) *listener {
	released := make(chan struct{})
	l := &listener{release: sync.OnceFunc(func() { close(released) }), told: map[string]map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Data struct{ Type, UserID, Target string }
		}
		if json.NewDecoder(r.Body).Decode(&message) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if l.count() >= 10 {
			<-released
		}
		about := message.Data.Type + " " + message.Data.UserID + " " + message.Data.Target
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.told[about] == nil {
			l.told[about] = map[string]int{}
		}
		l.told[about][r.Header.Get("Webhook-Id")]++
	}))
	t.Cleanup(func() {
		l.release()
		server.Close()
	})
	l.url = server.URL
	return l
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}

// acknowledged is what clients were told has happened.
type acknowledged struct {
	complaints
	mu      sync.Mutex
	changes []string // kind, user and target
	signIns []string // ids of the requests
}

func (k *acknowledged) add(changes []string, signIns ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes, k.signIns = append(k.changes, changes...), append(k.signIns, signIns...)
}

// live signs people up, has each make a token and sign in with it, until the server is gone.
func (k *acknowledged) live(c client) {
	for {
		a, err := c.signUp(address())
		if err != nil {
			return
		}
		var body struct {
			Session struct {
				AccessToken string
				User        struct{ ID string }
			}
		}
		if err := json.Unmarshal(a.body, &body); err != nil || a.status != http.StatusOK {
			k.complaints.add("sign-up: %s", a)
			return
		}
		k.add([]string{"user.created " + body.Session.User.ID + " "})
		a, err = c.call(context.Background(), http.MethodPost, "/pat", body.Session.AccessToken, object{"expiresAt": time.Now().Add(time.Hour)})
		if err != nil {
			return
		}
		var pat struct{ ID, PersonalAccessToken string }
		if err := json.Unmarshal(a.body, &pat); err != nil || a.status != http.StatusOK {
			k.complaints.add("token: %s", a)
			return
		}
		k.add([]string{"pat.created " + body.Session.User.ID + " " + pat.ID})
		if a, err = c.post("/signin/pat", object{"personalAccessToken": pat.PersonalAccessToken}); err != nil {
			return
		}
		if a.status != http.StatusOK {
			k.complaints.add("sign-in: %s", a)
			return
		}
		k.add(nil, a.header.Get("X-Request-Id"))
	}
}

// What docs/audit.md and docs/webhooks.md promise of a server that is killed: changes are never without their event, and each event
// of a change is told at least once, always under the same id. Sign-ins may be in the log only.
func TestKill_LosesNoEventOfAnAcknowledgedChange(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			program, known := newListener(t), &acknowledged{}
			env := environment(url, "AUTH_WEBHOOKS_ALLOW_PRIVATE", "true",
				"AUTH_WEBHOOKS", `[{"url":"`+program.url+`","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw","events":["user","pat"]}]`)
			server := proc.Start(t, env)
			c := newClient(t, server.URL)
			var load sync.WaitGroup
			for range 4 {
				load.Go(func() { known.live(c) })
			}
			eventually(t, limit, "enough events before the kill", func() bool {
				known.mu.Lock()
				defer known.mu.Unlock()
				return program.count() >= 10 && len(known.signIns) >= 15 && len(known.changes) >= program.count()+10 || len(known.texts) > 0
			})
			server.Kill()
			program.release()
			load.Wait()
			known.requireNone(t)
			require.GreaterOrEqual(t, count(waiting), 6, "events must wait when the server dies")

			for _, change := range known.changes {
				var kind, user, target string
				_, _ = fmt.Sscan(change, &kind, &user, &target) // the target may be missing
				require.Equal(t, 1, count(`SELECT count(*) FROM auth.hexauth_events WHERE kind = '`+kind+`' AND CAST(user_id AS text) = '`+user+`'
					AND coalesce(target, '') = '`+target+`'`), "%s is acknowledged and not in the audit log", change)
			}
			for _, request := range known.signIns {
				kept := count(`SELECT count(*) FROM auth.hexauth_events WHERE kind = 'sign_in.succeeded' AND request_id = '` + request + `'`)
				line := `"event":"sign_in.succeeded"`
				require.True(t, kept == 1 || loggedWith(server.Log(), line, request), "sign-in %s is neither in the audit log (%d) nor in the server's", request, kept)
			}

			hurry(t, url) // what the dead server had claimed would wait for three minutes
			survivor := proc.Start(t, env)
			eventually(t, mailLimit, "an empty outbox", func() bool { return count(waiting) == 0 })
			require.Equal(t, 0, survivor.Stop())
			program.mu.Lock()
			defer program.mu.Unlock()
			for _, change := range known.changes {
				require.Len(t, program.told[change], 1, "%s is acknowledged; it must be told, and always under one id", change)
			}
		})
	}
}

// loggedWith tells whether a line of a log has both texts.
func loggedWith(log, one, other string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, one) && strings.Contains(line, other) {
			return true
		}
	}
	return false
}
