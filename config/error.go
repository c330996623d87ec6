package config

import (
	"fmt"
	"strings"
)

// Error is the only error of Load. It holds every mistake found, in the order of Variables.
type Error struct{ Problems []Problem }

// Problem is one mistake: the variable as the operator named it, and what would be right. It never repeats a secret.
type Problem struct {
	Variable string
	Message  string
}

// Error lists all problems, one a line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("the configuration cannot be used:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s: %s", p.Variable, p.Message)
	}
	return b.String()
}

// mistakes are the texts of several problems of one value. They must not repeat the value.
type mistakes []string

func (m mistakes) Error() string { return strings.Join(m, "; ") }
