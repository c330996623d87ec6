package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// binary is pgrun, compiled, because a signal and an exit code need a process.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pgrun")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "pgrun")
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v: %s", err, out))
		}
		return m.Run()
	}())
}

func pgrun(t *testing.T, url string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "TEST_POSTGRES_URL="+url)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func reachable(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// start runs a shell under pgrun that tells the URL and then lives on, and returns that URL.
func start(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url := strings.TrimSpace(line)
	require.True(t, reachable(url))
	return url
}

func TestPgrun_PassesOnTheExitCodeAndRemovesTheCluster(t *testing.T) {
	cmd := pgrun(t, "", "--", "sh", "-c", "echo $TEST_POSTGRES_URL; exit 7")
	out, err := cmd.Output()
	require.Error(t, err)
	require.Equal(t, 7, cmd.ProcessState.ExitCode())
	url := strings.TrimSpace(string(out))
	require.True(t, strings.HasPrefix(url, "postgres://"), url)
	require.False(t, reachable(url))
}

func TestPgrun_LeavesAGivenServerAlone(t *testing.T) {
	cmd := pgrun(t, "postgres://given@192.0.2.1/x", "sh", "-c", "echo $TEST_POSTGRES_URL")
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, "postgres://given@192.0.2.1/x\n", string(out))
}

func TestPgrun_PassesOnSignals(t *testing.T) {
	cmd := pgrun(t, "", "sh", "-c", "trap 'exit 9' TERM; echo $TEST_POSTGRES_URL; while :; do sleep 0.05; done")
	url := start(t, cmd)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, cmd.Wait())
	require.Equal(t, 9, cmd.ProcessState.ExitCode())
	require.False(t, reachable(url))
}

func TestPgrun_TellsOfASignalAsAShellDoes(t *testing.T) {
	cmd := pgrun(t, "postgres://given@192.0.2.1/x", "sh", "-c", "kill -KILL $$")
	require.Error(t, cmd.Run())
	require.Equal(t, 137, cmd.ProcessState.ExitCode())
}

func TestPgrun_ItsClusterDoesNotSurviveIt(t *testing.T) {
	cmd := pgrun(t, "", "sh", "-c", "echo $TEST_POSTGRES_URL; exec sleep 60")
	url := start(t, cmd)
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return !reachable(url) }, 20*time.Second, 50*time.Millisecond)
}

func TestPgrun_ExplainsItselfWithoutACommand(t *testing.T) {
	var stderr bytes.Buffer
	require.Equal(t, 2, run([]string{"--"}, &stderr))
	require.Equal(t, "usage: pgrun [--] COMMAND [ARGUMENT…]\n", stderr.String())
}
