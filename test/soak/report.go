package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/hexauth/hexauth/test/results"
)

// report is what happened and what was compared.
type report struct {
	w      *world
	record *record
	lines  []*line
	took   time.Duration
}

// publish writes the report to out and, where everything holds, into the page. It returns errFailed when something does not.
func (r *report) publish(out io.Writer, page string) error {
	failures := r.failures()
	text := r.head() + r.phases() + r.comparisons()
	if len(failures) == 0 {
		text += "\nEverything held.\n"
	}
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if len(failures) > 0 {
		_, err := fmt.Fprintf(out, "\nDOES NOT HOLD:\n- %s\n", strings.Join(failures, "\n- "))
		return errors.Join(errFailed, err)
	}
	if page == "" {
		return nil
	}
	return results.Write(page, "soak", text)
}

func (r *report) head() string {
	return fmt.Sprintf("Three instances behind a proxy, PostgreSQL %s (`fsync` on), %s; %s, %s/%s, %d processors for all of it and the clients; %s, %d requests.\n\n",
		r.w.postgres, r.w.limits, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), r.took.Round(time.Second), r.record.total)
}

// phases writes a line for each fault, and one for all that was quiet.
func (r *report) phases() string {
	var b strings.Builder
	b.WriteString("| What happened | Time | Requests | 503 | Broken | Wrong | First success after | All well after |\n|---|---|---|---|---|---|---|---|\n")
	quiet := &phase{name: "nothing (before, between and after)", failures: map[outcome]int{}}
	var lasted time.Duration
	for _, p := range r.record.phases {
		if p.back.IsZero() {
			quiet.requests += p.requests
			lasted += p.ended.Sub(p.began)
			for outcome, n := range p.failures {
				quiet.failures[outcome] += n
			}
			continue
		}
		first := "never"
		if !p.firstSuccess.IsZero() {
			first = seconds(p.firstSuccess.Sub(p.back))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.name, seconds(p.ended.Sub(p.began)), counts(p), first, seconds(p.recovery()))
	}
	fmt.Fprintf(&b, "| %s | %s | %s | | |\n\n", quiet.name, seconds(lasted), counts(quiet))
	return b.String()
}

func counts(p *phase) string {
	return fmt.Sprintf("%d | %d | %d | %d", p.requests, p.failures[unavailable], p.failures[broken], p.failures[wrong])
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func (r *report) comparisons() string {
	var b strings.Builder
	b.WriteString("| What was compared | How many | |\n|---|---|---|\n")
	for _, l := range r.lines {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", l.what, l.count, l.note)
	}
	return b.String()
}

// failures says everything that does not hold.
func (r *report) failures() []string {
	failures := r.record.mistakes
	for _, p := range r.record.phases {
		if len(p.breaches) > 0 {
			failures = append(failures, fmt.Sprintf("%s: %d requests failed that must not:\n    %s", p.name, len(p.breaches), short(p.breaches)))
		}
		if p.back.IsZero() {
			continue
		}
		if p.firstSuccess.IsZero() || p.firstSuccess.Sub(p.back) > recoveryLimit || p.recovery() > recoveryLimit {
			failures = append(failures, fmt.Sprintf("%s: no recovery within %s", p.name, recoveryLimit))
		}
		if p.requests == 0 {
			failures = append(failures, p.name+": nobody asked for anything")
		}
	}
	for _, l := range r.lines {
		if len(l.wrong) > 0 {
			failures = append(failures, fmt.Sprintf("%s: %d of %d do not:\n    %s", l.what, len(l.wrong), l.count, short(l.wrong)))
		}
		if l.count == 0 {
			failures = append(failures, l.what+": nothing was compared")
		}
	}
	return failures
}
