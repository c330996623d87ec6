package domain

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxRedirectTarget  = 8192 // bytes of a candidate URL
	maxRedirectHost    = 253  // bytes of a host name, RFC 1035 section 2.3.4 without the root dot
	maxRedirectDecodes = 4    // how often a path may be percent-encoded over itself
)

// RedirectPolicy decides which URLs a flow may send the browser to. It holds
// the client URL and the allowed patterns, compiled part by part: scheme, host,
// port and path of a candidate are compared separately, so that a wildcard of
// one part never reaches into another. The policy is immutable and safe for
// concurrent use; the zero value refuses everything.
type RedirectPolicy struct {
	clientURL string
	rules     []redirectRule
}

// NewRedirectPolicy builds the allow list: the client URL, taken literally,
// followed by the patterns. Blank entries are ignored. Everything below a listed
// path is allowed: a pattern ending in "/**" stays as it is, "/*" and "/" become
// "/**", any other gets "/**" appended. An http or https pattern without a port
// stands for the scheme's default port, written or not.
//
// Pattern language: "*" matches within one DNS label or path component ('.' and
// '/' end it), "**" across them, "?" one character other than '.' and '/',
// "[abc]" "[a-z]" "[!x]" one of a class, "{a,b}" alternatives, "\" takes the next
// character literally. The scheme has no wildcards, only alternatives. A pattern
// that is just "scheme://**" allows every host, port and path of the scheme.
//
// The error names every faulty entry and what is wrong with it.
func NewRedirectPolicy(clientURL string, patterns []string) (RedirectPolicy, error) {
	p := RedirectPolicy{clientURL: strings.TrimSpace(clientURL)}
	var problems []error
	if p.clientURL != "" {
		rule, err := newRedirectClientRule(p.clientURL)
		if err != nil {
			problems = append(problems, fmt.Errorf("client URL %q: %w", withoutUserInfo(p.clientURL), err))
		}
		p.rules = append(p.rules, rule)
	}
	for _, pattern := range patterns {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" {
			continue
		}
		rule, err := newRedirectRule(pattern)
		if err != nil {
			problems = append(problems, fmt.Errorf("redirect pattern %q: %w", withoutUserInfo(pattern), err))
		}
		p.rules = append(p.rules, rule)
	}
	if len(problems) > 0 {
		return RedirectPolicy{}, errors.Join(problems...)
	}
	return p, nil
}

// Default returns the client URL, where a flow goes when the client named no
// target; empty when none is configured.
func (p RedirectPolicy) Default() string { return p.clientURL }

// Check returns nil when the browser may be sent to target, and otherwise
// RedirectToNotAllowed wrapped with the rule that failed. That reason is meant
// for the log, not for the client.
//
// Query and fragment take no part in the comparison. Refused whatever the list
// says: relative URLs, user-info, back-slashes, spaces, control and invisible
// characters, host names that are not plain ASCII, numeric hosts in other than
// the dotted-quad spelling unless listed literally, and paths a browser or server
// would read differently from how they are written (dot segments, empty segments,
// encoded slashes, back-slashes and control characters, also when encoded twice).
func (p RedirectPolicy) Check(target string) error {
	t, err := parseRedirectTarget(target)
	if err != nil {
		return fmt.Errorf("%w: %w", RedirectToNotAllowed, err)
	}
	if len(p.rules) == 0 {
		return fmt.Errorf("%w: %s", RedirectToNotAllowed, noRedirectRules)
	}
	var closest redirectMismatch
	for _, rule := range p.rules {
		m := rule.mismatch(t)
		if m.part == redirectMatched {
			return nil
		}
		if closest.part < m.part {
			closest = m
		}
	}
	return fmt.Errorf("%w: closest pattern: %s", RedirectToNotAllowed, closest)
}

