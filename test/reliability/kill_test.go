package reliability

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// ledger is what the clients of a server know when it dies.
type ledger struct {
	complaints
	answers atomic.Int64

	mu       sync.Mutex
	users    map[string]session // by address: sign-ups that were acknowledged
	doubtful []string           // addresses of sign-ups without an answer
	sessions []session          // the last acknowledged state of each anonymous user's session
}

// signUps creates users until the server is gone.
func (l *ledger) signUps(c client) {
	for {
		email := address()
		a, err := c.signUp(email)
		if err != nil {
			l.mu.Lock()
			l.doubtful = append(l.doubtful, email)
			l.mu.Unlock()
			return
		}
		s, err := a.session()
		if err != nil {
			l.add("sign-up: %v", err)
			return
		}
		l.mu.Lock()
		l.users[email] = s
		l.mu.Unlock()
		l.answers.Add(1)
	}
}

// refreshes opens anonymous sessions and refreshes each a few times, until the server is gone.
func (l *ledger) refreshes(c client) {
	for {
		a, err := c.anonymous()
		if err != nil {
			return
		}
		for range 5 {
			var s session
			if s, err = a.session(); err != nil {
				l.add("session: %v", err)
				return
			}
			l.answers.Add(1)
			if a, err = c.refresh(s.RefreshToken); err != nil {
				l.keep(s)
				return
			}
		}
		s, err := a.session()
		if err != nil {
			l.add("refresh: %v", err)
			return
		}
		l.keep(s)
	}
}

func (l *ledger) keep(s session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions = append(l.sessions, s)
}

// crash puts load on a server and kills it in the middle.
func crash(t *testing.T, server *proc.Server) *ledger {
	t.Helper()
	l := &ledger{users: map[string]session{}}
	c := newClient(t, server.URL)
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() { l.signUps(c) })
		load.Go(func() { l.refreshes(c) })
	}
	eventually(t, limit, "enough answers before the kill", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.users) >= 20 && l.answers.Load() >= 150 || len(l.texts) > 0
	})
	server.Kill()
	load.Wait()
	l.requireNone(t)
	return l
}

// settle compares what the clients know with what a server started on the same data does.
func (l *ledger) settle(t *testing.T, c client) {
	t.Helper()
	emails, sessions := []string{}, l.sessions
	for email, s := range l.users {
		emails, sessions = append(emails, email), append(sessions, s)
	}
	parallel(4, func(worker int) {
		for i := worker; i < len(emails); i += 4 {
			if a, err := c.signIn(emails[i]); err != nil || a.status != http.StatusOK {
				l.add("an acknowledged user can't sign in: %v %v", a, err)
			}
		}
		for i := worker; i < len(sessions); i += 4 {
			a, err := c.refresh(sessions[i].RefreshToken)
			if err != nil || a.status != http.StatusOK {
				l.add("an acknowledged refresh token is lost: %v %v", a, err)
			} else if s, err := a.session(); err != nil || s.ID != sessions[i].ID {
				l.add("an acknowledged session has become another: %v", err)
			}
		}
	})
	for _, email := range l.doubtful {
		a, err := c.signUp(email)
		require.NoError(t, err)
		if a.status == http.StatusConflict { // it was stored, the answer was lost
			mustSession(t)(c.signIn(email))
		} else {
			mustSession(t)(a, nil)
		}
	}
	l.requireNone(t)
}

func TestKill_LosesNoAcknowledgedUserAndNoAcknowledgedSession(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			env := environment(url, "AUTH_PASSWORD_HASH_CONCURRENCY", "2")
			for range 2 {
				l := crash(t, proc.Start(t, env))
				survivor := proc.Start(t, env)
				l.settle(t, newClient(t, survivor.URL))
				require.Equal(t, 0, survivor.Stop())
			}
			require.Zero(t, count(`SELECT count(*) FROM auth.users u
				WHERE NOT EXISTS (SELECT 1 FROM auth.user_roles r WHERE r.user_id = u.id)`), "users stored by half")
		})
	}
}
