package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad_SendsTracesAndMetricsWhereOpenTelemetrysVariablesSay(t *testing.T) {
	for _, row := range []struct {
		environ         map[string]string
		traces, metrics string
	}{
		{nil, "", ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces", "http://c:4318/v1/metrics"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/x", "OTEL_METRICS_EXPORTER": "none"}, "http://c:4318/x/v1/traces", ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/x"}, "http://c:4318/x", ""},
		{map[string]string{"OTEL_METRICS_EXPORTER": "otlp"}, "", "http://localhost:4318/v1/metrics"},
		{map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "", ""},
	} {
		c := load(t, production(row.environ))
		require.Equal(t, row.traces, c.Traces(), row.environ)
		require.Equal(t, row.metrics, c.Metrics(), row.environ)
	}
}

func TestLoad_RefusesWhatOpenTelemetryCouldNotUse(t *testing.T) {
	for name, bad := range map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": {"collector:4318", "grpc://collector:4317", "http://"},
		"OTEL_EXPORTER_OTLP_PROTOCOL": {"grpc"}, "OTEL_TRACES_EXPORTER": {"zipkin"}, "OTEL_METRICS_EXPORTER": {"prometheus"}, "OTEL_TRACES_SAMPLER": {"sometimes"}, "OTEL_TRACES_SAMPLER_ARG": {"2"},
		"OTEL_EXPORTER_OTLP_HEADERS": {"hunter2", "a=hunter2,b", "=hunter2", "a=%zzhunter2"}, "OTEL_RESOURCE_ATTRIBUTES": {"x"},
	} {
		for _, value := range bad {
			got := problems(t, production(map[string]string{name: value}))
			require.Equal(t, []string{name}, names(got), value)
			require.NotContains(t, got[0].Message, "hunter2")
		}
	}
}
