package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSkewed_KnowsTheFormOfGosClock(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go"))
	require.NoError(t, err)
	text, err := skewed(string(source))
	require.NoError(t, err)
	require.Contains(t, text, "runtimeNow()\n\tsec += soakSeconds\n")
}

func TestSkewed_SaysWhenGosClockHasAnotherForm(t *testing.T) {
	_, err := skewed("package time\n\nimport (\n)\n\nfunc Now() Time { return another() }\n")
	require.ErrorContains(t, err, "test/soak/clock.go")
}
