package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad_ListenersForOperatorsNeedAnAddressAndAPort(t *testing.T) {
	for _, name := range []string{"AUTH_METRICS_ADDR", "AUTH_PPROF_ADDR"} {
		for _, bad := range []string{"9464", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "http://127.0.0.1:9464"} {
			require.Equal(t, []string{name}, names(problems(t, production(map[string]string{name: bad}))), bad)
		}
	}
	c := load(t, production(map[string]string{"AUTH_METRICS_ADDR": ":9464", "AUTH_PPROF_ADDR": "[::1]:6060"}))
	require.Equal(t, ":9464", c.MetricsAddr)
	require.Equal(t, "[::1]:6060", c.PprofAddr)
}

func TestLoad_ProductionShowsProfilesToNoOtherMachine(t *testing.T) {
	for _, addr := range []string{":6060", "0.0.0.0:6060", "10.0.0.1:6060", "db.example.com:6060"} {
		require.Equal(t, []string{"AUTH_PPROF_ADDR"}, names(problems(t, production(map[string]string{"AUTH_PPROF_ADDR": addr}))), addr)
		require.Len(t, load(t, map[string]string{"AUTH_PPROF_ADDR": addr}).Warnings, 1)
	}
}
