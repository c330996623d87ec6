package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hexauth/hexauth/config"
	"github.com/stretchr/testify/require"
)

func TestMarkdown_IsInStepWithTheDocumentation(t *testing.T) {
	file, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	require.Equal(t, config.Markdown(), string(file), "run: go generate ./config")
}

func TestVariables_AreCompleteAndUnique(t *testing.T) {
	seen := map[string]bool{}
	groups, ofProviders := []string{}, 0
	for _, v := range config.Variables() {
		require.False(t, seen[v.Name], v.Name)
		seen[v.Name] = true
		require.NotEmpty(t, v.Description, v.Name)
		require.True(t, strings.HasSuffix(v.Description, "."), v.Name)
		if strings.HasPrefix(v.Group, "Provider: ") {
			ofProviders++
		} else if len(groups) == 0 || groups[len(groups)-1] != v.Group {
			groups = append(groups, v.Group)
		}
		if v.Type == "integer" || v.Type == "number" || v.Type == "duration" {
			require.NotEmpty(t, v.Min, v.Name)
			require.NotEmpty(t, v.Max, v.Name)
		}
		require.Contains(t, config.Markdown(), "| `"+v.Name+"` |")
	}
	require.Equal(t, []string{"Server", "Database", "Tokens and keys", "Custom claims and Hasura", "Passkeys", "Elevation and second factors", "Sign-up and users", "Passwords", "Mail", "SMS", "Access control", "Limits", "Audit log and webhooks", "Observability", "OpenID providers", "Modes"}, groups)
	require.Len(t, seen, 153+ofProviders)
	require.Equal(t, 121, ofProviders)
}

func TestVariables_DescribeOne(t *testing.T) {
	byName := map[string]config.Variable{}
	for _, v := range config.Variables() {
		byName[v.Name] = v
	}
	require.Equal(t, config.Variable{
		Name: "AUTH_ACCESS_TOKEN_EXPIRES_IN", Group: "Tokens and keys", Type: "duration", Unit: "seconds", Default: "900", Min: "1s", Max: "87600h",
		Description: "Life of an access token.",
	}, byName["AUTH_ACCESS_TOKEN_EXPIRES_IN"])
	require.Equal(t, config.Variable{
		Name: "HASURA_GRAPHQL_DATABASE_URL", Group: "Database", Type: "URL", Secret: true, AliasOf: "AUTH_DATABASE_URL",
		Description: "Read when AUTH_DATABASE_URL is not set, and means the same. POSTGRES_CONNECTION comes before it.",
	}, byName["HASURA_GRAPHQL_DATABASE_URL"])
	require.Equal(t, "hexadecimal", byName["AUTH_ENCRYPTION_KEY"].Type)
	require.Equal(t, "JSON", byName["HASURA_GRAPHQL_JWT_SECRET"].Type)
	require.Equal(t, "list", byName["AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS"].Type)
	require.Equal(t, []string{"argon2id", "bcrypt"}, byName["AUTH_PASSWORD_HASH"].Allowed)
	require.Equal(t, "127.0.0.1", byName["AUTH_HOST"].DevelopmentDefault)
}

// Every example can be used as it stands.
func TestVariables_ExamplesAreValid(t *testing.T) {
	for _, v := range config.Variables() {
		if v.Example != "" {
			c, err := config.Load(production(map[string]string{"AUTH_SMTP_SENDER": "noreply@example.com", v.Name: v.Example, "AUTH_DEV_MODE": "true"}))
			require.NoError(t, err, v.Name)
			require.Empty(t, c.Ignored)
		}
	}
}
