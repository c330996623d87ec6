package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hexauth/hexauth/port"
)

// readTimeout bounds the one statement that a scrape costs.
const readTimeout = 2 * time.Second

// reading is a metric whose number is kept elsewhere.
type reading struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
}

func counter(name, help string, labels ...string) reading {
	return reading{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) reading {
	return reading{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func (r reading) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(r.description, r.kind, value, labels...)
}

// collector reads several metrics at once.
type collector struct {
	readings []reading
	collect  func(to chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, r := range c.readings {
		to <- r.description
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) { c.collect(to) }

// WatchHashing shows the queue of password hashing. Each Watch method may be called once.
func (m *Metrics) WatchHashing(stats func() port.HashingStats) {
	hashes := counter("hexauth_password_hashes_total", "Passwords hashed or compared, dummies for unknown accounts included.")
	running := gauge("hexauth_password_hashes_running", "Password hashes being computed.")
	waiting := gauge("hexauth_password_hashes_waiting", "Callers that wait for their turn to hash a password.")
	refused := counter("hexauth_password_hashes_refused_total", "Callers turned away with 503: the queue was full, or their time was up.", "reason")
	m.registry.MustRegister(collector{[]reading{hashes, running, waiting, refused}, func(to chan<- prometheus.Metric) {
		now := stats()
		hashes.send(to, float64(now.Hashes))
		running.send(to, float64(now.Running))
		waiting.send(to, float64(now.Waiting))
		refused.send(to, float64(now.QueueFull), "queue-full")
		refused.send(to, float64(now.TimedOut), "timeout")
	}})
}

// WatchPools shows the connections to the database.
func (m *Metrics) WatchPools(stats func() []port.PoolStats) {
	connections := gauge("hexauth_database_connections", "Connections of this instance to the database, by pool and state: in-use or idle.", "pool", "state")
	most := gauge("hexauth_database_connections_max", "Connections that a pool may have in use.", "pool")
	waits := counter("hexauth_database_waits_total", "How often somebody had to wait for a connection.", "pool")
	waited := counter("hexauth_database_wait_seconds_total", "Time that was spent waiting for connections.", "pool")
	m.registry.MustRegister(collector{[]reading{connections, most, waits, waited}, func(to chan<- prometheus.Metric) {
		for _, pool := range stats() {
			connections.send(to, float64(pool.InUse), pool.Name, "in-use")
			connections.send(to, float64(pool.Idle), pool.Name, "idle")
			most.send(to, float64(pool.Max), pool.Name)
			waits.send(to, float64(pool.Waits), pool.Name)
			waited.send(to, pool.Waited.Seconds(), pool.Name)
		}
	}})
}

// WatchOutbox shows the outbox, which all instances on a database share: each of them shows the same numbers. A scrape costs one
// statement. When the outbox can't be read its gauges are missing and hexauth_outbox_readable is 0.
func (m *Metrics) WatchOutbox(outbox port.Outbox, clock port.Clock) {
	messages := gauge("hexauth_outbox_messages", "Messages in the outbox that all instances share: due, waiting (for their next attempt) or parked (given up).", "state")
	oldest := gauge("hexauth_outbox_oldest_age_seconds", "Age of the oldest message that is not parked; 0 when there is none.")
	readable := gauge("hexauth_outbox_readable", "1 when the outbox could be read for this scrape, 0 otherwise.")
	m.registry.MustRegister(collector{[]reading{messages, oldest, readable}, func(to chan<- prometheus.Metric) {
		ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
		defer cancel()
		depth, err := outbox.Depth(ctx, clock.Now())
		if err != nil {
			readable.send(to, 0)
			return
		}
		readable.send(to, 1)
		messages.send(to, float64(depth.Due), "due")
		messages.send(to, float64(depth.Waiting), "waiting")
		messages.send(to, float64(depth.Parked), "parked")
		oldest.send(to, depth.Oldest.Seconds())
	}})
}

// WatchRateLimits shows whether the counters of all instances are shared.
func (m *Metrics) WatchRateLimits(shared func() bool) {
	counting := gauge("hexauth_rate_limits_shared", "1 while requests are counted in the store that all instances share, 0 while each counts for itself.")
	m.registry.MustRegister(collector{[]reading{counting}, func(to chan<- prometheus.Metric) {
		value := 0.0
		if shared() {
			value = 1
		}
		counting.send(to, value)
	}})
}

// WatchEvents shows how many events the audit log lacks.
func (m *Metrics) WatchEvents(lost func() int64) {
	missing := counter("hexauth_events_lost_total", "Events that are in the log only: the database was away too long.")
	m.registry.MustRegister(collector{[]reading{missing}, func(to chan<- prometheus.Metric) { missing.send(to, float64(lost())) }})
}

// WatchClock shows whether this machine's clock is right.
func (m *Metrics) WatchClock(offset func() time.Duration) {
	ahead := gauge("hexauth_clock_offset_seconds", "By how much this machine's clock is ahead of the database's; negative when it is behind.")
	m.registry.MustRegister(collector{[]reading{ahead}, func(to chan<- prometheus.Metric) { ahead.send(to, offset().Seconds()) }})
}
