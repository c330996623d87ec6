package main

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// typed runs one command with something on its standard input.
func typed(t testing.TB, environ []string, stdin string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out := &output{}
	err := runWith(ctx, args, environ, strings.NewReader(stdin), out)
	return out.String(), err
}

func mustTyped(t testing.TB, environ []string, stdin string, args ...string) string {
	t.Helper()
	out, err := typed(t, environ, stdin, args...)
	require.NoError(t, err, out)
	return out
}

// migrated is the environment of development mode with a database that is up to date.
func migrated(t testing.TB, more ...string) []string {
	t.Helper()
	environ := inFolder(t.TempDir(), more...)
	mustExecute(t, environ, "migrate", "up")
	return environ
}

func read[T any](t testing.TB, out string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(out), &value), out)
	return value
}

func TestUserCommands_HelpExplainsThem(t *testing.T) {
	t.Parallel()
	for arguments, words := range map[string][]string{
		"user --help": {"Usage: hexauth user", "create", "list", "show", "disable", "enable", "delete", "set-password", "set-roles", "sessions", "revoke", "export"},
		"user create --help": {
			"Usage: hexauth user create --email ADDRESS", "--password-stdin", "--role ROLE", "--verified", "repeat it for more", "ask for the password",
		},
		"user list --help":         {"--search TEXT", "--limit N", "(default 50)", "--cursor CURSOR", "--json"},
		"user show --help":         {"Usage: hexauth user show USER", "id or the e-mail address", "--json"},
		"user disable --help":      {"all sessions at once"},
		"user enable --help":       {"sign in again"},
		"user delete --help":       {"for good", "--yes", "do not ask"},
		"user set-password --help": {"--password-stdin", "end all sessions"},
		"user set-roles --help":    {"USER ROLE...", "next refresh"},
		"user sessions --help":     {"--json"},
		"user revoke --help":       {"--session ID", "--tokens", "personal access tokens", "--yes"},
		"user export --help":       {"JSON", "without secrets"},
	} {
		out, err := execute(t, nil, strings.Fields(arguments)...)
		require.NoError(t, err, arguments)
		for _, word := range words {
			require.Contains(t, strings.Join(strings.Fields(out), " "), word, "hexauth %s", arguments)
		}
	}
	for _, arguments := range []string{
		"user", "user create", "user show", "user delete", "user set-roles jane@example.com", "user set-password jane@example.com secret",
		"user create --email=jane@example.com --password=secret", "user create --email=jane@example.com --password-stdin --ask-password",
	} {
		_, err := execute(t, nil, strings.Fields(arguments)...)
		require.ErrorIs(t, err, errUsage, arguments)
	}
}

func TestUser_IsCreatedSignsInAndIsAdministered(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	s := serve(t, environ)
	created := read[api.AdminUser](t, mustTyped(t, environ, "violet-otter-41\n",
		"user", "create", "--email=Jane@example.com", "--password-stdin", "--role=editor", "--role=user", "--verified", "--name=Jane Doe", "--json"))
	require.Equal(t, []string{"editor", "user"}, created.Roles)
	require.Equal(t, "user", created.DefaultRole)
	require.True(t, created.EmailVerified)
	require.True(t, created.HasPassword)
	const credentials = `{"email":"jane@example.com","password":"violet-otter-41"}`
	var payload struct{ Session session }
	s.call(http.MethodPost, "/signin/email-password", "", credentials, &payload)
	require.Equal(t, created.ID, payload.Session.User.ID)

	require.Contains(t, mustExecute(t, environ, "user", "show", created.ID), "Jane Doe")
	require.NotContains(t, mustExecute(t, environ, "user", "show", created.ID), "second factor")
	require.Regexp(t, `(?m)^`+created.ID+`  active  Jane@example.com +Jane Doe +user,editor  20`, mustExecute(t, environ, "user", "list"))
	require.Equal(t, "sessions", strings.Fields(mustExecute(t, environ, "user", "sessions", "jane@example.com", "--json"))[1][1:9])
	require.Equal(t, 2, strings.Count(mustExecute(t, environ, "user", "sessions", "jane@example.com"), "\n"))

	require.Equal(t, "user "+created.ID+" is disabled, all sessions are over\n", mustExecute(t, environ, "user", "disable", "JANE@example.com"))
	status, _ := s.send(http.MethodPost, "/token", "", `{"refreshToken":"`+payload.Session.RefreshToken+`"}`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, mustExecute(t, environ, "user", "list"), "disabled")
	require.Equal(t, "user "+created.ID+" is enabled\n", mustExecute(t, environ, "user", "enable", created.ID))
	s.call(http.MethodPost, "/signin/email-password", "", credentials, &payload)

	require.Equal(t, "all sessions are over\n", mustExecute(t, environ, "user", "revoke", created.ID))
	status, _ = s.send(http.MethodPost, "/token", "", `{"refreshToken":"`+payload.Session.RefreshToken+`"}`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "the password is set, all sessions are over\n", mustTyped(t, environ, "amber-falcon-52", "user", "set-password", created.ID, "--password-stdin"))
	status, _ = s.send(http.MethodPost, "/signin/email-password", "", credentials)
	require.Equal(t, http.StatusUnauthorized, status)
	s.call(http.MethodPost, "/signin/email-password", "", `{"email":"jane@example.com","password":"amber-falcon-52"}`, &payload)

	after := read[api.AdminUser](t, mustExecute(t, environ, "user", "set-roles", created.ID, "reviewer", "editor", "--default-role=editor", "--json"))
	require.Equal(t, []string{"editor", "reviewer"}, after.Roles)
	require.Equal(t, "editor", after.DefaultRole)
	export := read[api.AdminExport](t, mustExecute(t, environ, "user", "export", created.ID))
	require.Equal(t, "Jane@example.com", export.User.Email)
	require.Len(t, export.Sessions, 1)

	require.Equal(t, "user "+created.ID+" is deleted\n", mustExecute(t, environ, "user", "delete", created.ID, "--yes"))
	_, err := execute(t, environ, "user", "show", created.ID)
	require.EqualError(t, err, "there is no such user or session")
}

