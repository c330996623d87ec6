package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// The budgets; those of statements and round trips stand beside the operations.
const (
	ratioBudget  = 2.0 // of POST /token's processor time to its calibration's
	growthBudget = 1.2 // of processor time for a request with most users to that with fewest
	// The same of pages that PostgreSQL reads. A B-tree of a million entries is three or four pages high, one of a thousand two, and the
	// planner looks at the ends of large ones; what reads in proportion to the users would be a thousandfold.
	pagesBudget  = 5.0
	startBudget  = 150 * time.Millisecond
	memoryBudget = 40_000_000 // bytes
	sizeBudget   = 40_000_000 // bytes
)

// report is everything that was measured.
type report struct {
	server  *server
	resting resting
	counted map[string]count
	loaded  *loaded
	grown   []grown
	solo    map[string]figures
	mixed   *mixed
}

// text is the page's section.
func (r report) text() string {
	parts := []string{r.machine()}
	for _, t := range []table{r.budgets(), r.calibrations(), r.operations(), r.mix(), r.processorByUsers(), r.pagesByUsers()} {
		parts = append(parts, t.String())
	}
	return strings.Join(parts, "\n")
}

// machine says what was measured on what.
func (r report) machine() string {
	text := fmt.Sprintf("PostgreSQL %s with %s of shared buffers, %s/%s, %d processors (%s), %s. hexauth as it comes, with ES256 and a pool of 10. "+
		"Load generator, hexauth and PostgreSQL share the machine; %d clients, %d where passwords are hashed.\n",
		r.server.version, r.server.buffers, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processorName(), runtime.Version(), clients, hashClients)
	if r.server.kernel == nil {
		text += "\nPostgreSQL's processor time was not measured: it runs on another machine.\n"
	}
	return text
}

// processorName is what Linux calls the processor.
func processorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// budgeted is something that has a budget.
type budgeted struct {
	name          string
	value, budget string
	over          bool
	printed       bool // only: being over does not count
}

// measures are all that have one.
func (r report) measures() []budgeted {
	all := []budgeted{ratioMeasure("server CPU of POST /token to its calibration", float64(r.loaded.refresh.cpu)/float64(r.loaded.calibration.cpu), ratioBudget)}
	for _, s := range subjects() {
		if c := r.counted[s.operation.Name]; c.over() {
			all = append(all, budgeted{
				name: s.operation.Name, value: fmt.Sprintf("%d statements, %d round trips", c.statements, c.roundTrips),
				budget: fmt.Sprintf("%d, %d", c.operation.Statements, c.operation.RoundTrips), over: true,
			})
		}
	}
	all = append(all, r.growthMeasures()...)
	return append(all,
		budgeted{"start to the first 200 of /healthz, the SQLite file exists", millis(r.resting.start), millis(startBudget), r.resting.start > startBudget, true},
		budgeted{"memory when idle (RSS)", megabytes(r.resting.memory), megabytes(memoryBudget), r.resting.memory > memoryBudget, false},
		budgeted{"size of the binary", megabytes(r.resting.size), megabytes(sizeBudget), r.resting.size > sizeBudget, false},
		budgeted{"static", fmt.Sprint(r.resting.static), "true", !r.resting.static, false},
	)
}

// growthMeasures are the worst of each kind.
func (r report) growthMeasures() []budgeted {
	var processor, pages float64
	var slowest, widest string
	for _, g := range r.grown {
		if len(g.cpu) > 0 && !g.cold && growth(g.cpu) > processor {
			processor, slowest = growth(g.cpu), g.name()
		}
		if growth(g.pages) > pages {
			pages, widest = growth(g.pages), g.name()
		}
	}
	name := func(what, of string) string {
		return fmt.Sprintf("%s a request, %s to %s users, at worst (%s)", what, number(sizes()[len(sizes())-1]), number(sizes()[0]), of)
	}
	return []budgeted{
		ratioMeasure(name("CPU", slowest), processor, growthBudget),
		ratioMeasure(name("pages", widest), pages, pagesBudget),
	}
}

func ratioMeasure(name string, ratio, budget float64) budgeted {
	return budgeted{name: name, value: fmt.Sprintf("%.2f", ratio), budget: fmt.Sprintf("%.2f", budget), over: ratio > budget}
}

// verdict is errOver when something is over its budget.
func (r report) verdict() error {
	var over []string
	for _, m := range r.measures() {
		if m.over && !m.printed {
			over = append(over, m.name)
		}
	}
	if len(over) > 0 {
		return fmt.Errorf("%w: %s", errOver, strings.Join(over, "; "))
	}
	return nil
}

func (r report) budgets() table {
	t := table{title: "Budgets", columns: []string{"Measure", "Value", "Budget", ""}}
	for _, m := range r.measures() {
		verdict := "ok"
		if m.over {
			verdict = "**over**"
		}
		t.add(m.name, m.value, m.budget, verdict)
	}
	return t
}

