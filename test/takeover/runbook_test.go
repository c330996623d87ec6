package takeover

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// queries returns the statements of the runbook's blocks that are marked with name.
func queries(t testing.TB, name string) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/takeover.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?ms)^ *<!-- tested: " + name + " -->\n *```sql\n(.*?)^ *```$")
	for _, match := range block.FindAllStringSubmatch(string(text), -1) {
		for statement := range strings.SplitSeq(match[1], ";\n") {
			if strings.TrimSpace(statement) != "" {
				list = append(list, statement)
			}
		}
	}
	require.NotEmpty(t, list)
	return list
}

func TestRunbook_ItsQueriesSayWhetherTheTakeoverIsComplete(t *testing.T) {
	for _, e := range eras() {
		w := newWorld(t, e)
		for _, r := range remnants() {
			if r.since <= e.version {
				r.leave(w)
			}
		}
		count := queries(t, "takeover-count")
		require.Len(t, count, 1)
		before := w.peer.get(count[0])
		s := w.start(t)
		require.Eventually(t, func() bool { return w.peer.get(queries(t, "takeover-check")[1])[0] == "0" }, waitLimit, waitStep)
		require.Equal(t, before, w.peer.get(count[0]))
		var answers [][]string
		for _, query := range queries(t, "takeover-check") {
			if strings.HasPrefix(query, "SELECT") {
				answers = append(answers, w.peer.get(query))
			} else {
				w.peer.exec(query)
			}
		}
		require.Equal(t, [][]string{{"22", "false"}, {"0"}, {"0"}, {"0"}}, answers)
		back := queries(t, "takeover-back")[0]
		require.Equal(t, []string{"0"}, w.peer.get(back))
		s.signIn("ada@example.com").session()
		require.Equal(t, []string{"1"}, w.peer.get(back), "one is hashed anew")
		require.Equal(t, 0, s.proc.Stop())
	}
}
