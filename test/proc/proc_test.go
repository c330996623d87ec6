package proc

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuild_LeavesAnUpToDateBinaryAsItIs(t *testing.T) {
	path := Build(t)
	before, err := os.Stat(path)
	require.NoError(t, err)
	again, err := build()
	require.NoError(t, err)
	require.Equal(t, path, again)
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after))
}

func TestServer_StopsOnRequestWithExitCodeZero(t *testing.T) {
	s := Start(t, nil)
	res, err := http.Get(s.URL + "/healthz")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, 0, s.Stop())
	require.NotEmpty(t, s.Log())
	_, err = http.Get(s.URL + "/healthz")
	require.Error(t, err)
}

func TestServer_DiesByKillAndComesBackOnTheSameFiles(t *testing.T) {
	dir := t.TempDir()
	first := StartIn(t, dir, nil)
	first.Kill()
	require.Equal(t, -1, first.Wait())
	require.DirExists(t, filepath.Join(dir, "data"))
	second := StartIn(t, dir, nil)
	require.Equal(t, 0, second.Stop())
}
