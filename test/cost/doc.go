// Package cost counts what the operations of the API ask of PostgreSQL: statements and round trips, read from the wire
// between the real binary and the database.
//
//	client ──HTTP──▶ hexauth ──▶ Proxy ──▶ PostgreSQL
//
// Proxy notes everything that passes; Client speaks the API; Operations lists the operations with what each may cost. The
// tests here demand exactly those numbers, and that no operation reads a whole table; the benchmark in test/bench prints
// them. An operation that is new gets its line in Operations. Nothing here measures time.
package cost
