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
