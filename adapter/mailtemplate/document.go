package mailtemplate

import (
	"fmt"
	"strings"
	"unicode"
)

// document is a parsed text with placeholders.
type document []piece

// piece is a stretch of text and the value behind it.
type piece struct {
	literal string
	name    string // "" at the end of the document, and of a placeholder without a name: no value
	context context
}

// parse splits a text at its placeholders, ${name}. The error says where a placeholder is not closed. For HTML, each value
// remembers how it has to be escaped where it stands.
func parse(text string, isHTML bool) (document, error) {
	var (
		result  document
		scanner htmlScanner
		rest    = text
	)
	for {
		literal, after, found := strings.Cut(rest, "${")
		if !found {
			return append(result, piece{literal: rest}), nil
		}
		name, remaining, closed := strings.Cut(after, "}")
		if !closed || strings.ContainsAny(name, "${<\r\n") {
			line := 1 + strings.Count(text[:len(text)-len(after)], "\n")
			return nil, fmt.Errorf("line %d: a placeholder is not closed: %q without %q", line, "${", "}")
		}
		next := piece{literal: literal, name: strings.TrimSpace(name)}
		if isHTML {
			next.context = scanner.context(literal, remaining)
		}
		result, rest = append(result, next), remaining
	}
}

// expand returns the text with its values. Placeholders inside values are left alone; a name without a value vanishes.
func (d document) expand(values map[string]string) string {
	var b strings.Builder
	for _, p := range d {
		b.WriteString(p.literal)
		b.WriteString(p.context.escape(values[p.name]))
	}
	return b.String()
}

// clean returns a value as a single line of valid UTF-8: control characters and line separators become spaces, and those
// that turn the direction of what follows are dropped, so that a value can't dress up as something else.
func clean(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "\ufffd"))
}
