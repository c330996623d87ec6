package config

import (
	"net/url"
	"strings"
)

const (
	databaseURLName  = "AUTH_DATABASE_URL"
	migrationURLName = "POSTGRES_MIGRATIONS_CONNECTION"
)

// checkDatabase checks the form of the database URLs, and that they fit one another.
func (l *loader) checkDatabase() {
	database, migrations := l.cfg.DatabaseURL, l.cfg.MigrationsURL
	switch mistake := databaseMistake(database); {
	case database == "" && !l.development:
		l.problem(databaseURLName, "is required: give a database such as postgres://user:password@host:5432/database, "+
			"or sqlite:///var/lib/hexauth/hexauth.db on a single machine, or set AUTH_DEV_MODE=true to try things out")
	case database == "":
	case mistake != "":
		l.problem(databaseURLName, mistake)
	case isInMemory(database):
		l.unsafe(databaseURLName, "keeps every user in memory, and loses them when the server stops: name a file")
	}
	if migrations == "" || l.hasProblem(databaseURLName) {
		return
	}
	if strings.HasPrefix(migrations, sqliteScheme) {
		l.problem(migrationURLName, "must be a postgres:// URL; SQLite needs no second one")
	} else if mistake := databaseMistake(migrations); mistake != "" {
		l.problem(migrationURLName, mistake)
	} else if strings.HasPrefix(database, sqliteScheme) || database == "" {
		l.problem(migrationURLName, "needs "+databaseURLName+" to be a postgres:// URL of the same database")
	}
}

func isInMemory(database string) bool {
	path, ok := strings.CutPrefix(database, sqliteScheme)
	return ok && strings.Contains(path, ":memory:")
}

// databaseMistake says what is wrong with the form of a database URL, or "". It never repeats any of it.
func databaseMistake(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	switch {
	case hasControl(raw):
		return "must not contain control characters"
	case scheme == "sqlite" && rest == "":
		return "must name a file, as in sqlite:///var/lib/hexauth/hexauth.db"
	case scheme == "sqlite" && strings.ContainsAny(rest, "?#"):
		return "must name a file without parameters, as in sqlite:///var/lib/hexauth/hexauth.db"
	case scheme == "sqlite":
		return ""
	case scheme == "postgres" || scheme == "postgresql":
		return postgresMistake(rest)
	}
	return "must be a URL such as postgres://user:password@host:5432/database or sqlite:///var/lib/hexauth/hexauth.db"
}

// postgresMistake checks what follows postgres://. A /, ?, # or @ of a password that is not percent-encoded ends the part
// before the host too early, which would show the password as host or database name: every such form is refused.
func postgresMistake(rest string) string {
	const wanted = "must have the form postgres://user:password@host:5432/database, with special characters of the password percent-encoded"
	authority, tail := cutAuthority(rest)
	if strings.ContainsAny(tail, "@#") {
		return wanted
	}
	at := strings.LastIndexByte(authority, '@')
	for host := range strings.SplitSeq(authority[at+1:], ",") { // PostgreSQL clients accept several hosts
		u, err := url.Parse("postgres://" + authority[:at+1] + host + tail)
		if err != nil || !isPort(u.Port()) {
			return wanted
		}
	}
	_, query, _ := strings.Cut(tail, "?")
	if _, err := url.ParseQuery(query); err != nil || rest == "" {
		return wanted
	}
	return ""
}
