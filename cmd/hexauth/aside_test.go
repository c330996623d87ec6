package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aside returns the address of a listener for operators.
func (s *server) aside(variable string) *server {
	s.t.Helper()
	for line := range strings.Lines(s.out.String()) {
		var entry struct{ Msg, Address, Variable string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "listening for operators" && entry.Variable == variable {
			return &server{t: s.t, url: "http://" + entry.Address}
		}
	}
	require.Fail(s.t, "no listener", variable)
	return nil
}

func TestServe_ShowsMetricsAndProfilesOnListenersOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir(), "AUTH_METRICS_ADDR=127.0.0.1:0", "AUTH_PPROF_ADDR=localhost:0"))
	jane := s.signUp("jane@example.com")
	s.refresh(jane.RefreshToken)
	status, text := s.aside("AUTH_METRICS_ADDR").send(http.MethodGet, "/metrics", "", "")
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{
		`hexauth_http_requests_total{error="",operation="signUpEmailPassword",status="200"} 1`, `hexauth_refreshes_total{outcome="rotated"} 1`,
		`hexauth_password_hashes_total 1`, `hexauth_password_hash_wait_seconds_count 1`, `hexauth_outbox_readable 1`,
		`hexauth_database_connections_max{pool="writer"} 1`, `hexauth_database_connections_max{pool="readers"} 4`, `go_goroutines `, `process_cpu_seconds_total `,
	} {
		require.Contains(t, text, "\n"+want)
	}
	status, text = s.aside("AUTH_PPROF_ADDR").send(http.MethodGet, "/debug/pprof/goroutine?debug=1", "", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "goroutine profile")
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		status, _ = s.send(http.MethodGet, path, "", "")
		require.Equal(t, http.StatusNotFound, status, path)
	}
	require.NoError(t, s.end())
}

func TestServe_ShowsNoMetricsUnlessItIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir()))
	require.NotContains(t, s.out.String(), "listening for operators")
}

func TestServe_SaysWhichListenerForOperatorsIsTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir(), "AUTH_METRICS_ADDR=127.0.0.1:0"))
	taken := strings.TrimPrefix(s.aside("AUTH_METRICS_ADDR").url, "http://")
	_, err := execute(t, inFolder(t.TempDir(), "AUTH_PPROF_ADDR=127.0.0.1:0", "AUTH_METRICS_ADDR="+taken), "serve")
	require.ErrorContains(t, err, "AUTH_METRICS_ADDR")
}
