package cost

import (
	"fmt"
	"strings"
)

// Record is what went to PostgreSQL between two calls of Proxy.Take.
type Record struct {
	Statements  []string // the texts of all that were executed, BEGIN and COMMIT included
	RoundTrips  int      // how often the client had to wait for an answer before it could go on; preparing counts
	Prepared    int      // those round trips that only prepared a statement, the first time that a connection had it
	Connections int      // connections opened; what opening them takes is not among the round trips
	Pings       int      // checks of a connection that was idle; they are not among the statements and round trips
	Worker      int      // statements of jobs in the background, whatever is asked; nor are these
}

// String lists the record for the message of a failed test, a statement a line.
func (r Record) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d statements, %d round trips (%d to prepare), %d connections, %d pings, %d of the worker",
		len(r.Statements), r.RoundTrips, r.Prepared, r.Connections, r.Pings, r.Worker)
	for _, statement := range r.Statements {
		text.WriteString("\n  " + strings.Join(strings.Fields(statement), " "))
	}
	return text.String()
}

// add notes what one client message asks for.
func (r *Record) add(n note) {
	if n.ping {
		r.Pings++
		return
	}
	if n.worker {
		if n.executes {
			r.Worker++
		}
		return
	}
	if n.trip {
		r.RoundTrips++
	}
	if n.prepares {
		r.Prepared++
	}
	if n.executes {
		r.Statements = append(r.Statements, n.statement)
	}
}
