package reliability

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// AUTH_DATABASE_POOL_SIZE of these tests, and how many of the connections may wait for a lock: two are kept free for
// refreshes and reading.
const (
	poolSize = "10"
	mayWait  = 8
)

func TestLockedTable_IsAnsweredWith503InTime(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"auth.users", "auth.user_roles"} {
		dsn := pgtest.Database(t)
		c := newClient(t, proc.Start(t, environment(dsn, "AUTH_DATABASE_TIMEOUT", "1s")).URL)
		s := mustSession(t)(c.signUp(address()))
		other := mustSession(t)(c.anonymous())
		unlock := lockTable(t, dsn, table)
		var wrong complaints
		parallel(40, func(i int) {
			a, err := c.get("/user", s.AccessToken)
			switch i % 4 {
			case 0:
				a, err = c.anonymous()
			case 1:
				a, err = c.refresh(other.RefreshToken)
			}
			if err == nil {
				err = a.check(http.StatusServiceUnavailable)
			}
			if err != nil {
				wrong.add("%v", err)
			}
			if a.took > 5*time.Second {
				wrong.add("answered after %s only; the timeout is 1 s", a.took)
			}
		})
		wrong.requireNone(t)
		mustStatus(t, http.StatusOK)(c.get("/healthz", ""))
		unlock()
		during(t, c, s, func() { mustSession(t)(c.signUp(address())) })
	}
}

func TestHangUp_CancelsStatementsThatWaitForALock(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	c := newClient(t, proc.Start(t, environment(dsn, "AUTH_DATABASE_TIMEOUT", "10m", "AUTH_DATABASE_POOL_SIZE", poolSize)).URL)
	s := mustSession(t)(c.anonymous())
	unlock := lockTable(t, dsn, "auth.user_roles")
	for range 3 {
		ctx, hangUp := context.WithCancel(context.Background())
		var waiting sync.WaitGroup
		for range 30 {
			waiting.Go(func() { _, _ = c.call(ctx, http.MethodPost, "/signin/anonymous", "", object{}) })
			waiting.Go(func() { _, _ = c.call(ctx, http.MethodPost, "/token", "", object{"refreshToken": s.RefreshToken}) })
		}
		eventually(t, limit, "all connections wait for the lock", func() bool { return waitingForLocks(t, dsn) == mayWait+2 })
		hangUp()
		waiting.Wait()
		eventually(t, limit, "no statement waits", func() bool { return waitingForLocks(t, dsn) == 0 })
	}
	unlock()
	mustSession(t)(c.refresh(s.RefreshToken))
	require.Equal(t, 1, query[int](t, dsn, "SELECT count(*) FROM auth.users"), "what was cancelled has not happened")
}

// The requests that end all sessions of a user wait for a table that nobody else needs.
func TestLockedTable_DoesNotStarveThoseWhoDoNotNeedIt(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	c := newClient(t, proc.Start(t, environment(dsn, "AUTH_DATABASE_TIMEOUT", "10m", "AUTH_DATABASE_POOL_SIZE", poolSize)).URL)
	bystander := mustSession(t)(c.signUp(address()))
	leaving := make([]session, 20)
	for i := range leaving {
		leaving[i] = mustSession(t)(c.signUp(address()))
	}
	unlock := lockTable(t, dsn, "auth.oauth2_refresh_tokens")
	var wrong complaints
	var signOuts sync.WaitGroup
	for i := range 2 * len(leaving) {
		signOuts.Go(func() {
			a, err := c.call(context.Background(), http.MethodPost, "/signout", leaving[i/2].AccessToken, object{"all": true})
			if err != nil || a.status != http.StatusOK {
				wrong.add("sign-out: %v %v", a, err)
			}
		})
	}
	eventually(t, limit, "as many as may wait for the lock", func() bool { return waitingForLocks(t, dsn) == mayWait })
	during(t, newClient(t, c.url), bystander, func() { time.Sleep(time.Second) })
	require.Equal(t, mayWait, waitingForLocks(t, dsn), "the others waited all the time")
	mustStatus(t, http.StatusOK)(c.get("/readyz", ""))
	unlock()
	signOuts.Wait()
	wrong.requireNone(t)
	for _, s := range leaving {
		mustStatus(t, http.StatusUnauthorized)(c.refresh(s.RefreshToken))
	}
}

// As by a backup, or an operator in the middle of something.
func TestLockedFile_IsAnsweredWith503AndStillRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hexauth.db")
	c := newClient(t, proc.Start(t, environment("sqlite://"+path, "AUTH_DATABASE_TIMEOUT", "1s")).URL)
	s := mustSession(t)(c.signUp(address()))
	lock, err := openFile(t, path).Begin()
	require.NoError(t, err)
	defer func() { _ = lock.Rollback() }()
	var wrong complaints
	parallel(10, func(i int) {
		a, err := c.refresh(s.RefreshToken)
		if i%2 == 0 {
			a, err = c.anonymous()
		}
		if err == nil {
			err = a.check(http.StatusServiceUnavailable)
		}
		if err != nil {
			wrong.add("%v", err)
		}
		if a.took > 10*time.Second {
			wrong.add("answered after %s only; the timeout is 1 s, SQLite's own 5 s", a.took)
		}
		if a, err := c.get("/user", s.AccessToken); err != nil || a.status != http.StatusOK {
			wrong.add("/user: %v %v", a, err)
		}
	})
	wrong.requireNone(t)
	require.NoError(t, lock.Rollback())
	eventually(t, limit, "everything works again", func() bool {
		a, err := c.anonymous()
		return err == nil && a.status == http.StatusOK
	})
	mustSession(t)(c.refresh(s.RefreshToken))
}
