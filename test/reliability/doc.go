// Package reliability holds the tests of what hexauth does when things go wrong around it: the process is killed, the
// database stops, freezes, refuses to write or is locked, clients are slow, hang up or come in crowds, and instances start
// and refresh at the same time.
//
// All of them look from outside: they start the real binary on a database of their own, speak HTTP to it and compare what it
// acknowledged with what it has afterwards. Nothing here imports a package of the server. Whatever can be shown without a
// process, a crash or a crowd is tested where it is written.
//
// Waiting is for a state, with a generous limit, never for a time to pass; the exceptions are the server's own time limits.
package reliability
