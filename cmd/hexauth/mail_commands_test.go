package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMailCommands_HelpExplainsThem(t *testing.T) {
	t.Parallel()
	for arguments, words := range map[string][]string{
		"--help":              {"outbox Look after mails, SMS and events for webhooks that could not be sent", "mail Preview the mails"},
		"outbox --help":       {"Usage: hexauth outbox", "list", "retry", "could not be sent"},
		"outbox list --help":  {"Usage: hexauth outbox list", "--limit N", "(default 100)", "newest N", "given up after a day"},
		"outbox retry --help": {"Usage: hexauth outbox retry [ID]", "Try again what was given up: the one with that ID, or everything when it is missing"},
		"mail --help":         {"Usage: hexauth mail", "preview", "every language"},
		"mail preview --help": {"Usage: hexauth mail preview [DIR]", "HTML and text", "into the folder DIR"},
	} {
		out, err := execute(t, nil, strings.Fields(arguments)...)
		require.NoError(t, err, arguments)
		for _, word := range words {
			require.Contains(t, strings.Join(strings.Fields(out), " "), word, "hexauth %s", arguments)
		}
	}
	for _, arguments := range []string{"outbox", "outbox drop", "outbox retry one two", "outbox list --limit=few", "mail", "mail send", "mail preview a b"} {
		_, err := execute(t, nil, strings.Fields(arguments)...)
		require.ErrorIs(t, err, errUsage, arguments)
	}
}

func TestMailPreview_WritesEveryMailInEveryLanguage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "to", "preview")
	require.Equal(t, "open "+dir+"/index.html\n", mustExecute(t, nil, "mail", "preview", dir))
	index, err := os.ReadFile(filepath.Join(dir, "index.html"))
	require.NoError(t, err)
	for _, locale := range []string{"bg", "cs", "de", "en", "es", "fr"} {
		for _, template := range []string{"email-verify", "email-confirm-change", "password-reset", "signin-otp", "signin-passwordless"} {
			page := locale + "/" + template + ".html"
			require.Contains(t, string(index), page)
			require.FileExists(t, filepath.Join(dir, page))
			require.FileExists(t, filepath.Join(dir, locale, template+".txt"))
		}
		require.FileExists(t, filepath.Join(dir, locale, "signin-passwordless-sms.txt"))
	}
	require.NoDirExists(t, "data", "a preview needs no database")
}

// templates writes one custom template and returns the folder.
func templates(t *testing.T, subject, body string) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "en", "password-reset")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "subject.txt"), []byte(subject), 0o600))
	if body != "" {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "body.html"), []byte(body), 0o600))
	}
	return dir
}

func TestMailPreview_ShowsCustomTemplates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	custom := templates(t, "Reset it, ${displayName}", "<p>Custom for ${email}</p>")
	mustExecute(t, []string{"AUTH_EMAIL_TEMPLATES_PATH=" + custom}, "mail", "preview", dir)
	page, err := os.ReadFile(filepath.Join(dir, "en", "password-reset.html"))
	require.NoError(t, err)
	require.Equal(t, "<p>Custom for jane@example.com</p>", string(page))
}

func TestCustomTemplates_ThatAreBrokenStopEverythingWithTheFilesName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ subject, body, file string }{
		"a placeholder without end": {"Reset", "<p>${link</p>", "body.html"},
		"a body that is missing":    {"Reset", "", "body.html"},
	} {
		custom := templates(t, test.subject, test.body)
		path := filepath.Join(custom, "en", "password-reset", test.file)
		for _, arguments := range [][]string{{"serve"}, {"mail", "preview", t.TempDir()}} {
			out, err := execute(t, inFolder(t.TempDir(), "AUTH_EMAIL_TEMPLATES_PATH="+custom), arguments...)
			require.ErrorContains(t, err, path, "%s: hexauth %s", name, arguments)
			require.NotContains(t, out, "listening")
		}
	}
	missing := filepath.Join(t.TempDir(), "nowhere")
	_, err := execute(t, inFolder(t.TempDir(), "AUTH_EMAIL_TEMPLATES_PATH="+missing), "serve")
	require.ErrorContains(t, err, missing)
}

// outboxOf returns the lines of a list below its head.
func outboxOf(t *testing.T, environ []string, more ...string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(mustExecute(t, environ, append([]string{"outbox", "list"}, more...)...)), "\n")
	require.Equal(t, []string{"ID", "TEMPLATE", "TO", "QUEUED", "ATTEMPTS", "NEXT", "LAST", "ERROR"}, strings.Fields(lines[0]))
	return lines[1:]
}

func TestServe_InProductionWithoutMailServerWarnsAndLetsMailsWait(t *testing.T) {
	t.Parallel()
	environ := production("sqlite://"+t.TempDir()+"/hexauth.db", "AUTH_EMAIL_PASSWORDLESS_ENABLED=true", "AUTH_CLIENT_URL=https://app.example.com")
	require.Contains(t, mustExecute(t, environ, "config"), "warning: AUTH_SMTP_HOST: is not set: mails wait in the outbox")
	s := serve(t, environ)
	require.Contains(t, s.out.String(), "AUTH_SMTP_HOST: is not set: mails wait in the outbox")
	require.Empty(t, outboxOf(t, environ))
	for _, email := range []string{"jane@example.com", "joe@example.com"} {
		status, text := s.send(http.MethodPost, "/signin/passwordless/email", "", `{"email":"`+email+`"}`)
		require.Equal(t, http.StatusOK, status, text)
	}
	require.Eventually(t, func() bool {
		return strings.Count(strings.Join(outboxOf(t, environ), "\n"), "no mail server is configured (AUTH_SMTP_HOST)") == 2
	}, patience, 50*time.Millisecond)
	newest := outboxOf(t, environ, "--limit=1")
	require.Len(t, newest, 1)
	line := regexp.MustCompile(`^([0-9a-f-]{36})  signin-passwordless  joe@example\.com  \S+Z  1  +\S+Z  no mail server is configured \(AUTH_SMTP_HOST\)$`)
	require.Regexp(t, line, newest[0])
	require.NotContains(t, strings.Join(outboxOf(t, environ), "\n")+s.out.String(), "passwordlessEmail:")

	id := line.FindStringSubmatch(newest[0])[1]
	require.Equal(t, "1 to be sent again\n", mustExecute(t, environ, "outbox", "retry", id))
	require.Eventually(t, func() bool {
		return regexp.MustCompile(`joe@example\.com  \S+  2  `).MatchString(outboxOf(t, environ, "--limit=1")[0])
	}, patience, 50*time.Millisecond, "the second attempt begins at once")
	require.Equal(t, "0 to be sent again\n", mustExecute(t, environ, "outbox", "retry"), "none was given up")
	for _, unknown := range []string{"11111111-1111-4111-8111-111111111111", "no-id"} {
		_, err := execute(t, environ, "outbox", "retry", unknown)
		require.EqualError(t, err, "there is no such mail in the outbox", unknown)
	}
}

func TestOutbox_NeedsADatabaseThatIsUpToDate(t *testing.T) {
	t.Parallel()
	environ := production("sqlite://" + t.TempDir() + "/hexauth.db")
	for _, arguments := range []string{"outbox list", "outbox retry"} {
		_, err := execute(t, environ, strings.Fields(arguments)...)
		require.ErrorContains(t, err, "hexauth migrate up", arguments)
	}
	mustExecute(t, environ, "migrate", "up")
	require.Empty(t, outboxOf(t, environ))
}
