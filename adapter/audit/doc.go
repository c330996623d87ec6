// Package audit is the port.Witness of a running server: it writes every event to the log at once, and keeps those that changed
// nothing, such as sign-ins, in the database a moment later and many at a time. No request waits for it.
//
// What it has not kept yet when the process is killed is lost to the database: at most the events of Pause, and they are in the log. A
// server that is stopped keeps everything first. While the database is away up to Capacity events wait; what is more is counted and
// told, and is in the log too.
package audit