func TestUser_WithoutATerminalNothingIsDestroyedUnasked(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	mustExecute(t, environ, "user", "create", "--email=jane@example.com")
	for _, stdin := range []string{"", "y\n", "yes\n"} {
		_, err := typed(t, environ, stdin, "user", "delete", "jane@example.com")
		require.ErrorIs(t, err, errNoTerminal)
		require.ErrorContains(t, err, "jane@example.com")
		require.ErrorContains(t, err, "--yes")
		_, err = typed(t, environ, stdin, "user", "revoke", "jane@example.com", "--tokens")
		require.ErrorIs(t, err, errNoTerminal)
		_, err = typed(t, environ, stdin, "user", "set-password", "jane@example.com")
		require.ErrorContains(t, err, "--password-stdin")
	}
	mustExecute(t, environ, "user", "show", "jane@example.com")
	mustExecute(t, environ, "user", "revoke", "jane@example.com", "--tokens", "--yes")
}

func TestUser_MistakesAreExplainedWithoutTheirValues(t *testing.T) {
	t.Parallel()
	environ := migrated(t, "AUTH_PASSWORD_MIN_LENGTH=9")
	mustExecute(t, environ, "user", "create", "--email=jane@example.com")
	for arguments, want := range map[string]string{
		"user create --email=JANE@example.com":                    "the address belongs to another user",
		"user create --email=nobody":                              "--email must be an e-mail address such as jane@example.com",
		"user create --email=joe@example.com --locale=english":    "--locale must be two or three lower-case letters such as en",
		"user create --email=joe@example.com --default-role=none": "the default role must be one of the roles",
		"user create --email=joe@example.com --password-stdin":    "the password is too short (AUTH_PASSWORD_MIN_LENGTH)",
		"user set-password jane@example.com --password-stdin":     "the password is too short (AUTH_PASSWORD_MIN_LENGTH)",
		"user show nobody":                         "USER must be the id or the e-mail address of a user",
		"user show nobody@example.com":             "there is no such user or session",
		"user list --limit=0":                      "",
		"user list --limit=500":                    "limit must be a number from 1 to 200",
		"user list --cursor=x":                     "cursor is not one that this list gave",
		"user revoke jane@example.com --session=x": "--session takes the id of a session, and goes without --tokens",
	} {
		out, err := typed(t, environ, "tiny", strings.Fields(arguments)...)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, want, arguments)
		require.NotContains(t, out, "tiny")
	}
	for stdin, want := range map[string]string{"": "on one line", "one\ntwo\n": "on one line", strings.Repeat("x", 5000): "on one line"} {
		_, err := typed(t, environ, stdin, "user", "set-password", "jane@example.com", "--password-stdin")
		require.ErrorContains(t, err, want)
	}
}

func TestUser_AListGoesOnFromWhereItEnded(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	for _, name := range []string{"ann", "ben", "cid"} {
		mustExecute(t, environ, "user", "create", "--email="+name+"@example.com")
	}
	first := mustExecute(t, environ, "user", "list", "--limit=2")
	require.Contains(t, first, "cid@example.com")
	require.NotContains(t, first, "ann@example.com")
	_, cursor, found := strings.Cut(strings.TrimSpace(first), "more: ")
	require.True(t, found)
	second := mustExecute(t, environ, "user", "list", "--limit=2", cursor)
	require.Contains(t, second, "ann@example.com")
	require.NotContains(t, second, "more:")
	require.NotContains(t, second, "ben@example.com")
	page := read[api.AdminListUsersResponse](t, mustExecute(t, environ, "user", "list", "--search=BE", "--json"))
	require.Len(t, page.Users, 1)
}

func TestUser_NeedsADatabaseThatIsUpToDate(t *testing.T) {
	t.Parallel()
	_, err := execute(t, production("sqlite://"+filepath.Join(t.TempDir(), "hexauth.db")), "user", "list")
	require.ErrorContains(t, err, "hexauth migrate up")
}

func TestServe_TakesTheAdminSecret(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-of-at-least-32-characters!"
	s := serve(t, production("sqlite://"+filepath.Join(t.TempDir(), "hexauth.db"), "AUTH_ADMIN_SECRET="+secret))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/admin/users", nil)
	require.NoError(t, err)
	for presented, want := range map[string]int{"": http.StatusUnauthorized, secret + "x": http.StatusUnauthorized, secret: http.StatusOK} {
		request.Header.Set("X-Hasura-Admin-Secret", presented)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode)
	}
}
