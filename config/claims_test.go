package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
)

func TestLoad_TheQueryForClaimsRunsWhereUsersAreUnlessItIsToldOtherwise(t *testing.T) {
	const query = "SELECT plan FROM customers WHERE user_id = $1"
	c := load(t, production(map[string]string{
		"AUTH_JWT_CUSTOM_CLAIMS_SQL": query, "AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS": `{"plan":"free","seats":12345678901234567890}`,
		"AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE": "refuse", "AUTH_JWT_CUSTOM_CLAIMS_CACHE": "10s",
	}))
	require.Equal(t, c.DatabaseURL, c.CustomClaimsSQLURL)
	require.Equal(t, config.CustomClaimsDefaults{"plan": "free", "seats": json.Number("12345678901234567890")}, c.CustomClaimsDefaults)
	require.JSONEq(t, `{"plan":"free","seats":12345678901234567890}`, c.CustomClaimsDefaults.String())
	c = load(t, production(map[string]string{
		"AUTH_DATABASE_URL": "sqlite:///var/lib/hexauth.db", "AUTH_JWT_CUSTOM_CLAIMS_SQL": query, "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL": "postgres://reader:hunter2@replica/app",
	}))
	require.Equal(t, "postgres://reader:hunter2@replica/app", c.CustomClaimsSQLURL)
	for _, s := range c.Effective() {
		require.NotContains(t, s.Value, "hunter2")
	}
}

func TestLoad_NamesMistakesAboutClaims(t *testing.T) {
	for variable, environ := range map[string]map[string]string{
		"AUTH_JWT_CUSTOM_CLAIMS_SQL":        {"AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT 1"},
		"AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE": {"AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE": "ignore"},
		"AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT":    {"AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT": "1h"},
	} {
		require.Equal(t, []string{variable}, names(problems(t, production(environ))))
	}
	for _, url := range []string{"mysql://x/y", "sqlite:///x", "postgres://u:p@ss/word@host/x"} {
		require.Equal(t, []string{"AUTH_JWT_CUSTOM_CLAIMS_SQL_URL"}, names(problems(t, production(map[string]string{
			"AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT $1::uuid AS id", "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL": url,
		}))), url)
	}
	require.Equal(t, []string{"AUTH_JWT_CUSTOM_CLAIMS_SQL_URL"}, names(problems(t, production(map[string]string{
		"AUTH_DATABASE_URL": "sqlite:///var/lib/hexauth.db", "AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT $1::uuid AS id",
	}))))
	for _, defaults := range []string{`[]`, `null`, `{`, `{"a":1} x`, `{"":1}`, `"x"`} {
		require.Equal(t, []string{"AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS"}, names(problems(t, production(map[string]string{"AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS": defaults}))), defaults)
	}
}

func TestLoad_ReadsPathsAndTheHook(t *testing.T) {
	c := load(t, production(map[string]string{
		"HASURA_GRAPHQL_GRAPHQL_URL": "http://hasura:8080/v1/graphql", "HASURA_GRAPHQL_ADMIN_SECRET": "s",
		"AUTH_JWT_CUSTOM_CLAIMS": `{"plan":"metadata.plan","team-ids":"teams[].id"}`,
	}))
	require.JSONEq(t, `{"plan":"metadata.plan","team-ids":"teams[].id"}`, c.CustomClaims.String())
	require.Empty(t, c.Warnings)
	c = load(t, production(map[string]string{
		"AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL": "https://app.example.com/claims", "AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
	}))
	require.Equal(t, config.HookSecret("012345678901234567890123"), c.CustomClaimsHookSecret)
}

func TestLoad_NamesMistakesAboutWhereClaimsComeFrom(t *testing.T) {
	const hook, secret, hasura = "AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL", "AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET", "HASURA_GRAPHQL_GRAPHQL_URL"
	const goodSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	for _, c := range []struct {
		variable string
		environ  map[string]string
	}{
		{"AUTH_JWT_CUSTOM_CLAIMS", map[string]string{"AUTH_JWT_CUSTOM_CLAIMS": `{"a":"b"}`}},
		{"AUTH_JWT_CUSTOM_CLAIMS", map[string]string{"AUTH_JWT_CUSTOM_CLAIMS": `{"a":"b..c"}`}},
		{"AUTH_JWT_CUSTOM_CLAIMS", map[string]string{"AUTH_JWT_CUSTOM_CLAIMS": `{"a":1}`}},
		{hasura, map[string]string{hasura: "hasura:8080"}},
		{hook, map[string]string{hook: "ftp://x/y", secret: goodSecret}},
		{secret, map[string]string{hook: "https://app.example.com/claims"}},
		{secret, map[string]string{hook: "https://app.example.com/claims", secret: "hunter2"}},
		{"AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL", map[string]string{hook: "https://app.example.com/claims", secret: goodSecret, "AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT $1"}},
	} {
		require.Equal(t, []string{c.variable}, names(problems(t, production(c.environ))), c.environ)
	}
}
