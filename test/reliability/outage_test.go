package reliability

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// recovery is how soon everything works again once the database does.
const recovery = 5 * time.Second

// visitor repeats one kind of request. Each must be answered 200, or refused for now.
type visitor struct {
	name    string
	request func() (answer, error)
	served  func(answer) error // looks at a 200; may be nil

	good, refused atomic.Int64
}

// crowd is visitors at work.
type crowd struct {
	complaints
	visitors []*visitor
	stopped  atomic.Bool
	workers  sync.WaitGroup
}

func (c *crowd) start() {
	for _, v := range c.visitors {
		c.workers.Go(func() {
			for !c.stopped.Load() {
				if err := v.visit(); err != nil {
					c.add("%s: %v", v.name, err)
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
}

func (c *crowd) stop() {
	c.stopped.Store(true)
	c.workers.Wait()
}

func (v *visitor) visit() error {
	a, err := v.request()
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK && v.served != nil:
		err = v.served(a)
	case a.status != http.StatusOK:
		if err := a.check(http.StatusServiceUnavailable); err != nil {
			return err
		}
		v.refused.Add(1)
		return nil
	}
	v.good.Add(1)
	return err
}

// each waits until every visitor's counter has grown by two: the second request has begun after the call.
func (c *crowd) each(t *testing.T, within time.Duration, what string, counter func(*visitor) *atomic.Int64) {
	t.Helper()
	before := make([]int64, len(c.visitors))
	for i, v := range c.visitors {
		before[i] = counter(v).Load()
	}
	deadline := time.Now().Add(within)
	for i, v := range c.visitors {
		for counter(v).Load() < before[i]+2 {
			c.requireNone(t)
			require.True(t, time.Now().Before(deadline), "%s was not %s within %s", v.name, what, within)
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (c *crowd) eachServed(t *testing.T, within time.Duration) {
	t.Helper()
	c.each(t, within, "served", func(v *visitor) *atomic.Int64 { return &v.good })
}

func (c *crowd) eachRefused(t *testing.T, within time.Duration) {
	t.Helper()
	c.each(t, within, "refused", func(v *visitor) *atomic.Int64 { return &v.refused })
}

// tab is a client that goes on with the last refresh token it was answered, as nhost-js does.
type tab struct{ current session }

func (b *tab) visitor(c client) *visitor {
	return &visitor{
		name:    "refresh",
		request: func() (answer, error) { return c.refresh(b.current.RefreshToken) },
		served: func(a answer) error {
			s, err := a.session()
			if err == nil && s.ID != b.current.ID {
				err = fmt.Errorf("session %s has become %s", b.current.ID, s.ID)
			}
			b.current = s
			return err
		},
	}
}

// desk is a client that signs in again and again; it keeps the sessions.
type desk struct {
	email    string
	sessions []session
}

func (d *desk) visitor(c client) *visitor {
	return &visitor{
		name:    "sign-in",
		request: func() (answer, error) { return c.signIn(d.email) },
		served: func(a answer) error {
			s, err := a.session()
			d.sessions = append(d.sessions, s)
			return err
		},
	}
}

func reader(c client, accessToken string) *visitor {
	return &visitor{name: "user", request: func() (answer, error) { return c.get("/user", accessToken) }}
}

// town is a crowd of every kind on one server.
type town struct {
	crowd
	client client
	tabs   []*tab
	desk   *desk
}

func newTown(t *testing.T, c client) *town {
	t.Helper()
	w := &town{client: c, desk: &desk{email: address()}}
	s := mustSession(t)(c.signUp(w.desk.email))
	w.visitors = []*visitor{w.desk.visitor(c), reader(c, s.AccessToken)}
	for range 6 {
		b := &tab{current: mustSession(t)(c.anonymous())}
		w.tabs, w.visitors = append(w.tabs, b), append(w.visitors, b.visitor(c))
	}
	w.start()
	w.eachServed(t, limit)
	return w
}

// close ends the crowd; every session must be alive then.
func (w *town) close(t *testing.T) {
	t.Helper()
	w.stop()
	w.requireNone(t)
	for _, b := range w.tabs {
		s := mustSession(t)(w.client.refresh(b.current.RefreshToken))
		require.Equal(t, b.current.ID, s.ID)
		mustSession(t)(w.client.refresh(s.RefreshToken))
	}
	for _, s := range w.desk.sessions {
		mustSession(t)(w.client.refresh(s.RefreshToken))
	}
}

// requireAway demands that the server is alive but not ready.
func requireAway(t *testing.T, c client) {
	t.Helper()
	mustStatus(t, http.StatusOK)(c.get("/healthz", ""))
	mustStatus(t, http.StatusServiceUnavailable)(c.get("/readyz", ""))
}

func TestDatabaseOutage_IsAnsweredWith503AndCostsNoSession(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t)
	c := newClient(t, proc.Start(t, environment(cluster.URL())).URL)
	w := newTown(t, c)
	for _, stop := range []func() error{cluster.StopImmediate, cluster.Stop} {
		require.NoError(t, stop())
		w.eachRefused(t, limit)
		requireAway(t, c)
		require.NoError(t, cluster.Start())
		w.eachServed(t, recovery)
		mustStatus(t, http.StatusOK)(c.get("/readyz", ""))
	}
	w.close(t)
}

func TestDatabaseOutage_AtTheStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t)
	require.NoError(t, cluster.Stop())
	server := launch(t, proc.Build(t), t.TempDir(), environment(cluster.URL()))
	c := newClient(t, server.url)
	eventually(t, limit, "a line about the missing database", func() bool { return server.logged(t, "can't be reached yet") > 0 })
	require.NoError(t, cluster.Start())
	eventually(t, limit, "ready", func() bool {
		a, err := c.get("/readyz", "")
		return err == nil && a.status == http.StatusOK
	})
	mustSession(t)(c.signUp(address()))
}

func TestDatabaseFreeze_IsAnsweredWith503InTimeAndCostsNoSession(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	network := newWire(t, u.Host)
	u.Host = network.Address
	c := newClient(t, proc.Start(t, environment(u.String(), "AUTH_DATABASE_TIMEOUT", "1s")).URL)
	w := newTown(t, c)

	network.Freeze()
	w.eachRefused(t, limit)
	requireAway(t, c)
	a := mustStatus(t, http.StatusServiceUnavailable)(c.anonymous())
	require.Less(t, a.took, 5*time.Second, "the timeout is 1 s, and 1 s more to give the connection up")
	network.Thaw()
	w.eachServed(t, recovery)
	w.close(t)
}

func TestSchemaChange_UnderLoadIsNotNoticed(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	w := newTown(t, newClient(t, proc.Start(t, environment(dsn)).URL))
	for _, change := range []string{
		"ALTER TABLE auth.users ADD COLUMN added_by_a_newer_version text",
		"ALTER TABLE auth.refresh_tokens ADD COLUMN added_by_a_newer_version text",
		"CREATE INDEX added_by_a_newer_version ON auth.users (last_seen)",
		"VACUUM ANALYZE",
	} {
		execute(t, dsn, change)
		w.eachServed(t, recovery)
	}
	for _, v := range w.visitors {
		require.Zero(t, v.refused.Load(), v.name)
	}
	w.close(t)
}

func TestReadOnlyDatabase_IsAnsweredWith503AndStillRead(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	c := newClient(t, proc.Start(t, environment(dsn)).URL)
	email := address()
	s := mustSession(t)(c.signUp(email))
	// As in a failover, the connections there were are cut.
	become := func(setting string) {
		execute(t, dsn, `BEGIN READ WRITE; DO $$ BEGIN
			EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = `+setting+`', current_database());
			PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		END $$; COMMIT`)
		eventually(t, recovery, "/user answers", func() bool {
			a, err := c.get("/user", s.AccessToken)
			require.NoError(t, err)
			if a.status != http.StatusOK {
				require.NoError(t, a.check(http.StatusServiceUnavailable))
			}
			return a.status == http.StatusOK
		})
	}
	signOut := func() (answer, error) {
		return c.call(context.Background(), http.MethodPost, "/signout", s.AccessToken, object{"all": true})
	}

	become("on")
	for range 20 { // on every connection of the pool
		mustStatus(t, http.StatusServiceUnavailable)(c.refresh(s.RefreshToken))
		mustStatus(t, http.StatusServiceUnavailable)(c.anonymous())
	}
	mustStatus(t, http.StatusServiceUnavailable)(c.signUp(address()))
	mustStatus(t, http.StatusServiceUnavailable)(c.signIn(email))
	mustStatus(t, http.StatusServiceUnavailable)(signOut())
	mustStatus(t, http.StatusOK)(c.post("/token/verify", object{"token": s.AccessToken}))
	mustStatus(t, http.StatusOK)(c.get("/user", s.AccessToken))

	become("off")
	s = mustSession(t)(c.refresh(s.RefreshToken))
	mustSession(t)(c.signIn(email))
	mustStatus(t, http.StatusOK)(signOut())
	mustStatus(t, http.StatusUnauthorized)(c.refresh(s.RefreshToken))
}
