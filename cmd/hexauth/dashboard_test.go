package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/hexauth/hexauth/config"
)

// exported returns the labels of every metric that a server with everything switched on can show, by name.
func exported(t *testing.T) map[string][]string {
	cfg, err := config.Load(config.FromEnviron(inFolder(t.TempDir(), "AUTH_RATE_LIMIT_ENABLE=true", "AUTH_RATE_LIMIT_REDIS_URL=redis://127.0.0.1:1")))
	require.NoError(t, err)
	app, err := prepare(t.Context(), cfg, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(app.store.Close)
	descriptions := make(chan *prometheus.Desc)
	go func() {
		app.meter.Gatherer().(prometheus.Collector).Describe(descriptions)
		close(descriptions)
	}()
	metrics := map[string][]string{"up": nil}
	for description := range descriptions {
		found := regexp.MustCompile(`fqName: "([a-z0-9_]+)".*variableLabels: \{([a-z,]*)\}`).FindStringSubmatch(description.String())
		require.NotNil(t, found, description.String())
		metrics[found[1]] = strings.Split(found[2], ",")
	}
	require.Contains(t, metrics, "hexauth_rate_limits_shared")
	require.Contains(t, metrics, "go_goroutines")
	return metrics
}

// checkExpression demands that every metric of an expression is exported and has the labels that select it.
func checkExpression(t *testing.T, metrics map[string][]string, expression string) {
	t.Helper()
	uses := regexp.MustCompile(`\b((?:hexauth|go|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?`).FindAllStringSubmatch(expression, -1)
	require.NotEmpty(t, uses, expression)
	for _, use := range uses {
		labels, known := metrics[use[1]]
		if base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(use[1], ""); !known {
			labels, known = metrics[base]
		}
		require.True(t, known, "%s is not exported: %s", use[1], expression)
		for _, selector := range regexp.MustCompile(`([a-z_]+)\s*[=!]`).FindAllStringSubmatch(use[2], -1) {
			require.Contains(t, append(labels, "job", "instance", "le"), selector[1], expression)
		}
	}
}

func TestDeploy_DashboardShowsMetricsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana", "hexauth.json"))
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Type    string
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	metrics, shown := exported(t), string(text)
	for _, panel := range dashboard.Panels {
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		for _, target := range panel.Targets {
			checkExpression(t, metrics, target.Expr)
		}
	}
	for name := range metrics {
		if strings.HasPrefix(name, "hexauth_") && name != "hexauth_outbox_readable" { // an alert's
			require.Contains(t, shown, name, "no panel shows it")
		}
	}
}

func TestDeploy_AlertsWatchMetricsThatExistAndAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "prometheus", "hexauth.rules.yaml"))
	require.NoError(t, err)
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "observability.md"))
	require.NoError(t, err)
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &rules))
	metrics := exported(t)
	for _, rule := range rules.Groups[0].Rules {
		checkExpression(t, metrics, rule.Expr)
		require.Contains(t, []string{"warning", "critical"}, rule.Labels["severity"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.Contains(t, string(document), "| `"+rule.Alert+"` |", "the document does not say what to do")
	}
	for name := range metrics {
		if strings.HasPrefix(name, "hexauth_") {
			require.Contains(t, string(document), "`"+name+"`", "the document does not explain it")
		}
	}
}
