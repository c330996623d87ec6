package config_test

import (
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hexauth/hexauth/config"
	"github.com/stretchr/testify/require"
)

// marker is valid as hexadecimal, as a password and inside JSON, so that it can stand in every secret.
const marker = "feedfacecafebeef0123456789abcdef"

func requireNoMarker(t *testing.T, text string) {
	t.Helper()
	require.NotContains(t, strings.ToLower(text), marker)
}

func TestSecrets_NeverShowInAValidConfiguration(t *testing.T) {
	c := load(t, map[string]string{
		"AUTH_ENCRYPTION_KEY": marker, "HASURA_GRAPHQL_JWT_SECRET": `{"type":"HS512","key":"` + marker + `"}`,
		"AUTH_DATABASE_URL":               "postgres://hexauth:" + marker + "@a,b:5433/app?sslpassword=" + marker + "&sslmode=disable&PassWord=" + marker,
		"POSTGRES_CONNECTION":             "postgres://hexauth:" + marker + "@other/app",
		"HASURA_GRAPHQL_DATABASE_URL":     "postgres://hexauth:" + marker + "@third/app",
		"POSTGRES_MIGRATIONS_CONNECTION":  "postgresql://owner:" + marker + "@a/app",
		"AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL": "https://claims.example.com/?code=" + marker, "AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
	})
	require.NotEmpty(t, c.Warnings)
	text, err := json.Marshal(map[string]any{"c": c, "p": &c, "s": c.JWTSecret, "effective": c.Effective(), "warnings": c.Warnings})
	require.NoError(t, err)
	requireNoMarker(t, string(text))
	requireNoMarker(t, fmt.Sprintf("%v %+v %#v %s %q %d %x %v %#v %x", c, c, c, c, c, c, &c, c.JWTSecret, *c.JWTSecret, c.JWTSecret))
	requireNoMarker(t, fmt.Sprint(c.Effective()))

	shown := map[string]string{}
	for _, s := range c.Effective() {
		shown[s.Name] = s.Value
	}
	require.Equal(t, "********", shown["AUTH_ENCRYPTION_KEY"])
	require.Equal(t, "********", shown["HASURA_GRAPHQL_JWT_SECRET"])
	require.Equal(t, "postgres://hexauth:********@a,b:5433/app?sslpassword=********&sslmode=disable&PassWord=********", shown["AUTH_DATABASE_URL"])
	require.Equal(t, "postgresql://owner:********@a/app", shown["POSTGRES_MIGRATIONS_CONNECTION"])
}

func TestSecrets_NeverShowInErrors(t *testing.T) {
	rsaKey := newRSA(t, 2048)
	for _, v := range config.Variables() {
		if !v.Secret {
			continue
		}
		for _, value := range []string{
			marker + "x", marker + marker + marker, "postgres://u:12" + marker + "/x@h/db", "postgres://u:p%zz" + marker + "@h", "mysql://u:" + marker + "@h", "sqlite://x?" + marker,
			`{"type":"` + marker + `"}`, `{"key":"` + marker, `{"type":"HS256","key":"` + marker[:31] + `","kid":["` + marker + `"]}`, "{" + marker + "}",
			members{"type": "RS256", "key": marker, "signing_key": marker, "claims_format": marker}.String(),
			members{"type": "RS256", "key": pkix(t, newECDSA(t, elliptic.P256())) + marker, "signing_key": pkcs8(t, rsaKey) + marker}.String(),
		} {
			_, err := config.Load(map[string]string{v.Name: value, "AUTH_PORT": "x"})
			if v.Name == "AUTH_SMTP_PASS" || v.Name == "AUTH_ADMIN_SECRET" || strings.HasPrefix(v.Name, "AUTH_SMS_") || v.Name == "HASURA_GRAPHQL_ADMIN_SECRET" || v.Name == "AUTH_CAPTCHA_SECRET" || v.Name == "AUTH_TURNSTILE_SECRET" || strings.HasSuffix(v.Name, "_SECRET") && strings.HasPrefix(v.Name, "AUTH_PROVIDER_") { // any text is one
				require.ErrorContains(t, err, "AUTH_PORT")
			} else {
				require.ErrorContains(t, err, v.Name)
			}
			requireNoMarker(t, err.Error())
		}
	}
}

