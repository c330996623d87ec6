package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	growthRounds  = 7
	growthCalls   = 500  // of a round, by all clients together
	growthWarmUp  = 2000 // the same, before the first round
	growthClients = 2
	growthUsers   = 500 // who come, in all databases, so that what differs is the table and not how much of it is in use
	pageCalls     = 120 // of which the pages that are read are counted
	fewCalls      = 24  // the same, of an operation that hashes a password or sends a mail
	quietPatience = 20 * time.Second
)

// sizes are how many users the databases have that are compared, in ascending order.
func sizes() []int { return []int{1_000, 10_000, 100_000, 1_000_000} }

// watched is an operation whose cost is compared.
type watched struct {
	operation string
	everybody bool // all users come, not only growthUsers
	cold      bool // it comes upon pages that nobody has used lately: only printed, because that says more about caches than about hexauth
	pagesOnly bool // its processor time is for hashing a password or for a mail, or it is not for users
	calls     int  // of which the pages are counted
}

func (w watched) name() string {
	if w.everybody {
		return w.operation + ", everybody comes"
	}
	return w.operation
}

// watchedOperations are those that users wait for most often, and what administrators do. The last ones add users.
func watchedOperations() (all []watched) {
	for _, name := range []string{cost.Refresh, cost.GetUser, cost.SignInPAT, "GET /user/sessions"} {
		all = append(all, watched{operation: name, calls: pageCalls})
	}
	all = append(all, watched{operation: cost.Refresh, everybody: true, cold: true, calls: pageCalls})
	for _, name := range []string{"GET /admin/users", "GET /admin/users, a search", "GET /admin/users, a search that finds nobody"} {
		all = append(all, watched{operation: name, pagesOnly: true, calls: pageCalls})
	}
	for _, name := range []string{cost.SignIn, cost.StartOTP, cost.SignUp} {
		all = append(all, watched{operation: name, pagesOnly: true, calls: fewCalls})
	}
	return append(all, watched{operation: cost.Anonymous, cold: true, calls: pageCalls})
}

// grown is what an operation costs by the number of users, in the order of sizes.
type grown struct {
	watched
	cpu   []time.Duration // of the server and PostgreSQL together, for one request; nil for pagesOnly
	pages []float64       // of tables and indexes that PostgreSQL reads or writes for one request, in memory or not
}

// growth is how much more something costs with most users than with fewest.
func growth[T time.Duration | float64](by []T) float64 {
	return float64(by[len(by)-1]) / float64(by[0])
}

// cleanUpName stands for the periodic job among the operations; its cost is that of one row that it removes.
const cleanUpName = "clean-up of expired sessions and events, a row"

// town is a population with its server.
type town struct {
	*population
	rig     *rig
	server  *process // nil when none runs
	client  *cost.Client
	watcher *pgx.Conn // to look into the database while something is measured
}

// found fills one database for each of sizes.
func found(ctx context.Context, rig *rig) (towns []*town, err error) {
	for _, size := range sizes() {
		d, err := rig.server.create(ctx)
		if err != nil {
			return towns, err
		}
		t := &town{population: &population{database: d}, rig: rig, client: newClient(&process{}, clients)}
		t.client.Inbox = rig.inbox
		towns = append(towns, t)
		if err := t.start(ctx, nil); err != nil { // which migrates
			return towns, err
		}
		t.stop()
		say("fill %s users in", number(size))
		if t.population, err = fill(ctx, d, size); err != nil {
			return towns, err
		}
		if t.watcher, err = pgx.Connect(ctx, d.url); err != nil {
			return towns, err
		}
	}
	return towns, nil
}

// raze drops what found has made.
func raze(towns []*town) (err error) {
	for _, t := range towns {
		t.stop()
		if t.watcher != nil {
			err = errors.Join(err, t.watcher.Close(context.Background()))
		}
		err = errors.Join(err, t.database.drop())
	}
	return err
}

// start starts the town's server; its client goes on with it.
func (t *town) start(ctx context.Context, extra map[string]string) (err error) {
	if t.server, err = t.rig.start(ctx, t.database.url, extra); err == nil {
		t.client.URL = t.server.url
	}
	return err
}

func (t *town) stop() {
	if t.server != nil {
		t.server.stop()
		t.server = nil
	}
}