// Explain tells an operator why target is allowed or not: one line for each
// pattern, naming the first part (scheme, host, port, path) that failed, or a
// single line when the target is refused whatever the patterns say.
func (p RedirectPolicy) Explain(target string) []string {
	t, err := parseRedirectTarget(target)
	if err != nil {
		return []string{"refused: " + err.Error()}
	}
	if len(p.rules) == 0 {
		return []string{"refused: " + noRedirectRules}
	}
	lines := make([]string, 0, len(p.rules))
	for _, rule := range p.rules {
		lines = append(lines, rule.mismatch(t).String())
	}
	return lines
}

const noRedirectRules = "neither a client URL nor an allowed redirect URL is configured"

// redirectPart orders the parts of a URL by how far a comparison came.
type redirectPart int

const (
	redirectScheme redirectPart = iota + 1
	redirectHost
	redirectPort
	redirectPath
	redirectMatched
)

// redirectMismatch is the outcome of comparing a target with one pattern. Its
// text shows scheme, host and port of the target, never its path or query, which
// may carry secrets.
type redirectMismatch struct {
	pattern string
	part    redirectPart
	reason  string
}

func (m redirectMismatch) String() string {
	if m.part == redirectMatched {
		return m.pattern + ": allowed"
	}
	return m.pattern + ": " + m.reason
}

// redirectTarget is a candidate split into the parts a browser would see, scheme
// and host in lower case.
type redirectTarget struct {
	scheme    string
	authority bool // "scheme://…"
	host      string
	port      string // as written, empty when none
	path      string // as written, without query and fragment
}

func parseRedirectTarget(raw string) (redirectTarget, error) {
	if len(raw) > maxRedirectTarget {
		return redirectTarget{}, fmt.Errorf("the URL is longer than %d bytes", maxRedirectTarget)
	}
	if err := checkRedirectCharacters(raw); err != nil {
		return redirectTarget{}, err
	}
	scheme, rest, err := cutRedirectScheme(redirectLocation(raw))
	if err != nil {
		return redirectTarget{}, err
	}
	t := redirectTarget{scheme: scheme, path: rest}
	authority := ""
	if t.authority = strings.HasPrefix(rest, "//"); t.authority {
		authority, _, _ = strings.Cut(rest[2:], "/")
		t.path = rest[2+len(authority):]
		if err := t.readAuthority(lowerASCII(authority)); err != nil {
			return redirectTarget{}, err
		}
	}
	if err := checkRedirectPath(t.path); err != nil {
		return redirectTarget{}, err
	}
	u, err := url.Parse(raw) // a second opinion, and a check of the escapes
	if err != nil || u.User != nil || u.Opaque != "" || u.Host != authority {
		return redirectTarget{}, errors.New("the URL is malformed")
	}
	return t, nil
}

func (t *redirectTarget) readAuthority(authority string) error {
	if strings.Contains(authority, "@") {
		return errUserInfo
	}
	host, port, hasPort := cutRedirectPort(authority)
	if err := checkRedirectHost(host, t.scheme); err != nil {
		return err
	}
	t.host, t.port = host, port
	if hasPort {
		return checkRedirectPort(port)
	}
	return nil
}

// hasOddHost tells whether a browser would read the host as an IP address that is
// not written in dotted-quad form: decimal, octal, hexadecimal or shortened IPv4
// (WHATWG URL, "ends in a number"), and IPv6, which no wildcard covers.
func (t redirectTarget) hasOddHost() bool {
	if strings.HasPrefix(t.host, "[") {
		return true
	}
	if !isWebScheme(t.scheme) {
		return false
	}
	last := t.host[strings.LastIndex(t.host, ".")+1:]
	digits, set := last, "0123456789"
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		digits, set = hex, "0123456789abcdef"
	}
	if strings.Trim(digits, set) != "" {
		return false
	}
	_, err := netip.ParseAddr(t.host)
	return err != nil
}

var errUserInfo = errors.New("user-info (name@host) is not allowed")

// redirectLocation returns what is compared: the URL up to fragment and query.
func redirectLocation(raw string) string {
	raw, _, _ = strings.Cut(raw, "#")
	raw, _, _ = strings.Cut(raw, "?")
	return raw
}