func TestEffective_TellsValuesAndSources(t *testing.T) {
	c := load(t, map[string]string{"POSTGRES_CONNECTION": postgresURL, "AUTH_DEV_MODE": "true", "AUTH_LOCALE_ALLOWED_LOCALES": "de", "AUTH_REFRESH_TOKEN_GRACE": "90"})
	want := []config.Setting{
		{Name: "AUTH_HOST", Value: "127.0.0.1", Source: config.FromDevelopment},
		{Name: "AUTH_PORT", Value: "4000", Source: config.FromDefault},
		{Name: "AUTH_API_PREFIX", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SERVER_URL", Value: "http://localhost:4000", Source: config.FromDefault},
		{Name: "AUTH_CLIENT_URL", Value: "http://localhost:3000", Source: config.FromDevelopment},
		{Name: "AUTH_MAX_BODY_BYTES", Value: "1048576", Source: config.FromDefault},
		{Name: "AUTH_CONCEAL_ERRORS", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_DEBUG", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_SHUTDOWN_DELAY", Value: "0s", Source: config.FromDefault},
		{Name: "AUTH_LOG_FORMAT_TEXT", Value: "false", Source: config.FromDefault},
		{Name: "POSTGRES_CONNECTION", Value: "postgres://hexauth:********@db.example.com:5432/app", Source: config.FromEnvironment},
		{Name: "POSTGRES_MIGRATIONS_CONNECTION", Value: "postgres://hexauth:********@db.example.com:5432/app", Source: config.FromDefault},
		{Name: "AUTH_MIGRATE", Value: "true", Source: config.FromDefault},
		{Name: "AUTH_DATABASE_POOL_SIZE", Value: "10", Source: config.FromDefault},
		{Name: "AUTH_DATABASE_TIMEOUT", Value: "5s", Source: config.FromDefault},
		{Name: "AUTH_DATABASE_PREPARED_STATEMENTS", Value: "true", Source: config.FromDefault},
		{Name: "AUTH_ENCRYPTION_KEY", Value: "data/encryption.key", Source: config.FromFile},
		{Name: "HASURA_GRAPHQL_JWT_SECRET", Value: "", Source: config.FromDefault},
		{Name: "HASURA_GRAPHQL_ADMIN_SECRET", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SIGNING_ALGORITHM", Value: "ES256", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_TOKEN_EXPIRES_IN", Value: "900", Source: config.FromDefault},
		{Name: "AUTH_REFRESH_TOKEN_EXPIRES_IN", Value: "2592000", Source: config.FromDefault},
		{Name: "AUTH_REFRESH_TOKEN_GRACE", Value: "1m30s", Source: config.FromEnvironment},
		{Name: "AUTH_PAT_MAX_EXPIRES_IN", Value: "0", Source: config.FromDefault},
		{Name: "HASURA_GRAPHQL_GRAPHQL_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_HASURA_METADATA", Value: "true", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_SQL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_SQL_POOL_SIZE", Value: "4", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT", Value: "2s", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_CACHE", Value: "0s", Source: config.FromDefault},
		{Name: "AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE", Value: "omit", Source: config.FromDefault},
		{Name: "AUTH_WEBAUTHN_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_WEBAUTHN_RP_ID", Value: "", Source: config.FromDefault},
		{Name: "AUTH_WEBAUTHN_RP_NAME", Value: "", Source: config.FromDefault},
		{Name: "AUTH_WEBAUTHN_RP_ORIGINS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_WEBAUTHN_ATTESTATION_TIMEOUT", Value: "60000", Source: config.FromDefault},
		{Name: "AUTH_REQUIRE_ELEVATED_CLAIM", Value: "disabled", Source: config.FromDefault},
		{Name: "AUTH_REQUIRE_ELEVATED_CLAIM_MFA", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_MFA_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_MFA_TOTP_ISSUER", Value: "auth", Source: config.FromDefault},
		{Name: "AUTH_MFA_ALL_METHODS", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_DISABLE_SIGNUP", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_DISABLE_NEW_USERS", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_DISABLE_AUTO_SIGNUP", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_EMAIL_PASSWORDLESS_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_OTP_EMAIL_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_ANONYMOUS_USERS_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED", Value: "false", Source: config.FromDevelopment},
		{Name: "AUTH_USER_DEFAULT_ROLE", Value: "user", Source: config.FromDefault},
		{Name: "AUTH_USER_DEFAULT_ALLOWED_ROLES", Value: "me,user", Source: config.FromDefault},
		{Name: "AUTH_LOCALE_DEFAULT", Value: "en", Source: config.FromDefault},
		{Name: "AUTH_LOCALE_ALLOWED_LOCALES", Value: "de,en", Source: config.FromEnvironment},
		{Name: "AUTH_GRAVATAR_ENABLED", Value: "true", Source: config.FromDefault},
		{Name: "AUTH_GRAVATAR_DEFAULT", Value: "blank", Source: config.FromDefault},
		{Name: "AUTH_GRAVATAR_RATING", Value: "g", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_MIN_LENGTH", Value: "3", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_HASH", Value: "argon2id", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_HASH_CONCURRENCY", Value: "0", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_HIBP_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_HIBP_URL", Value: "https://api.pwnedpasswords.com", Source: config.FromDefault},
		{Name: "AUTH_PASSWORD_HIBP_FAIL_OPEN", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_SMTP_HOST", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMTP_PORT", Value: "587", Source: config.FromDefault},
		{Name: "AUTH_SMTP_SECURE", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_SMTP_USER", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMTP_PASS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMTP_SENDER", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMTP_AUTH_METHOD", Value: "PLAIN", Source: config.FromDefault},
		{Name: "AUTH_SMTP_X_SMTPAPI_HEADER", Value: "", Source: config.FromDefault},
		{Name: "AUTH_EMAIL_TEMPLATES_PATH", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_PASSWORDLESS_ENABLED", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_SMS_PROVIDER", Value: "dev", Source: config.FromDevelopment},
		{Name: "AUTH_SMS_TWILIO_ACCOUNT_SID", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_TWILIO_AUTH_TOKEN", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_TWILIO_API_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_MODICA_USERNAME", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_MODICA_PASSWORD", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_MODICA_API_URL", Value: "https://api.modicagroup.com", Source: config.FromDefault},
		{Name: "AUTH_SMS_HTTP_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_HTTP_HEADERS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_HTTP_TEMPLATE", Value: `{"to":"${to}","text":"${text}"}`, Source: config.FromDefault},
		{Name: "AUTH_SMS_ALLOWED_COUNTRIES", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_TEST_PHONE_NUMBERS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_SMS_LIMIT_NUMBER", Value: "5", Source: config.FromDefault},
		{Name: "AUTH_SMS_LIMIT_COUNTRY", Value: "200", Source: config.FromDefault},
		{Name: "AUTH_SMS_LIMIT_TOTAL", Value: "500", Source: config.FromDefault},
		{Name: "AUTH_SMS_LIMIT_INTERVAL", Value: "1h0m0s", Source: config.FromDefault},
		{Name: "AUTH_ADMIN_SECRET", Value: "", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_CONTROL_ALLOWED_EMAILS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_CONTROL_BLOCKED_EMAILS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_TRUSTED_PROXIES", Value: "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7", Source: config.FromDefault},
		{Name: "AUTH_TRUSTED_PROXIES_HEADER", Value: "any", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_ENABLE", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_GLOBAL_BURST", Value: "100", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_GLOBAL_INTERVAL", Value: "1m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_EMAIL_BURST", Value: "10", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_EMAIL_INTERVAL", Value: "1h0m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_EMAIL_IS_GLOBAL", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_SMS_BURST", Value: "10", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_SMS_INTERVAL", Value: "1h0m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_BRUTE_FORCE_BURST", Value: "10", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_BRUTE_FORCE_INTERVAL", Value: "5m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_SIGNUPS_BURST", Value: "10", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_SIGNUPS_INTERVAL", Value: "5m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_OAUTH2_SERVER_BURST", Value: "100", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_OAUTH2_SERVER_INTERVAL", Value: "5m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_TOKEN_VERIFY_BURST", Value: "1000", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_TOKEN_VERIFY_INTERVAL", Value: "1m0s", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_REDIS_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_REDIS_PREFIX", Value: "", Source: config.FromDefault},
		{Name: "AUTH_RATE_LIMIT_MEMCACHE_SERVER", Value: "", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_PROVIDER", Value: "turnstile", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_SECRET", Value: "", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_URL", Value: "", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_TIMEOUT", Value: "5s", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_MIN_SCORE", Value: "0.5", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_HOSTNAMES", Value: "", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_ACTION", Value: "", Source: config.FromDefault},
		{Name: "AUTH_CAPTCHA_SEND_ADDRESS", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_AUDIT_RETENTION", Value: "2160h0m0s", Source: config.FromDefault},
		{Name: "AUTH_WEBHOOKS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_WEBHOOKS_ALLOW_PRIVATE", Value: "false", Source: config.FromDefault},
		{Name: "AUTH_METRICS_ADDR", Value: "", Source: config.FromDefault},
		{Name: "AUTH_PPROF_ADDR", Value: "", Source: config.FromDefault},
		{Name: "OTEL_SDK_DISABLED", Value: "false", Source: config.FromDefault},
		{Name: "OTEL_TRACES_EXPORTER", Value: "", Source: config.FromDefault},
		{Name: "OTEL_METRICS_EXPORTER", Value: "", Source: config.FromDefault},
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "", Source: config.FromDefault},
		{Name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Value: "", Source: config.FromDefault},
		{Name: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Value: "", Source: config.FromDefault},
		{Name: "OTEL_EXPORTER_OTLP_PROTOCOL", Value: "http/protobuf", Source: config.FromDefault},
		{Name: "OTEL_EXPORTER_OTLP_HEADERS", Value: "", Source: config.FromDefault},
		{Name: "OTEL_SERVICE_NAME", Value: "", Source: config.FromDefault},
		{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "", Source: config.FromDefault},
		{Name: "OTEL_TRACES_SAMPLER", Value: "parentbased_always_on", Source: config.FromDefault},
		{Name: "OTEL_TRACES_SAMPLER_ARG", Value: "1", Source: config.FromDefault},
		{Name: "OTEL_METRIC_EXPORT_INTERVAL", Value: "60000", Source: config.FromDefault},
		{Name: "AUTH_OIDC_PROVIDERS", Value: "", Source: config.FromDefault},
		{Name: "AUTH_DEV_MODE", Value: "true", Source: config.FromEnvironment},
		{Name: "AUTH_DATA_DIR", Value: "./data", Source: config.FromDefault},
	}
	require.Equal(t, want, c.Effective())

	c.Effective()[0].Value = "changed"
	require.Equal(t, want, c.Effective())
}

func TestEffective_NamesTheEmbeddedDatabase(t *testing.T) {
	require.Contains(t, load(t, nil).Effective(),
		config.Setting{Name: "AUTH_DATABASE_URL", Value: "sqlite://data/hexauth.db", Source: config.FromDevelopment})
}

// What Effective shows can be written into an environment and means the same, as far as it is no secret.
func TestEffective_CanBeReadAgain(t *testing.T) {
	c := load(t, map[string]string{"AUTH_DATABASE_URL": "sqlite://x.db", "AUTH_ENCRYPTION_KEY": hexKey, "AUTH_DATABASE_TIMEOUT": "1500ms", "AUTH_API_PREFIX": "v1"})
	again := map[string]string{}
	for _, s := range c.Effective() {
		again[s.Name] = s.Value
	}
	again["AUTH_ENCRYPTION_KEY"] = hexKey
	again["POSTGRES_MIGRATIONS_CONNECTION"] = ""
	d := load(t, again)
	require.Len(t, c.Warnings, 3)
	c.Warnings, d.Warnings = nil, nil
	require.Equal(t, exported(c), exported(d))
}