func (r report) calibrations() table {
	t := table{title: "Calibrations and POST /token, in an empty database",
		columns: []string{"What", "Server CPU a request", "Requests/s", "p50", "p99"}}
	line := func(name string, f figures) {
		t.add(name, micros(f.cpu), perSecond(f.perSecond), millis(f.p50), millis(f.p99))
	}
	t.add("argon2id hash (m=19456, t=2, p=1)", micros(r.loaded.argon2id), "", "", "")
	t.add("ES256 signature", micros(r.loaded.es256), "", "", "")
	line("empty Echo handler", r.loaded.empty)
	line("Echo handler, ES256 signature, prepared statement: the calibration", r.loaded.calibration)
	line("POST /token", r.loaded.refresh)
	line("the calibration at the same rate", r.loaded.paced[1])
	line("POST /token at the same rate", r.loaded.paced[0])
	return t
}

func (r report) operations() table {
	t := table{title: fmt.Sprintf("One operation at a time, %s users", number(sizes()[len(sizes())-1])),
		columns: []string{"Operation", "Statements", "Round trips", "Server CPU", "PostgreSQL CPU", "Requests/s", "p50", "p99"}}
	for _, s := range subjects() {
		name := s.operation.Name
		c, f := r.counted[name], r.solo[name]
		t.add("`"+name+"`", fmt.Sprint(c.statements), fmt.Sprint(c.roundTrips), micros(f.cpu), r.postgres(f.postgres), perSecond(f.perSecond), millis(f.p50), millis(f.p99))
	}
	return t
}

// postgres is a time of PostgreSQL's, where it can be measured.
func (r report) postgres(d time.Duration) string {
	if r.server.kernel == nil {
		return "not measured"
	}
	return micros(d)
}

func (r report) mix() table {
	t := table{title: fmt.Sprintf("A mix of operations, %s users", number(sizes()[len(sizes())-1])),
		columns: []string{"Operation", "Share", "Requests/s", "p50", "p99", "p50 at half the rate", "p99 at half the rate"}}
	flatOut, calm := r.mixed.flatOut, r.mixed.calm
	requests := 0
	for _, latencies := range flatOut.latencies {
		requests += len(latencies)
	}
	seconds := float64(requests) / flatOut.perSecond
	for _, p := range mixture() {
		fast, slow := flatOut.latencies[p.name], calm.latencies[p.name]
		p50, p99 := percentiles(fast)
		calm50, calm99 := percentiles(slow)
		t.add("`"+p.name+"`", fmt.Sprintf("%.1f %%", 100*float64(len(fast))/float64(requests)), perSecond(float64(len(fast))/seconds),
			millis(p50), millis(p99), millis(calm50), millis(calm99))
	}
	t.add("**all**", "100 %", perSecond(flatOut.perSecond), millis(flatOut.p50), millis(flatOut.p99), millis(calm.p50), millis(calm.p99))
	t.note = fmt.Sprintf("As fast as it can, a request of the mix takes %s of the server's processor time and %s of PostgreSQL's; at half the rate "+
		"(%s a second) %s and %s. The server's memory grew to %s.",
		micros(flatOut.cpu), r.postgres(flatOut.postgres), perSecond(calm.perSecond), micros(calm.cpu), r.postgres(calm.postgres), megabytes(r.mixed.peak))
	return t
}

// bySize are the columns of a table by the number of users.
func bySize() []string {
	columns := []string{"Operation"}
	for _, size := range sizes() {
		columns = append(columns, number(size)+" users")
	}
	return append(columns, "Growth")
}

func (r report) processorByUsers() table {
	t := table{title: "CPU of server and PostgreSQL a request, by users", columns: bySize()}
	for _, g := range r.grown {
		if len(g.cpu) == 0 {
			continue
		}
		row := []string{"`" + g.name() + "`"}
		for _, d := range g.cpu {
			row = append(row, micros(d))
		}
		t.add(append(row, fmt.Sprintf("%.2f", growth(g.cpu)))...)
	}
	return t
}

func (r report) pagesByUsers() table {
	t := table{title: "Pages of tables and indexes that PostgreSQL reads for a request, by users", columns: bySize()}
	for _, g := range r.grown {
		row := []string{"`" + g.name() + "`"}
		for _, n := range g.pages {
			row = append(row, fmt.Sprintf("%.1f", n))
		}
		t.add(append(row, fmt.Sprintf("%.2f", growth(g.pages)))...)
	}
	return t
}

func micros(d time.Duration) string { return fmt.Sprintf("%.0f µs", d.Seconds()*1e6) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1e3) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func perSecond(n float64) string { return fmt.Sprintf("%.0f", n) }

// number writes n with commas between thousands.
func number(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
}
