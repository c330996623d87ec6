// Package pgtest gives tests a PostgreSQL to work on.
//
// Database hands out a fresh, empty database. It lives on the server that TEST_POSTGRES_URL names (a superuser's URL, or
// that of a role with CREATEDB); without that variable one throwaway cluster a process is started from the installed
// binaries. Cluster is a whole server of a test's own, to be stopped, crashed and started again. The command pgrun in
// cmd/pgrun runs another command with TEST_POSTGRES_URL set, so that many test processes share one cluster.
//
// A cluster never outlives its process: a guardian, a shell that waits for the end of a pipe held by that process, stops
// the server and removes its files, even after a kill -9. PostgreSQL refuses to run as root; root's clusters run as the
// user postgres, or nobody where there is none.
//
// Only what starts, finds and empties PostgreSQL for tests may enter; schemas, rows and fixtures belong to the tests.
package pgtest
