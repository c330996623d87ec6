package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Load reads the variables in environ, completes them with defaults and checks the result. Blanks around a value are
// dropped, and an empty variable counts as unset. The error is always an *Error.
func Load(environ map[string]string) (Config, error) {
	l := &loader{fields: fields(), values: map[string]string{}, given: map[string]string{}, sources: map[string]Source{}}
	l.read(environ)
	l.chooseMode()
	l.parse()
	l.checkLimits()
	l.cfg.Development = l.development
	l.checkValues()
	l.complete()
	if len(l.problems) > 0 {
		return Config{}, &Error{Problems: l.sortedProblems()}
	}
	l.cfg.Ignored = ignored(environ)
	l.cfg.settings = l.settings()
	return l.cfg, nil
}

// FromEnviron makes Load's argument from a list of the form of os.Environ. Of a repeated name the first counts, as for
// os.Getenv.
func FromEnviron(list []string) map[string]string {
	environ := make(map[string]string, len(list))
	for _, entry := range list {
		name, value, ok := strings.Cut(entry, "=")
		if _, repeated := environ[name]; ok && !repeated {
			environ[name] = value
		}
	}
	return environ
}

// loader is the state of one call of Load. Its maps are keyed by the main name of a variable.
type loader struct {
	fields      []field
	values      map[string]string // texts to parse
	given       map[string]string // the name under which a value was given
	sources     map[string]Source
	development bool
	cfg         Config
	problems    []Problem
}

// read takes over what is set, under its main name.
func (l *loader) read(environ map[string]string) {
	for _, f := range l.fields {
		for _, name := range append([]string{f.name}, f.aliases()...) {
			value := strings.TrimSpace(environ[name])
			if value == "" {
				continue
			}
			if first, ok := l.given[f.name]; ok {
				if value != l.values[f.name] {
					l.warn(name, "has no effect because "+first+" is set to something else")
				}
				continue
			}
			l.values[f.name], l.given[f.name], l.sources[f.name] = value, name, FromEnvironment
		}
	}
}

// chooseMode decides between development and production, and fills in what development mode has different defaults for.
func (l *loader) chooseMode() {
	forced, err := strconv.ParseBool(l.values["AUTH_DEV_MODE"])
	l.development = forced
	if err != nil {
		l.development = !l.isSet("AUTH_DATABASE_URL") && !l.isSet("HASURA_GRAPHQL_JWT_SECRET")
	}
	if !l.development {
		return
	}
	for _, f := range l.fields {
		if value := f.Tag.Get("devDefault"); value != "" && !l.isSet(f.name) {
			l.values[f.name], l.sources[f.name] = value, FromDevelopment
		}
	}
}

// complete computes the defaults that depend on other variables. It runs after the checks, so it may rely on them.
func (l *loader) complete() {
	c := &l.cfg
	if !slices.Contains(c.AllowedRoles, c.DefaultRole) {
		c.AllowedRoles = append(c.AllowedRoles, c.DefaultRole)
	}
	if !slices.Contains(c.AllowedLocales, c.DefaultLocale) {
		c.AllowedLocales = append(c.AllowedLocales, c.DefaultLocale)
	}
	if c.ServerURL == "" {
		c.ServerURL = "http://localhost:" + strconv.Itoa(c.Port) + c.APIPrefix
	}
	if c.DatabaseURL == "" && l.development {
		c.DatabaseURL = sqliteScheme + c.inDataDir(databaseFile)
		l.sources["AUTH_DATABASE_URL"] = FromDevelopment
	}
	if c.MigrationsURL == "" {
		c.MigrationsURL = c.DatabaseURL
	}
	if c.EncryptionKey == nil && l.development {
		c.EncryptionKeyFile = c.inDataDir(encryptionKeyFile)
		l.sources["AUTH_ENCRYPTION_KEY"] = FromFile
	}
}

// ignored returns the names that look as if they were meant for this server, but are not read.
func ignored(environ map[string]string) []string {
	known := map[string]bool{}
	for _, v := range Variables() {
		known[v.Name] = true
	}
	var names []string
	for name, value := range environ {
		ours := strings.HasPrefix(name, "AUTH_") || strings.HasPrefix(name, "HASURA_GRAPHQL_")
		if ours && !known[name] && strings.TrimSpace(value) != "" && !hasControl(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (l *loader) isSet(name string) bool { return l.given[name] != "" }

// givenName is the name under which the operator knows the variable, which may be an alias.
func (l *loader) givenName(name string) string { return cmp.Or(l.given[name], name) }

// problem notes a mistake in the variable whose main name is given.
func (l *loader) problem(name, message string) {
	l.problems = append(l.problems, Problem{Variable: l.givenName(name), Message: message})
}

// unsafe notes what production refuses and development merely warns of.
func (l *loader) unsafe(name, message string) {
	if l.development {
		l.warn(l.givenName(name), message)
		return
	}
	l.problem(name, message)
}

// warn notes a sentence for the operator; here name is the one under which the variable was given.
func (l *loader) warn(name, message string) {
	l.cfg.Warnings = append(l.cfg.Warnings, name+": "+message)
}

// hasProblem tells whether the variable's value is unusable, so that further checks would only repeat it.
func (l *loader) hasProblem(name string) bool {
	given := l.givenName(name)
	return slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Variable == given })
}

// sortedProblems puts the problems in the order of the variables, keeping the order within one variable.
func (l *loader) sortedProblems() []Problem {
	order := map[string]int{}
	for i, v := range Variables() {
		order[v.Name] = i
	}
	return slices.SortedStableFunc(slices.Values(l.problems), func(a, b Problem) int {
		return cmp.Compare(order[a.Variable], order[b.Variable])
	})
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }
