package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

// findings are the lines of doctor by their subject: "ok up to date".
func findings(out string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) > 2 && !strings.HasPrefix(line, " ") {
			found[words[1]] = words[0] + " " + strings.Join(words[2:], " ")
		}
	}
	return found
}

func TestDoctor_FindsNothingWrongAfterAStartAndChangesNothingBefore(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir())
	require.Equal(t, "ok is not there yet, the first start makes it", findings(mustExecute(t, environ, "doctor"))["database"])
	require.NoDirExists(t, strings.TrimPrefix(environ[1], "AUTH_DATA_DIR="))
	require.NoError(t, serve(t, environ).end())
	found := findings(mustExecute(t, environ, "doctor"))
	require.Equal(t, "ok up to date", found["schema"])
	require.Equal(t, "ok 1 signing keys, all can be decrypted", found["keys"])
	require.Equal(t, "ok is shown at /dev/mailbox", found["mail"])
	require.Contains(t, found["clock"], "ok this machine and the database differ by ")
}

func TestDoctor_SaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	file := "sqlite://" + filepath.Join(t.TempDir(), "hexauth.db")
	require.NoError(t, serve(t, production(file)).end())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	for name, c := range map[string]struct {
		environ []string
		subject string
		finding string
		remedy  string
	}{
		"configuration": {[]string{"AUTH_PORT=many"}, "configuration", "AUTH_PORT", "correct these variables"},
		"encryption": {
			append([]string{"AUTH_ENCRYPTION_KEY=" + keyTwo}, production(file)...), "keys", "was encrypted with another key or is damaged", "bring the old one back",
		},
		"mail": {
			production(file, "AUTH_SMTP_HOST=127.0.0.1", "AUTH_SMTP_PORT="+strconv.Itoa(port), "AUTH_SMTP_SENDER=a@example.com", "AUTH_SMTP_USER=u", "AUTH_SMTP_PASS=hunter2"),
			"mail", "connection refused", "AUTH_SMTP_PORT",
		},
		"database": {production("postgres://u:hunter2@127.0.0.1:" + strconv.Itoa(port) + "/x"), "database", "can't be reached", "whether the server runs"},
	} {
		out, err := execute(t, c.environ, "doctor")
		require.ErrorIs(t, err, errUnwell, name)
		require.Regexp(t, `(?ms)^WRONG +`+c.subject+` +.*`+c.finding+`.*→ .*`+c.remedy, out, name)
		require.NotContains(t, out, "hunter2")
	}
}

func TestDoctor_WarnsOfWhatLooksOddWithoutFailing(t *testing.T) {
	t.Parallel()
	file := "sqlite://" + filepath.Join(t.TempDir(), "hexauth.db")
	environ := production(file, "AUTH_TYPO=1")
	require.NoError(t, serve(t, environ).end())
	out := mustExecute(t, environ, "doctor")
	for _, part := range []string{"AUTH_TYPO is set and means nothing", "no mail server is configured", "none is allowed: links in mails lead nowhere"} {
		require.Regexp(t, `(?m)^warning .*`+part, out)
	}
}

func TestDoctor_SeesAnOldSchemaAndARoleWithoutRights(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	out, err := execute(t, production(url, "AUTH_MIGRATE=false"), "doctor")
	require.ErrorIs(t, err, errUnwell)
	require.Regexp(t, `(?m)^WRONG +schema +\d+ steps are missing`, out)
	require.Regexp(t, `(?m)^warning +schema +\d+ steps are missing`, mustExecute(t, production(url), "doctor"))
	mustExecute(t, production(url), "migrate", "up")
	found := findings(mustExecute(t, production(url), "doctor"))
	require.Equal(t, "ok up to date", found["schema"])
	require.Equal(t, "ok the role can read and write every table", found["rights"])

	limited := roleWithoutRights(t, url)
	out, err = execute(t, production(limited), "doctor")
	require.ErrorIs(t, err, errUnwell)
	require.Regexp(t, `(?m)^WRONG +rights +.*DELETE on auth\.users`, out)
	require.NotContains(t, out, "SELECT on auth.users")
}

func TestCheckRedirect_SaysWhichRuleAllowsOrWhyNoneDoes(t *testing.T) {
	t.Parallel()
	environ := production("sqlite://"+filepath.Join(os.TempDir(), "never-opened.db"), "AUTH_CLIENT_URL=https://app.example.com",
		"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS=https://*.example.org/welcome,myapp://**")
	for target, want := range map[string]string{
		"https://app.example.com/anything": "https://app.example.com: allowed\n",
		"https://eu.example.org/welcome/x": "https://*.example.org/welcome: allowed\n",
		"myapp://home":                     "myapp://**: allowed\n",
	} {
		out := mustExecute(t, environ, "check-redirect", target)
		require.Contains(t, out, want)
		require.True(t, strings.HasSuffix(out, "\nallowed\n"))
	}
	for target, want := range map[string]string{
		"https://evil.example":                 "add this to AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: https://evil.example\n",
		"http://app.example.com":               `scheme "http" is not "https"`,
		"https://user@app.example.com":         "refused: user-info",
		"javascript:alert(1)":                  "refused: ",
		"https://app.example.com/\x1b[2J/x/..": "refused: character U+001B",
	} {
		out, err := execute(t, environ, "check-redirect", target)
		require.EqualError(t, err, "the URL is not allowed")
		require.Contains(t, out, want)
		require.NotContains(t, out, "\x1b")
	}
	out, _ := execute(t, environ, "check-redirect", "javascript:alert(1)")
	require.NotContains(t, out, "add this to")
	require.NoFileExists(t, filepath.Join(os.TempDir(), "never-opened.db"))
}
