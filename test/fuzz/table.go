package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const heading = "| Target | What it does | Ran for | Executions | New inputs | Kept | Result |\n|---|---|---:|---:|---:|---:|---|\n"

// row writes what running a target showed.
func row(t target, o outcome, kept int) string {
	result := "nothing found"
	switch {
	case o.failed:
		result = "**failed**"
	case o.executions == 0:
		result = "no time for anything but what is kept"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %d | %d | %d | %s |\n",
		t, strings.ReplaceAll(t.about, "|", `\|`), o.took, o.executions, o.found, kept, result)
}

// table writes the rows in order.
func table(rows map[string]string) string {
	var text strings.Builder
	text.WriteString(heading)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		text.WriteString(rows[name])
	}
	return text.String()
}

var rowOf = regexp.MustCompile("(?m)^\\| `([a-z/0-9]+\\.Fuzz[A-Za-z0-9_]*)` \\|.*\n")

// readTable returns the rows of earlier runs, by target, so that FUZZ_ONLY changes no other. Targets that are gone are left out.
func readTable(file string, targets []target) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rows := map[string]string{}
	for _, found := range rowOf.FindAllStringSubmatch(string(text), -1) {
		if slices.ContainsFunc(targets, func(t target) bool { return t.String() == found[1] }) {
			rows[found[1]] = found[0]
		}
	}
	return rows, nil
}
