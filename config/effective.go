package config

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Source says where a value comes from.
type Source string

// The sources of a value.
const (
	FromDefault     Source = "default"
	FromEnvironment Source = "environment"
	FromFile        Source = "file"        // kept in a file of the data directory; the value is its path
	FromDevelopment Source = "development" // a default of development mode only
)

// hidden stands for a secret.
const hidden = "********"

// Setting is one variable with the value in force, ready to be shown: secrets are replaced by ********.
type Setting struct {
	Name   string // the name under which it was given, which may be an alias
	Value  string // "" where there is none
	Source Source
}

func (l *loader) settings() []Setting {
	list := make([]Setting, 0, len(l.fields))
	for _, f := range l.fields {
		if f.prefix != "" && !l.mentions(f.prefix) {
			continue // a provider that nobody has said anything about
		}
		s := Setting{
			Name:   l.givenName(f.name),
			Value:  f.show(reflect.ValueOf(l.cfg).FieldByIndex(f.Index)),
			Source: cmp.Or(l.sources[f.name], FromDefault),
		}
		if s.Source == FromFile {
			s.Value = l.cfg.EncryptionKeyFile
		}
		list = append(list, s)
	}
	return list
}

// mentions tells whether a variable is set whose name begins with prefix.
func (l *loader) mentions(prefix string) bool {
	for name := range l.given {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// show writes a value as one would write it into the environment, with what is secret hidden.
func (f field) show(value reflect.Value) string {
	if f.Tag.Get("secret") == "true" {
		if value.IsZero() {
			return ""
		}
		return hidden
	}
	switch v := value.Interface().(type) {
	case string:
		if f.secret() {
			return hidePassword(v)
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []string:
		return strings.Join(v, ",")
	case time.Duration:
		if f.unit() == "seconds" {
			return strconv.FormatInt(int64(v/time.Second), 10)
		}
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	return strconv.FormatInt(value.Int(), 10)
}

// hidePassword hides the passwords in a URL that databaseMistake accepted: the one before the host, and those libpq takes
// from the query.
func hidePassword(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || scheme+"://" == sqliteScheme {
		return raw
	}
	authority, tail := cutAuthority(rest)
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if user, _, found := strings.Cut(authority[:at], ":"); found {
			authority = user + ":" + hidden + authority[at:]
		}
	}
	path, query, found := strings.Cut(tail, "?")
	if !found {
		return scheme + "://" + authority + path
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		key, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); err != nil || strings.Contains(strings.ToLower(name), "password") {
			pairs[i] = key + "=" + hidden
		}
	}
	return scheme + "://" + authority + path + "?" + strings.Join(pairs, "&")
}

// cutAuthority splits what follows scheme:// into user, host and port on one side, path and query on the other.
func cutAuthority(rest string) (authority, tail string) {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i], rest[i:]
	}
	return rest, ""
}
