// Command bench measures bin/hexauth against its budgets and prints a table; `make bench` calls it from the top folder.
//
// All figures are of one run on one machine, so they are put beside calibrations of the same run. What an operation asks of
// PostgreSQL is counted on the wire (package test/cost). What it costs is the processor time of the server's process, from
// Linux's /proc, which says more than the time on the clock: the load generator and PostgreSQL share the machine. The
// calibration of POST /token is this binary started anew as a server of its own that does the least such a request could
// do: an Echo handler, one ES256 signature, one prepared statement.
//
// It exits with 1 when a count, a size or the ratio to the calibration is over its budget; times are only printed, and so are
// budgets of times. Only what measures the real binary from outside may enter here.
package main
