package main

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/hexauth/hexauth/test/cost"
)

// The budgets; those of statements and round trips stand beside the operations.
const (
	ratioBudget  = 2.0 // of POST /token's processor time to its calibration's
	startBudget  = 150 * time.Millisecond
	memoryBudget = 40_000_000 // bytes
	sizeBudget   = 40_000_000 // bytes
)

// report is everything that was measured.
type report struct {
	database string // version of PostgreSQL
	resting  resting
	counted  []count
	loaded   *loaded
}

// print writes the tables. It returns errOver when a count, a size or the ratio is over its budget.
func (r report) print(out io.Writer) error {
	fmt.Fprintf(out, "PostgreSQL %s, %s/%s, %d processors, %s; ES256, %d clients (%d where passwords are hashed)\n\n",
		r.database, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), clients, hashingClients)
	over := 0
	for _, table := range []func(io.Writer) int{r.calibrations, r.operations, r.sameRate, r.binary} {
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		over += table(w)
		fmt.Fprintln(w)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if over > 0 {
		return fmt.Errorf("%w: %d of the measures", errOver, over)
	}
	return nil
}

func (r report) calibrations(w io.Writer) int {
	fmt.Fprintln(w, "CALIBRATION\tTIME")
	fmt.Fprintf(w, "argon2id hash (m=19456, t=2, p=1)\t%.1f ms\n", r.loaded.argon2id.Seconds()*1e3)
	fmt.Fprintf(w, "ES256 signature\t%s\n", micros(r.loaded.es256))
	fmt.Fprintf(w, "empty Echo handler\t%s of server CPU a request\n", micros(r.loaded.empty.cpu))
	fmt.Fprintf(w, "Echo handler, ES256 signature, prepared statement\t%s of server CPU a request, %.0f requests/s\n",
		micros(r.loaded.calibration.cpu), r.loaded.calibration.perSecond)
	return 0
}

// operations prints a line an operation and says how many are over.
func (r report) operations(w io.Writer) (over int) {
	fmt.Fprintln(w, "OPERATION\tSTATEMENTS\tROUND TRIPS\tSERVER CPU\tREQUESTS/S\tP50\tP99\tCALIBRATION\tRATIO\tBUDGET\t")
	for _, c := range r.counted {
		bad := c.over()
		fmt.Fprintf(w, "%s\t%d (%d)\t%d (%d)\t", c.operation.Name, c.statements, c.operation.Statements, c.roundTrips, c.operation.RoundTrips)
		if f, found := r.loaded.operations[c.operation.Name]; found {
			fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t", micros(f.cpu), f.perSecond, millis(f.p50), millis(f.p99))
		} else {
			fmt.Fprint(w, "\t\t\t\t")
		}
		if c.operation.Name == cost.Refresh {
			ratio := float64(r.loaded.operations[cost.Refresh].cpu) / float64(r.loaded.calibration.cpu)
			bad = bad || ratio > ratioBudget
			fmt.Fprintf(w, "%s\t%.2f\t%.2f\t", micros(r.loaded.calibration.cpu), ratio, ratioBudget)
		} else {
			fmt.Fprint(w, "\t\t\t")
		}
		fmt.Fprintln(w, verdict(bad))
		if bad {
			over++
		}
	}
	return over
}

// sameRate is for information: see compare.
func (r report) sameRate(w io.Writer) int {
	subject, calibration := r.loaded.paced[0], r.loaded.paced[1]
	fmt.Fprintln(w, "AT THE SAME RATE\tREQUESTS/S\tSERVER CPU\tP50\tP99\tRATIO")
	fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t%.2f\n", cost.Refresh, subject.perSecond, micros(subject.cpu),
		millis(subject.p50), millis(subject.p99), float64(subject.cpu)/float64(calibration.cpu))
	fmt.Fprintf(w, "calibration\t%.0f\t%s\t%s\t%s\t\n", calibration.perSecond, micros(calibration.cpu),
		millis(calibration.p50), millis(calibration.p99))
	return 0
}

// binary prints what needs no load. The time is over or not without counting.
func (r report) binary(w io.Writer) (over int) {
	fmt.Fprintln(w, "BINARY\tVALUE\tBUDGET\t")
	fmt.Fprintf(w, "start to the first 200 of /healthz, SQLite file exists\t%s\t%s\t%s\n",
		millis(r.resting.start), millis(startBudget), verdict(r.resting.start > startBudget))
	for _, line := range []struct {
		name   string
		value  string
		budget string
		over   bool
	}{
		{"memory when idle (RSS)", megabytes(r.resting.memory), megabytes(memoryBudget), r.resting.memory > memoryBudget},
		{"size", megabytes(r.resting.size), megabytes(sizeBudget), r.resting.size > sizeBudget},
		{"static", fmt.Sprint(r.resting.static), "true", !r.resting.static},
	} {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", line.name, line.value, line.budget, verdict(line.over))
		if line.over {
			over++
		}
	}
	return over
}

func verdict(over bool) string {
	if over {
		return "over"
	}
	return "ok"
}

func micros(d time.Duration) string { return fmt.Sprintf("%.0f µs", d.Seconds()*1e6) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1e3) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