// cutRedirectScheme returns the scheme in lower case and what follows its colon,
// which starts with a slash: "//" for http and https.
func cutRedirectScheme(raw string) (scheme, rest string, err error) {
	scheme, rest, found := strings.Cut(raw, ":")
	if !found || !isScheme(scheme) {
		return "", "", errors.New("it must start with a scheme, such as https:// or myapp://")
	}
	scheme = lowerASCII(scheme)
	switch scheme {
	case "javascript", "data", "vbscript", "file", "blob":
		return "", "", fmt.Errorf("scheme %q is never allowed", scheme)
	}
	if !strings.HasPrefix(rest, "/") || isWebScheme(scheme) && !strings.HasPrefix(rest, "//") {
		return "", "", fmt.Errorf(`scheme %q must be followed by "://"`, scheme)
	}
	return scheme, rest, nil
}

// isScheme checks the syntax of RFC 3986 section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if c >= 'a' && c <= 'z' {
			continue
		}
		if i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i])) {
			return false
		}
	}
	return s != ""
}

func isWebScheme(scheme string) bool { return scheme == "http" || scheme == "https" }

// cutRedirectPort splits an authority at the colon before the port; a colon inside
// the brackets of an IPv6 address is none.
func cutRedirectPort(authority string) (host, port string, found bool) {
	i := strings.LastIndex(authority, ":")
	if i < 0 || isIPv6Literal(authority) {
		return authority, "", false
	}
	return authority[:i], authority[i+1:], true
}

// isIPv6Literal recognises an address in brackets, without a zone.
func isIPv6Literal(host string) bool {
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	addr, err := netip.ParseAddr(inner)
	return opened && closed && err == nil && addr.Is6() && addr.Zone() == ""
}

func checkRedirectCharacters(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("it is not valid UTF-8")
	}
	for _, r := range s {
		if r == ' ' || r == '\\' || !unicode.IsPrint(r) {
			return fmt.Errorf("character %U is not allowed", r)
		}
	}
	return nil
}

func checkRedirectHost(host, scheme string) error {
	if host == "" {
		if isWebScheme(scheme) {
			return errors.New("the host is missing")
		}
		return nil
	}
	if isIPv6Literal(host) {
		return nil
	}
	if len(host) > maxRedirectHost {
		return fmt.Errorf("the host is longer than %d bytes", maxRedirectHost)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return errors.New("the host has an empty label (a dot too many)")
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return errors.New("the host has a character outside a-z, 0-9, '-', '_' (write international names in their xn-- form)")
		}
	}
	return nil
}

func checkRedirectPort(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return errors.New("the port is not a number from 1 to 65535")
	}
	return nil
}

// checkRedirectPath refuses paths whose written form is not what a browser asks
// for or what a server would act on.
func checkRedirectPath(path string) error {
	for range maxRedirectDecodes {
		if err := checkRedirectSegments(path); err != nil {
			return err
		}
		decoded, err := decodeRedirectPath(path)
		if err != nil {
			return err
		}
		if decoded == path {
			return nil
		}
		path = decoded
	}
	return errors.New("the path is percent-encoded too many times")
}

func checkRedirectSegments(path string) error {
	if strings.Contains(path, "//") {
		return errors.New("the path has an empty segment (//)")
	}
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ";") // servers with path parameters drop them first
		if segment == "." || segment == ".." {
			return errors.New("the path has a dot segment")
		}
	}
	return nil
}

// decodeRedirectPath takes one layer of percent-encoding off; a percent sign that
// starts no escape stays.
func decodeRedirectPath(path string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' && i+3 <= len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				c = byte(n)
				i += 2
				if c == '/' || c == '\\' || c < ' ' || c == 0x7f {
					return "", fmt.Errorf("the path has an encoded %q", rune(c))
				}
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// lowerASCII folds A-Z only: folding Unicode could turn a foreign letter into an
// ASCII one.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// withoutUserInfo hides a password that stands in a faulty entry.
func withoutUserInfo(raw string) string {
	before, after, found := strings.Cut(raw, "//")
	at := strings.LastIndex(after, "@")
	if !found || at < 0 {
		return raw
	}
	return before + "//…" + after[at:]
}
