package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

func TestImport_TheFileOfTheGuideIsImported(t *testing.T) {
	binary, dir := proc.Build(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "users.jsonl"), []byte(strings.Join(testedIn(t, "docs/import.md", "import"), "")), 0o600))
	for _, arguments := range [][]string{{"migrate", "up"}, {"import", "users.jsonl"}} {
		cmd := exec.Command(binary, arguments...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=/usr/bin"}
		out := output(t, cmd)
		if arguments[0] == "import" {
			require.Regexp(t, `^3 created, 0 were there already, 0 bad, `, out)
		}
	}
}
