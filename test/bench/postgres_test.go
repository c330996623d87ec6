package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCPUOf_SeesWhatAProcessTakes(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	require.NoError(t, err)
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
	}
	after, err := cpuOf(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, after, before)
}

func TestCPUOf_CountsNothingForAProcessThatHasEnded(t *testing.T) {
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	taken, err := cpuOf(gone.Process.Pid)
	require.NoError(t, err)
	require.Zero(t, taken)
}

// The test is the parent here that the postmaster is there.
func TestPostgres_CountsChildrenThatRunAndThoseThatHaveEnded(t *testing.T) {
	p := &postgres{postmaster: os.Getpid()}
	before, err := p.cpu()
	require.NoError(t, err)
	const work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
	running := exec.Command("sh", "-c", work+"; cat")
	input, err := running.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, running.Start())
	require.Eventually(t, func() bool {
		own, err := cpuOf(os.Getpid())
		require.NoError(t, err)
		children, err := p.children()
		require.NoError(t, err)
		require.Contains(t, children, running.Process.Pid)
		total, err := p.cpu()
		require.NoError(t, err)
		return total-own >= 20*time.Millisecond
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, input.Close())
	require.NoError(t, running.Wait())
	after, err := p.cpu()
	require.NoError(t, err)
	require.GreaterOrEqual(t, after-before, 20*time.Millisecond)
}

func TestPostgres_OfAnotherMachineIsNotMeasured(t *testing.T) {
	var elsewhere *postgres
	taken, err := elsewhere.cpu()
	require.NoError(t, err)
	require.Zero(t, taken)
}
