// Package kit wires all use cases for tests: on a real store (SQLite in memory, or PostgreSQL), with a clock that tests turn,
// chance that is counted, and password hashing that costs nothing and is counted.
//
// Tests say what they want in a line each: k.SignUp("jane@example.com"), k.MustRefresh(token), k.Clock.Advance(time.Hour). A
// helper belongs here when a second test would write it again.
package kit
