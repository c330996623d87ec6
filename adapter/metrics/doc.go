// Package metrics counts what operators look at, for Prometheus.
//
// Metrics implements the meters of package port; what keeps its own numbers (the database's pools, the queue of password hashing,
// the outbox) is read when somebody looks. Metrics are created here, by literal, in a registry of their own; nothing is
// registered globally. A label's values come from a bounded set: operations of the contract, codes, templates, never something a
// client has sent. docs/observability.md explains every metric.
package metrics
