package reliability

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// mailLimit is for mails that a retry brings, whose first pauses are 15 and 30 seconds.
const mailLimit = 90 * time.Second

// waiting counts what the outbox holds.
const waiting = "SELECT count(*) FROM auth.hexauth_outbox"

// tool runs a command of the binary beside the server and returns what it prints.
func tool(t testing.TB, env map[string]string, arguments ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(proc.Build(t), arguments...)
	cmd.Dir = t.TempDir()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func mustTool(t testing.TB, env map[string]string, arguments ...string) string {
	t.Helper()
	text, err := tool(t, env, arguments...)
	require.NoError(t, err, text)
	return text
}

// change runs a statement in which tables have the prefix auth on either kind of database.
func change(t testing.TB, url, statement string) {
	t.Helper()
	path, isFile := strings.CutPrefix(url, "sqlite://")
	if !isFile {
		execute(t, url, statement)
		return
	}
	_, err := openFile(t, path).Exec(strings.ReplaceAll(statement, "auth.", ""))
	require.NoError(t, err)
}

// hurry makes all mails due. Where one server runs nothing can be sent twice for it: a server sends one mail after the other.
func hurry(t testing.TB, url string) {
	t.Helper()
	change(t, url, `UPDATE auth.hexauth_outbox SET next_attempt_at = '2020-01-01T00:00:00.000000Z'`)
}

func (c client) askForLink(email string) (answer, error) {
	return c.post("/signin/passwordless/email", object{"email": email})
}

func (c client) askForCode(email string) (answer, error) {
	return c.post("/signin/otp/email", object{"email": email})
}

func (c client) guess(email, code string) (answer, error) {
	return c.post("/signin/otp/email/verify", object{"email": email, "otp": code})
}

func (c client) askForReset(email string) (answer, error) {
	return c.post("/user/password/reset", object{"email": email})
}

// askForLinks has n mails queued for new addresses, and demands prompt answers.
func askForLinks(t testing.TB, c client, n int) (addresses []string) {
	t.Helper()
	var times []time.Duration
	for range n {
		email := address()
		a := mustStatus(t, http.StatusOK)(c.askForLink(email))
		addresses, times = append(addresses, email), append(times, a.took)
	}
	requirePromptTimes(t, times)
	return addresses
}

func requirePromptTimes(t testing.TB, times []time.Duration) {
	t.Helper()
	slices.Sort(times)
	require.Less(t, times[len(times)*95/100], prompt, "the slowest took %s", times[len(times)-1])
}

// requireDelivered waits until the outbox is empty; then nothing can be sent any more.
func requireDelivered(t testing.TB, s *mailServer, count func(string) int, addresses []string) {
	t.Helper()
	eventually(t, mailLimit, "an empty outbox", func() bool { return count(waiting) == 0 })
	_, accepted := s.letters()
	requireOnce(t, addresses, accepted)
}
