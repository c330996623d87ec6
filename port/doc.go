// Package port says what the use cases need from the world: narrow interfaces, with domain values going in and out.
//
// Adapters implement them and pass the conformance suites of port/porttest. Ports speak two errors, ErrNotFound and ErrTaken;
// an adapter maps its driver's error types to them, and wraps domain.Unavailable where a repetition may succeed. Any other
// error is a defect and ends as a 500.
//
// A method is one atomic step. A new interface belongs here when a use case needs something that the domain can't do: keep
// state, read the time, reach another machine.
package port
