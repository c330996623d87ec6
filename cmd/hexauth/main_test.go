package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun_HelpExplainsEveryCommand(t *testing.T) {
	t.Parallel()
	for arguments, words := range map[string][]string{
		"":                      {"Usage: hexauth", "serve", "migrate", "keys", "config", "version", "docs/configuration.md"},
		"--help":                {"Usage: hexauth", "serve", "migrate", "keys", "config", "version", "127.0.0.1:4000", "./data"},
		"serve --help":          {"Usage: hexauth serve", "127.0.0.1", "./data", "AUTH_DATA_DIR", "AUTH_DATABASE_URL", "AUTH_MIGRATE=false", "SIGTERM", "30"},
		"migrate --help":        {"Usage: hexauth migrate", "up", "status", "hasura-auth"},
		"migrate up --help":     {"Usage: hexauth migrate up", "--dry-run", "statements"},
		"migrate status --help": {"Usage: hexauth migrate status", "Changes nothing"},
		"keys --help":           {"Usage: hexauth keys", "list", "rotate", "Nobody is", "logged out"},
		"keys list --help":      {"Usage: hexauth keys list", "state"},
		"keys rotate --help":    {"Usage: hexauth keys rotate", "--after TIME", "(default 2m0s)", "JWKS", "compromised"},
		"config --help":         {"Usage: hexauth config", "secrets hidden"},
		"version --help":        {"Usage: hexauth version"},
	} {
		out, err := execute(t, nil, strings.Fields(arguments)...)
		require.NoError(t, err, arguments)
		for _, word := range words {
			require.Contains(t, strings.Join(strings.Fields(out), " "), word, "hexauth %s", arguments)
		}
	}
}

func TestRun_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{"launch", "serve --port=1", "serve now", "migrate", "migrate down", "keys", "keys rotate --after=soon", "--version", "version 2"} {
		_, err := execute(t, nil, strings.Fields(arguments)...)
		require.ErrorIs(t, err, errUsage, arguments)
		require.ErrorContains(t, err, "see hexauth --help", arguments)
	}
}

func TestVersion_PrintsOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "hexauth dev\n", mustExecute(t, nil, "version"))
}

func TestConfig_ShowsDevelopmentWithNothingConfigured(t *testing.T) {
	t.Parallel()
	lines := settings(mustExecute(t, []string{"HOME=/root"}, "config"))
	require.Equal(t, "127.0.0.1 development", lines["AUTH_HOST"])
	require.Equal(t, "4000 default", lines["AUTH_PORT"])
	require.Equal(t, "true default", lines["AUTH_DEV_MODE"])
	require.Equal(t, "sqlite://data/hexauth.db development", lines["AUTH_DATABASE_URL"])
	require.Equal(t, "data/encryption.key file", lines["AUTH_ENCRYPTION_KEY"])
}

// settings reads what config prints: value and source by variable.
func settings(out string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(out) {
		if words := strings.Fields(line); len(words) > 1 {
			found[words[0]] = strings.Join(words[1:], " ")
		}
	}
	return found
}

func TestConfig_HidesEverySecretOfProduction(t *testing.T) {
	t.Parallel()
	const password, hmac = "hunter2-in-the-url", "hunter2-signs-everything-for-32-bytes"
	out := mustExecute(t, production("postgres://hexauth:"+password+"@db.example.com/app",
		`HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"`+hmac+`"}`, "AUTH_TYPO=value-of-the-typo", "AUTH_DISABLE_SIGNUP=true"), "config")
	lines := settings(out)
	require.Equal(t, "postgres://hexauth:********@db.example.com/app environment", lines["AUTH_DATABASE_URL"])
	require.Equal(t, "******** environment", lines["AUTH_ENCRYPTION_KEY"])
	require.Equal(t, "******** environment", lines["HASURA_GRAPHQL_JWT_SECRET"])
	require.Equal(t, "true environment", lines["AUTH_DISABLE_SIGNUP"])
	require.Equal(t, "false default", lines["AUTH_DEV_MODE"])
	require.Contains(t, out, "warning: AUTH_TYPO is set and means nothing to this version")
	for _, secret := range []string{password, hmac, keyOne, "value-of-the-typo"} {
		require.NotContains(t, out, secret)
	}
}

func TestConfig_ReportsEveryMistakeAtOnceWhateverTheCommand(t *testing.T) {
	t.Parallel()
	environ := []string{
		"AUTH_DATABASE_URL=mysql://root:hunter2-secret@db/app", "AUTH_PORT=many", "AUTH_SERVER_URL=ftp://auth.example.com", "AUTH_PASSWORD_HASH=md5",
		`HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"hunter2-secret"}`,
	}
	for _, arguments := range []string{"config", "serve", "migrate up", "migrate up --dry-run", "migrate status", "keys list", "keys rotate"} {
		out, err := execute(t, environ, strings.Fields(arguments)...)
		require.Error(t, err)
		for _, name := range []string{
			"AUTH_DATABASE_URL", "AUTH_PORT", "AUTH_SERVER_URL", "AUTH_PASSWORD_HASH", "HASURA_GRAPHQL_JWT_SECRET", "AUTH_ENCRYPTION_KEY",
		} {
			require.ErrorContains(t, err, "\n  "+name+": ", arguments)
		}
		require.NotContains(t, out+err.Error(), "hunter2-secret", arguments)
	}
}

func TestMemoryLimit_HasRoomForThePasswordsThatAreHashedAtOnce(t *testing.T) {
	t.Parallel()
	for processors, mebibytes := range map[int]int64{1: 136, 2: 136, 4: 216, 16: 696} {
		require.Equal(t, mebibytes<<20, memoryLimit(processors), processors)
	}
}
