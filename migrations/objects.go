package migrations

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// object names one thing of the schema auth. Functions and types have no Table, tables have no Name.
type object struct{ Kind, Table, Name string }

// String gives the object as an operator would call it: "column auth.users.locale".
func (o object) String() string {
	var parts []string
	for _, p := range []string{"auth", o.Table, o.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return o.Kind + " " + strings.Join(parts, ".")
}

// objects maps what was found to its type: a column's, or "" where there is none to compare.
type objects map[object]string

// expectation is one line of objects.txt.
type expectation struct {
	object
	typ          string
	own          int // number of our step that brings it, 0 for the peer's
	since, until int // peer versions: there from since on, before until; until 0 is for ever
}

// holds tells whether the object must be there at peer version v with the given own steps.
func (e expectation) holds(v int, applied []int) bool {
	if e.own > 0 {
		return slices.Contains(applied, e.own)
	}
	return e.since <= v && (e.until == 0 || v < e.until)
}

// comes tells whether the object is brought by a step that is still missing.
func (e expectation) comes(v int, applied []int) bool {
	if e.own > 0 {
		return !slices.Contains(applied, e.own)
	}
	return e.since > v
}

// loadExpectations reads the objects.txt of a dialect's folder.
func loadExpectations(d Dialect) ([]expectation, error) {
	text, err := files.ReadFile(string(d) + "/objects.txt")
	if err != nil {
		return nil, err
	}
	var out []expectation
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseExpectation(line)
		if err != nil {
			return nil, fmt.Errorf("migrations: %s/objects.txt: %q: %w", d, line, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func parseExpectation(line string) (expectation, error) {
	f := strings.Fields(line)
	if len(f) != 6 {
		return expectation{}, fmt.Errorf("%d fields instead of 6", len(f))
	}
	for i := range f {
		if f[i] == "-" {
			f[i] = ""
		}
	}
	e := expectation{object: object{Kind: f[0], Table: f[1], Name: f[2]}, typ: f[3]}
	var err error
	if own, ok := strings.CutPrefix(f[4], "own:"); ok {
		e.own, err = strconv.Atoi(own)
	} else {
		e.since, err = strconv.Atoi(f[4])
	}
	if err == nil && f[5] != "" {
		e.until, err = strconv.Atoi(f[5])
	}
	return e, err
}

// mismatches compares what was found with what peer version v and the applied own steps bring. Objects that must be
// there and are not, and objects whose type is neither today's nor that of a step to come, are named, in the order of
// objects.txt; of a table that is missing altogether the table alone. Objects of steps to come may be there already, in their right shape; what we don't know is nobody's
// business.
func mismatches(want []expectation, have objects, v int, applied []int) []string {
	required := map[object]bool{}
	types := map[object][]string{}
	for _, e := range want {
		required[e.object] = required[e.object] || e.holds(v, applied)
		if e.holds(v, applied) || e.comes(v, applied) {
			types[e.object] = append(types[e.object], e.typ)
		}
	}
	var out []string
	seen := map[object]bool{}
	for _, e := range want {
		if seen[e.object] {
			continue
		}
		seen[e.object] = true
		if e.Kind != "table" && e.Table != "" && !have.has("table", e.Table, "") {
			continue
		}
		typ, there := have[e.object]
		switch {
		case !there && (required[e.object] || early(e, have, required)):
			out = append(out, e.String()+" is missing")
		case there && len(types[e.object]) > 0 && !slices.Contains(types[e.object], typ):
			out = append(out, fmt.Sprintf("%s is of type %s instead of %s", e.object, typ, cmp.Or(types[e.object][0], "table")))
		}
	}
	return out
}

// early tells whether e is a column of a table that is there before its time: such a table must have all its columns,
// for the step that brings it will find it and leave it as it is.
func early(e expectation, have objects, required map[object]bool) bool {
	table := object{Kind: "table", Table: e.Table}
	_, there := have[table]
	return e.Kind == "column" && e.until == 0 && there && !required[table]
}

// strangers names what was found under a name of ours, in the order of objects.txt: in a database that holds none of
// our versions nothing of it can be ours.
func strangers(want []expectation, have objects) []string {
	var out []string
	for _, e := range want {
		name := e.String()
		if _, there := have[e.object]; there && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
