// Command bench measures bin/hexauth against its budgets and writes what it saw into docs/performance.md, which also says how it measures;
// `make bench` calls it from the top folder.
//
//	resting    start, memory and size, on SQLite
//	count      statements and round trips, on the wire (package test/cost)
//	loads      POST /token beside its calibration, in an empty database
//	growth     databases with 1,000 to 1,000,000 users, compared
//	solo       one operation after the other, with 1,000,000 users
//	mix        all of them at once
//
// All figures are of one run on one machine, so they are put beside calibrations of the same run, or beside each other. Processor time
// is that of the server's process and of PostgreSQL's processes, as Linux counts it, which says more than the time on the clock: the load
// generator shares the machine. The calibration of POST /token is this binary started anew as a server of its own that does the least
// such a request could do: an Echo handler, one ES256 signature, one prepared statement.
//
// It exits with 1 when a count, a size or a ratio is over its budget; times are only printed, and so are budgets of times. Only what
// measures the real binary from outside may enter here.
package main
