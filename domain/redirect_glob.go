package domain

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	maxRedirectPattern      = 512 // bytes of one allow-list pattern
	maxRedirectAlternatives = 64  // what the {a,b} groups of one pattern may multiply to
)

// redirectRule is one entry of the allow list with its alternatives spelled out.
type redirectRule struct {
	pattern string
	shapes  []redirectShape
}

// redirectShape is one pattern free of alternatives, split into its parts.
type redirectShape struct {
	scheme    string
	authority bool // "scheme://…" rather than "scheme:/…"
	anything  bool // "scheme://**": host, port and path are free
	host      redirectGlob
	port      *redirectGlob // nil: none written
	path      redirectGlob
}

// newRedirectClientRule reads the client URL as a URL, not as a pattern: its
// wildcard characters stand for themselves, query and fragment are not compared.
func newRedirectClientRule(clientURL string) (redirectRule, error) {
	t, err := parseRedirectTarget(clientURL)
	if err != nil {
		return redirectRule{}, err
	}
	location := redirectLocation(clientURL)
	head := strings.TrimSuffix(location, t.path)
	rule, err := newRedirectRule(head + quoteRedirectGlob(t.path))
	rule.pattern = location
	return rule, err
}

func newRedirectRule(pattern string) (redirectRule, error) {
	if len(pattern) > maxRedirectPattern {
		return redirectRule{}, fmt.Errorf("it is longer than %d bytes", maxRedirectPattern)
	}
	if strings.Contains(pattern, "#") {
		return redirectRule{}, errors.New("it must not contain a fragment (#), fragments are not compared")
	}
	if err := checkRedirectCharacters(strings.ReplaceAll(pattern, `\`, "")); err != nil {
		return redirectRule{}, err
	}
	alternatives, err := expandRedirectBraces(pattern)
	if err != nil {
		return redirectRule{}, err
	}
	rule := redirectRule{pattern: pattern}
	for _, alternative := range alternatives {
		shape, err := newRedirectShape(alternative)
		if err != nil {
			return redirectRule{}, err
		}
		rule.shapes = append(rule.shapes, shape)
	}
	return rule, nil
}

func newRedirectShape(pattern string) (redirectShape, error) {
	scheme, rest, err := cutRedirectScheme(pattern)
	if err != nil {
		return redirectShape{}, err
	}
	s := redirectShape{scheme: scheme, authority: strings.HasPrefix(rest, "//")}
	if rest == "//" && isWebScheme(scheme) {
		return redirectShape{}, errors.New("the host is missing")
	}
	rest = withRedirectSuffix(rest)
	if rest == "//**" {
		s.anything = true
		return s, nil
	}
	if s.authority {
		authority, path, _ := strings.Cut(rest[2:], "/")
		if err := s.readAuthority(lowerASCII(authority)); err != nil {
			return redirectShape{}, err
		}
		rest = "/" + path
	}
	if s.path, err = compileRedirectGlob(rest, 'x'); err != nil {
		return redirectShape{}, fmt.Errorf("path: %w", err)
	}
	return s, checkRedirectPath(s.path.sample)
}

// withRedirectSuffix makes a pattern cover everything below its path.
func withRedirectSuffix(pattern string) string {
	switch {
	case strings.HasSuffix(pattern, "/**"):
		return pattern
	case strings.HasSuffix(pattern, "/*"):
		return pattern + "*"
	case strings.HasSuffix(pattern, "/"):
		return pattern + "**"
	}
	return pattern + "/**"
}

// readAuthority compiles host and port of a pattern and holds an example of them
// against the rules for candidates, so that no entry is silently useless.
func (s *redirectShape) readAuthority(authority string) error {
	if strings.Contains(authority, "@") {
		return errUserInfo
	}
	host, port, hasPort := cutRedirectPort(authority)
	var err error
	if isIPv6Literal(host) {
		s.host = redirectGlob{source: host, sample: host}
	} else if s.host, err = compileRedirectGlob(host, 'x'); err != nil {
		return fmt.Errorf("host: %w", err)
	}
	if err := checkRedirectHost(s.host.sample, s.scheme); err != nil {
		return err
	}
	if !hasPort {
		return nil
	}
	glob, err := compileRedirectGlob(port, '1')
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	s.port = &glob
	return checkRedirectPort(glob.sample)
}

// mismatch reports the alternative that came furthest.
func (r redirectRule) mismatch(t redirectTarget) redirectMismatch {
	closest := redirectMismatch{pattern: r.pattern}
	for _, shape := range r.shapes {
		if part, reason := shape.mismatch(t); closest.part < part {
			closest.part, closest.reason = part, reason
		}
	}
	return closest
}

func (s redirectShape) mismatch(t redirectTarget) (redirectPart, string) {
	switch {
	case s.scheme != t.scheme:
		return redirectScheme, fmt.Sprintf("scheme %q is not %q", t.scheme, s.scheme)
	case s.authority != t.authority:
		return redirectScheme, `"//" after the scheme is in only one of the two`
	case t.hasOddHost() && !s.host.isLiteral(t.host):
		return redirectHost, fmt.Sprintf("host %q is an address that must be listed literally", t.host)
	case s.anything:
		return redirectMatched, ""
	case !s.host.match(t.host):
		return redirectHost, fmt.Sprintf("host %q does not match %q", t.host, s.host.source)
	case !s.matchPort(t):
		return redirectPort, fmt.Sprintf("port %q does not match", t.port)
	case !s.path.match(t.path + "/"): // every pattern ends in "/**", so the slash only helps
		return redirectPath, fmt.Sprintf("path does not match %q", s.path.source)
	}
	return redirectMatched, ""
}

func (s redirectShape) matchPort(t redirectTarget) bool {
	if s.port != nil {
		return t.port != "" && s.port.match(t.port)
	}
	switch t.port {
	case "":
		return true
	case "80":
		return t.scheme == "http"
	case "443":
		return t.scheme == "https"
	}
	return false
}

// redirectGlob matches one part of a URL. It is translated to a regular
// expression, which the standard library matches in time linear in the text.
type redirectGlob struct {
	source string
	sample string         // the text itself, each wildcard replaced by a placeholder
	expr   *regexp.Regexp // nil when there is no wildcard
}

func (g redirectGlob) match(s string) bool {
	if g.expr == nil {
		return s == g.sample
	}
	return g.expr.MatchString(s)
}

// isLiteral tells whether the glob has no wildcard and is exactly s.
func (g redirectGlob) isLiteral(s string) bool { return g.expr == nil && g.sample == s }

// compileRedirectGlob compiles a pattern without {a,b} groups.
func compileRedirectGlob(source string, placeholder rune) (redirectGlob, error) {
	var expr, sample strings.Builder
	wild := false
	runes := []rune(source)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; r {
		case '*':
			wild = true
			piece := "[^./]*"
			for i+1 < len(runes) && runes[i+1] == '*' {
				piece = ".*"
				i++
			}
			expr.WriteString(piece)
			sample.WriteRune(placeholder)
		case '?':
			wild = true
			expr.WriteString("[^./]")
			sample.WriteRune(placeholder)
		case '[':
			wild = true
			class, next, err := compileRedirectClass(runes, i+1)
			if err != nil {
				return redirectGlob{}, err
			}
			i = next
			expr.WriteString(class)
			sample.WriteRune(placeholder)
		case '\\':
			i++
			if i == len(runes) {
				return redirectGlob{}, errors.New(`a \ without the character it escapes`)
			}
			r = runes[i]
			fallthrough
		default:
			expr.WriteString(regexp.QuoteMeta(string(r)))
			sample.WriteRune(r)
		}
	}
	g := redirectGlob{source: source, sample: sample.String()}
	if !wild {
		return g, nil
	}
	var err error
	g.expr, err = regexp.Compile(`(?s)\A` + expr.String() + `\z`)
	return g, err
}

// compileRedirectClass translates the class whose first character is at start, and
// returns the index of its closing bracket. A class matches '.' and '/' only where
// they are listed one by one, never by a range or a negation.
func compileRedirectClass(runes []rune, start int) (class string, end int, err error) {
	i := start
	negated := i < len(runes) && runes[i] == '!'
	if negated {
		i++
	}
	var b strings.Builder
	for ; i < len(runes) && runes[i] != ']'; i++ {
		if runes[i] == '\\' && i+1 < len(runes) {
			i++
		}
		lo := runes[i]
		if i+2 >= len(runes) || runes[i+1] != '-' || runes[i+2] == ']' {
			writeRedirectRange(&b, lo, lo)
			continue
		}
		i += 2
		if runes[i] == '\\' && i+1 < len(runes) {
			i++
		}
		if runes[i] < lo {
			return "", 0, errors.New("a range in [ ] runs backwards")
		}
		writeRedirectRange(&b, lo, min(runes[i], '.'-1))
		writeRedirectRange(&b, max(lo, '/'+1), runes[i])
	}
	if i >= len(runes) {
		return "", 0, errors.New("a [ without its ]")
	}
	if b.Len() == 0 {
		return "", 0, errors.New("a [ ] that matches nothing")
	}
	if negated {
		return "[^./" + b.String() + "]", i, nil
	}
	return "[" + b.String() + "]", i, nil
}

func writeRedirectRange(b *strings.Builder, lo, hi rune) {
	if lo <= hi {
		fmt.Fprintf(b, `\x{%x}-\x{%x}`, lo, hi)
	}
}

// expandRedirectBraces spells out the {a,b} groups of a pattern, nested ones too.
func expandRedirectBraces(pattern string) ([]string, error) {
	var expanded []string
	for pending := []string{pattern}; len(pending) > 0; {
		p := pending[0]
		pending = pending[1:]
		marks, err := redirectBraceGroup(p)
		if err != nil {
			return nil, err
		}
		if marks == nil {
			expanded = append(expanded, p)
			continue
		}
		before, after := p[:marks[0]], p[marks[len(marks)-1]+1:]
		for i := range len(marks) - 1 {
			pending = append(pending, before+p[marks[i]+1:marks[i+1]]+after)
		}
		if len(pending)+len(expanded) > maxRedirectAlternatives {
			return nil, fmt.Errorf("its { } groups make more than %d alternatives", maxRedirectAlternatives)
		}
	}
	return expanded, nil
}

// redirectBraceGroup finds the first outermost group and returns the positions of
// its opening brace, its own commas and its closing brace; nil when there is none.
func redirectBraceGroup(pattern string) ([]int, error) {
	var marks []int
	depth, inClass := 0, false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '{':
			if depth++; depth == 1 {
				marks = append(marks, i)
			}
		case c == ',' && depth == 1:
			marks = append(marks, i)
		case c == '}' && depth == 0:
			return nil, errors.New("a } without its {")
		case c == '}':
			if depth--; depth == 0 {
				return append(marks, i), nil
			}
		}
	}
	if depth > 0 {
		return nil, errors.New("a { without its }")
	}
	return nil, nil
}

// quoteRedirectGlob escapes the characters that are special in patterns.
func quoteRedirectGlob(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
