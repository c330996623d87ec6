package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const plainHTTP = "plain http shows tokens to everybody on the way: use https (http is fine for localhost and other loopback hosts)"

// checkURLs checks this server's own address and the app's.
func (l *loader) checkURLs() {
	if raw := l.cfg.ServerURL; raw == "" {
		if !l.development {
			l.warn("AUTH_SERVER_URL", "is not set: tokens and links name http://localhost as this server; give its public address, such as https://auth.example.com/v1")
		}
	} else if u, ok := parsePlainURL(raw); !ok || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" {
		l.problem("AUTH_SERVER_URL", "must be an http or https URL without user, query and fragment, such as https://auth.example.com/v1")
	} else if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.unsafe("AUTH_SERVER_URL", plainHTTP)
	}

	const wanted = "must be the URL of your app without user, wildcard and fragment, such as https://app.example.com or myapp://home"
	if raw := l.cfg.ClientURL; raw == "" {
		l.warn("AUTH_CLIENT_URL", "is not set: redirects have no default target; give the address of your app, such as https://app.example.com")
	} else if u, ok := parsePlainURL(raw); !ok || strings.Contains(raw, "*") || !strings.Contains(raw, "://") || isScriptScheme(u.Scheme) {
		l.problem("AUTH_CLIENT_URL", wanted)
	} else if web := u.Scheme == "http" || u.Scheme == "https"; web && u.Hostname() == "" {
		l.problem("AUTH_CLIENT_URL", wanted)
	} else if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.unsafe("AUTH_CLIENT_URL", plainHTTP)
	}
}

// parsePlainURL parses an absolute URL that has neither user-info nor a fragment.
func parsePlainURL(raw string) (*url.URL, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.User != nil || strings.ContainsAny(raw, "#\\ ") || !isPort(u.Port()) {
		return nil, false
	}
	return u, true
}

// isPort accepts "" and 1 to 65535.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || (err == nil && n > 0)
}

// isScriptScheme tells schemes that run or show what is in the URL instead of going somewhere.
func isScriptScheme(scheme string) bool {
	return slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob", "about"}, strings.ToLower(scheme))
}

// checkRedirects checks the form of the patterns; what they match is the redirect policy's business.
func (l *loader) checkRedirects() {
	const name = "AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS"
	for i, pattern := range l.cfg.AllowedRedirectURLs {
		entry := fmt.Sprintf("entry %d ", i+1)
		if mistake := patternMistake(pattern); mistake != "" {
			l.problem(name, entry+mistake)
			continue
		}
		scheme, authority, _ := cutPattern(pattern)
		if scheme != "http" && scheme != "https" {
			continue
		}
		host, _ := cutPort(authority)
		switch tail := hostTail(host); {
		case tail == "":
			l.unsafe(name, entry+"allows any host, so tokens could be sent to anybody: write the end of the host out, as in https://*.example.com")
		case !strings.Contains(tail, ".") && tail != host && tail != "localhost":
			l.warn(name, entry+"allows every host below a top-level domain")
		case scheme == "http" && !isLoopback(strings.Trim(host, "[]")) && tail != "localhost":
			l.warn(name, entry+"sends tokens over plain http")
		}
	}
}

// patternMistake says what makes a redirect pattern meaningless, or "".
func patternMistake(pattern string) string {
	scheme, authority, ok := cutPattern(pattern)
	host, port := cutPort(authority)
	web := scheme == "http" || scheme == "https"
	switch {
	case !ok:
		return "must start with a scheme, such as https:// or myapp://"
	case !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`).MatchString(scheme):
		return "must start with a scheme that is written out, such as https:// or myapp://, without wildcards"
	case isScriptScheme(scheme):
		return "must not have a scheme that runs scripts or shows data"
	case hasControl(pattern) || strings.Contains(pattern, " "):
		return "must not contain blanks or control characters"
	case strings.Contains(pattern, "#"):
		return "must not have a fragment: what follows # is never compared"
	case strings.Contains(authority, "@"):
		return "must not have a user before the host: such targets are always refused"
	case !balanced(pattern):
		return "has brackets or braces that do not match; a comma always separates entries"
	case web && host == "":
		return "must have a host, such as https://app.example.com"
	case web && !isPort(strings.ReplaceAll(port, "*", "1")):
		return "must have a port from 1 to 65535, or none"
	}
	return ""
}

// cutPattern returns the lower-cased scheme of a pattern and what stands between it and the path. A ? is a wildcard there,
// not the start of a query.
func cutPattern(pattern string) (scheme, authority string, ok bool) {
	scheme, rest, ok := strings.Cut(pattern, "://")
	authority, _, _ = strings.Cut(rest, "/")
	return strings.ToLower(scheme), authority, ok
}

// cutPort splits host and port; an IPv6 address keeps its brackets.
func cutPort(authority string) (host, port string) {
	i := strings.LastIndexByte(authority, ':')
	if i < strings.LastIndexByte(authority, ']') || i < 0 {
		return authority, ""
	}
	return authority[:i], authority[i+1:]
}

// hostTail returns the labels at the end of a host pattern that hold no wildcard: example.com for *.example.com.
func hostTail(host string) string {
	labels := strings.Split(host, ".")
	first := len(labels)
	for first > 0 && !strings.ContainsAny(labels[first-1], "*?") {
		first--
	}
	return strings.Join(labels[first:], ".")
}

// balanced tells whether brackets and braces close in the order in which they open; \ escapes the next character.
func balanced(pattern string) bool {
	var open []rune
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '[':
			open = append(open, ']')
		case r == '{':
			open = append(open, '}')
		case r == ']' || r == '}':
			if len(open) == 0 || open[len(open)-1] != r {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0 && !escaped
}
