package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad_AcceptsServerURLs(t *testing.T) {
	for _, value := range []string{
		"https://auth.example.com", "https://auth.example.com:8443/v1/", "http://localhost:4000", "http://app.localhost", "http://127.0.0.2:1",
		"http://[::1]:4000/v1", "HTTPS://auth.example.com",
	} {
		require.Equal(t, value, load(t, production(map[string]string{"AUTH_SERVER_URL": value})).ServerURL)
	}
}

func TestLoad_RefusesServerURLs(t *testing.T) {
	for _, value := range []string{
		"auth.example.com", "/v1", "https://", "https://user:pw@auth.example.com", "https://auth.example.com/#x", "https://auth.example.com/?x=1",
		"ftp://auth.example.com", "https://auth.example.com:0", "https://auth.example.com:70000", "https://a b", "https://auth.example.com\\x", "://",
	} {
		require.Equal(t, []string{"AUTH_SERVER_URL"}, names(problems(t, production(map[string]string{"AUTH_SERVER_URL": value}))), value)
	}
}

func TestLoad_AcceptsClientURLs(t *testing.T) {
	for _, value := range []string{"https://app.example.com/?x=1", "http://localhost:3000", "myapp://", "com.example.app://home", "http://[::1]"} {
		require.Equal(t, value, load(t, production(map[string]string{"AUTH_CLIENT_URL": value})).ClientURL)
	}
}

func TestLoad_RefusesClientURLs(t *testing.T) {
	for _, value := range []string{
		"app.example.com", "https://*.example.com", "https:///x", "https://u@app.example.com", "javascript://x", "data:text/html,x", "myapp:home",
		"https://app.example.com#top", "https://app.example.com:x",
	} {
		require.Equal(t, []string{"AUTH_CLIENT_URL"}, names(problems(t, production(map[string]string{"AUTH_CLIENT_URL": value}))), value)
	}
}

func TestLoad_AcceptsDatabaseURLs(t *testing.T) {
	for _, value := range []string{
		"postgres://localhost", "postgresql://u:p%40%2F@h:5432/db?sslmode=disable", "postgres://u:p@h1:5432,h2:5433/db?target_session_attrs=read-write",
		"postgres:///db?host=/run/postgresql", "postgres://u@[::1]:5432/db", "sqlite://x.db", "sqlite:///var/lib/x.db",
	} {
		require.Equal(t, value, load(t, production(map[string]string{"AUTH_DATABASE_URL": value})).DatabaseURL)
	}
}

func TestLoad_RefusesDatabaseURLs(t *testing.T) {
	for _, value := range []string{
		"postgres://", "postgres", "host=localhost user=x", "mysql://h/db", "POSTGRES://h/db", "postgres://u:p/w@h/db", "postgres://u:12/w@h/db",
		"postgres://u:12?w@h/db", "postgres://u:12#w@h/db", "postgres://u:12#w", "postgres://u:p%w@h/db", "postgres://h:0/db", "postgres://h1:x,h2/db", "postgres://h 1/db",
		"postgres://h/db?a=%zz", "postgres://h/db?a;b", "sqlite://", "sqlite:x.db", "sqlite://x.db?mode=memory", "sqlite://x\x01.db",
	} {
		require.Equal(t, []string{"AUTH_DATABASE_URL"}, names(problems(t, production(map[string]string{"AUTH_DATABASE_URL": value}))), value)
	}
}

func TestLoad_MigrationsNeedThePostgreSQLDatabase(t *testing.T) {
	const name = "POSTGRES_MIGRATIONS_CONNECTION"
	require.Equal(t, "postgres://owner@h/db", load(t, production(map[string]string{name: "postgres://owner@h/db"})).MigrationsURL)
	for _, value := range []string{"sqlite://x.db", "owner@h", "postgres://h:x"} {
		require.Equal(t, []string{name}, names(problems(t, production(map[string]string{name: value}))), value)
	}
	require.Equal(t, []string{name}, names(problems(t, production(map[string]string{name: postgresURL, "AUTH_DATABASE_URL": "sqlite://x.db"}))))
	require.Equal(t, []string{name}, names(problems(t, map[string]string{name: postgresURL})))
}

func TestLoad_AcceptsRedirectPatterns(t *testing.T) {
	for _, value := range []string{
		"https://app.example.com", "https://*.example.com/**", "https://*-acme.vercel.app", "https://app?.example.com", "https://[a-z].example.com", "https://{a}.example.com", `https://a.example.com/\[x`,
		"http://localhost:*", "http://*.localhost:3000", "http://127.0.0.1:3000", "myapp://", "com.example.app://**", "https://intranet", "https://app.example.com:8443",
	} {
		c := load(t, production(map[string]string{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS": value}))
		require.Equal(t, []string{value}, c.AllowedRedirectURLs)
		require.Empty(t, c.Warnings, value)
	}
}

func TestLoad_RefusesRedirectPatternsByNumber(t *testing.T) {
	for value, want := range map[string]string{
		"**":                         "must start with a scheme, such as https:// or myapp://",
		"app.example.com":            "must start with a scheme, such as https:// or myapp://",
		"*://app.example.com":        "must start with a scheme that is written out, such as https:// or myapp://, without wildcards",
		"http*://app.example.com":    "must start with a scheme that is written out, such as https:// or myapp://, without wildcards",
		"JavaScript://x":             "must not have a scheme that runs scripts or shows data",
		"https://app.exa mple.com":   "must not contain blanks or control characters",
		"https://app.example.com/#x": "must not have a fragment: what follows # is never compared",
		"https://u@app.example.com":  "must not have a user before the host: such targets are always refused",
		"https://[a.example.com":     "has brackets or braces that do not match; a comma always separates entries",
		"https://a}.example.com":     "has brackets or braces that do not match; a comma always separates entries",
		`https://a.example.com\`:     "has brackets or braces that do not match; a comma always separates entries",
		"https:///x":                 "must have a host, such as https://app.example.com",
		"https://a.example.com:0":    "must have a port from 1 to 65535, or none",
		"https://a.example.com:x":    "must have a port from 1 to 65535, or none",
	} {
		for _, mode := range []string{"true", "false"} {
			got := problems(t, production(map[string]string{
				"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS": "https://ok.example.com," + value, "AUTH_DEV_MODE": mode,
			}))
			require.Len(t, got, 1, value)
			require.Equal(t, "AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", got[0].Variable)
			require.Equal(t, "entry 2 "+want, got[0].Message, value)
		}
	}
}
