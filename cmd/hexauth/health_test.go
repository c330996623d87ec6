package main

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

// onPort is an environment with the port that a running server has found.
func onPort(t *testing.T, s *server, environ []string) []string {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	return append([]string{"AUTH_PORT=" + port}, environ...) // the first of two counts
}

func TestHealth_TellsWhetherTheServerIsAliveAndReady(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"without a prefix": "", "with a prefix": "/v1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := inFolder(t.TempDir(), "AUTH_API_PREFIX="+prefix)
			s := serve(t, environ)
			environ = onPort(t, s, environ)
			require.Equal(t, "ok\n", mustExecute(t, environ, "health"))
			require.Equal(t, "ok\n", mustExecute(t, environ, "health", "--ready"))
			require.NoError(t, s.end())
			_, err := execute(t, environ, "health")
			require.Error(t, err)
		})
	}
}

func TestHealth_IsAliveButNotReadyWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t)
	environ := production(cluster.URL())
	s := serve(t, environ)
	environ = onPort(t, s, environ)
	require.NoError(t, cluster.Stop())
	require.Equal(t, "ok\n", mustExecute(t, environ, "health"))
	_, err := execute(t, environ, "health", "--ready")
	require.ErrorContains(t, err, "503")
}