// pagesRead counts pages of the tables in auth and of their indexes since the database was made. PostgreSQL adds those of a
// connection when it ends, so the server must have been stopped.
func (t *town) pagesRead(ctx context.Context) (pages float64, err error) {
	for deadline := time.Now().Add(quietPatience); ; time.Sleep(5 * time.Millisecond) {
		var others int
		err := t.watcher.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
				AND pid <> pg_backend_pid() AND backend_type = 'client backend'),
			(SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::float8 FROM pg_statio_user_tables
				WHERE schemaname = 'auth')`).Scan(&others, &pages)
		switch {
		case err != nil:
			return 0, err
		case others == 0:
			return pages, nil
		case time.Now().After(deadline):
			return 0, errors.New("the connections of a stopped server don't end")
		}
	}
}

// pagesOf counts the pages that n calls read, those of starting and stopping a server left out.
func (t *town) pagesOf(ctx context.Context, n int, call func() error) (float64, error) {
	before, err := t.pagesRead(ctx)
	if err != nil {
		return 0, err
	}
	if err := t.start(ctx, nil); err != nil {
		return 0, err
	}
	defer t.stop()
	for range n {
		if err := call(); err != nil {
			return 0, err
		}
	}
	if err := t.awaitOutbox(); err != nil {
		return 0, err
	}
	t.stop()
	after, err := t.pagesRead(ctx)
	return after - before, err
}

// watchPages counts what every operation reads.
func (t *town) watchPages(ctx context.Context) (pages map[string]float64, err error) {
	cleaned, err := t.pagesOf(ctx, 1, func() error { return t.awaitCleanUp(ctx) })
	if err != nil {
		return nil, err
	}
	prepared, err := t.prepareAll(ctx)
	if err != nil {
		return nil, err
	}
	idle, err := t.pagesOf(ctx, 0, nil)
	if err != nil {
		return nil, err
	}
	pages = map[string]float64{cleanUpName: (cleaned - idle) / (2 * expiredRows)}
	for _, w := range watchedOperations() {
		total, err := t.pagesOf(ctx, w.calls, prepared[w.name()])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name(), err)
		}
		pages[w.name()] = max(0, total-idle) / float64(w.calls)
	}
	return pages, nil
}

// prepareAll makes all operations ready, whose calls are made later and on another server.
func (t *town) prepareAll(ctx context.Context) (map[string]func() error, error) {
	if err := t.start(ctx, nil); err != nil {
		return nil, err
	}
	defer t.stop()
	prepared := map[string]func() error{}
	for _, w := range watchedOperations() {
		do, err := t.watchedBy(w)[0].prepare(operation(w.operation), t.client)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name(), err)
		}
		prepared[w.name()] = do
	}
	return prepared, nil
}

// watchedBy are the clients that do an operation.
func (t *town) watchedBy(w watched) []*visitor {
	if w.everybody {
		return t.population.visitors(growthClients, t.size)
	}
	return t.population.visitors(growthClients, growthUsers)
}

// awaitCleanUp waits until the job that removes what has expired has done so.
func (t *town) awaitCleanUp(ctx context.Context) error {
	for deadline := time.Now().Add(quietPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var left int
		err := t.watcher.QueryRow(ctx, `SELECT (SELECT count(*) FROM auth.refresh_tokens WHERE expires_at < now())
			+ (SELECT count(*) FROM auth.hexauth_events WHERE happened_at < now() - interval '90 days')`).Scan(&left)
		if err != nil || left == 0 {
			return err
		}
	}
	return errors.New("what has expired is not removed")
}

// watch compares the operations in databases of all sizes.
func watch(ctx context.Context, towns []*town) ([]grown, error) {
	all := []grown{}
	for _, w := range append(watchedOperations(), watched{operation: cleanUpName, pagesOnly: true}) {
		all = append(all, grown{watched: w})
	}
	for _, t := range towns {
		pages, err := t.watchPages(ctx)
		if err != nil {
			return nil, fmt.Errorf("%d users: %w", t.size, err)
		}
		for i := range all {
			all[i].pages = append(all[i].pages, pages[all[i].name()])
		}
	}
	for _, t := range towns {
		if err := t.start(ctx, fewConnections()); err != nil {
			return nil, err
		}
	}
	for i, g := range all {
		if g.pagesOnly {
			continue
		}
		var err error
		if all[i].cpu, err = compareSizes(ctx, towns, g.watched); err != nil {
			return nil, fmt.Errorf("%s: %w", g.name(), err)
		}
	}
	return all, nil
}

// fewConnections lets PostgreSQL's processes soon have all the memory in view that the few users need: what a process sees for the first
// time costs it a page fault, and those in a large database take longer to get through.
func fewConnections() map[string]string {
	return map[string]string{"AUTH_DATABASE_POOL_SIZE": strconv.Itoa(growthClients)}
}

// compareSizes measures an operation in all towns by turns, so that what disturbs the machine disturbs all.
func compareSizes(ctx context.Context, towns []*town, w watched) ([]time.Duration, error) {
	crews, taken := make([]workers, len(towns)), make([][]time.Duration, len(towns))
	for i, t := range towns {
		var err error
		if crews[i], err = t.crew(w); err != nil {
			return nil, err
		}
	}
	for turn := range growthRounds + 1 {
		calls := growthCalls
		if turn == 0 {
			calls = growthWarmUp
		}
		for i, t := range towns {
			r, err := crews[i].atMost(calls).run(ctx, time.Minute, 0)
			if err != nil {
				return nil, fmt.Errorf("%d users: %w", t.size, err)
			}
			if turn > 0 {
				taken[i] = append(taken[i], r.cpu+r.postgres)
			}
		}
	}
	medians := make([]time.Duration, len(towns))
	for i := range towns {
		medians[i] = median(taken[i])
	}
	return medians, nil
}

// crew are all clients of a town with the same to do.
func (t *town) crew(what watched) (workers, error) {
	w := workers{server: t.server, postgres: func() (time.Duration, error) { return t.rig.server.kernel.cpuFor(t.database.name) }}
	for _, v := range t.watchedBy(what) {
		do, err := v.prepare(operation(what.operation), t.client)
		if err != nil {
			return workers{}, err
		}
		w.do = append(w.do, do)
	}
	return w, nil
}

// awaitOutbox waits until all mails have left.
func (t *town) awaitOutbox() error {
	for deadline := time.Now().Add(quietPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var left int
		err := t.watcher.QueryRow(context.Background(), "SELECT count(*) FROM auth.hexauth_outbox").Scan(&left)
		if err != nil || left == 0 {
			return err
		}
	}
	return errors.New("mails stay in the outbox")
}
