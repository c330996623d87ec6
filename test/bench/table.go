package main

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table is a table of Markdown. The first column is set to the left, the others to the right.
type table struct {
	title   string
	columns []string
	rows    [][]string
	note    string // below it
}

func (t *table) add(row ...string) { t.rows = append(t.rows, row) }

// String is the table with its title, readable as plain text too. It is "" without rows.
func (t table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	widths := make([]int, len(t.columns))
	for _, row := range append([][]string{t.columns}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), len("---"))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
		if i > 0 {
			rule[i] = rule[i][1:] + ":"
		}
	}
	var text strings.Builder
	text.WriteString("### " + t.title + "\n\n")
	for _, row := range slices.Concat([][]string{t.columns, rule}, t.rows) {
		for i, cell := range row {
			blanks := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				cell, blanks = blanks+cell, ""
			}
			text.WriteString("| " + cell + blanks + " ")
		}
		text.WriteString("|\n")
	}
	if t.note != "" {
		text.WriteString("\n" + t.note + "\n")
	}
	return text.String()
}
