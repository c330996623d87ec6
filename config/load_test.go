package config_test

import (
	"bytes"
	"encoding/hex"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/hexauth/hexauth/config"
	"github.com/stretchr/testify/require"
)

const (
	hexKey      = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	postgresURL = "postgres://hexauth:pw@db.example.com:5432/app"
	hmacSecret  = `{"type":"HS256","key":"01234567890123456789012345678901"}`
)

// production is a complete production environment with changes applied; "" unsets a variable.
func production(changes map[string]string) map[string]string {
	environ := map[string]string{
		"AUTH_DATABASE_URL":   postgresURL,
		"AUTH_ENCRYPTION_KEY": hexKey,
		"AUTH_SERVER_URL":     "https://auth.example.com/v1",
		"AUTH_CLIENT_URL":     "https://app.example.com",
		"AUTH_SMTP_HOST":      "smtp.example.com",
		"AUTH_SMTP_SENDER":    "noreply@example.com",
	}
	maps.Copy(environ, changes)
	return environ
}

func load(t *testing.T, environ map[string]string) config.Config {
	t.Helper()
	c, err := config.Load(environ)
	require.NoError(t, err)
	return c
}

func problems(t *testing.T, environ map[string]string) []config.Problem {
	t.Helper()
	c, err := config.Load(environ)
	var failed *config.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, config.Config{}, c)
	return failed.Problems
}

// requireConfig compares all that callers see.
func requireConfig(t *testing.T, want, got config.Config) {
	t.Helper()
	require.Equal(t, exported(want), exported(got))
}

func defaults() config.Config {
	return config.Config{
		Port:                          4000,
		HasuraMetadata:                true,
		CustomClaimsSQLPoolSize:       4,
		CustomClaimsTimeout:           2 * time.Second,
		CustomClaimsOnFailure:         "omit",
		MaxBodyBytes:                  1 << 20,
		Migrate:                       true,
		DatabasePoolSize:              10,
		DatabaseTimeout:               5 * time.Second,
		DatabasePreparedStatements:    true,
		SigningAlgorithm:              "ES256",
		AccessTokenExpiresIn:          15 * time.Minute,
		AuditRetention:                90 * 24 * time.Hour,
		RefreshTokenExpiresIn:         30 * 24 * time.Hour,
		RefreshTokenGrace:             30 * time.Second,
		DefaultRole:                   "user",
		AllowedRoles:                  []string{"me", "user"},
		DefaultLocale:                 "en",
		AllowedLocales:                []string{"en"},
		GravatarEnabled:               true,
		HIBPURL:                       "https://api.pwnedpasswords.com",
		SMTPPort:                      587,
		SMTPAuthMethod:                "PLAIN",
		SMSProvider:                   "twilio",
		SMSModicaURL:                  "https://api.modicagroup.com",
		SMSHTTPTemplate:               `{"to":"${to}","text":"${text}"}`,
		SMSLimitNumber:                5,
		SMSLimitCountry:               200,
		SMSLimitTotal:                 500,
		SMSLimitInterval:              time.Hour,
		GravatarDefault:               "blank",
		GravatarRating:                "g",
		PasswordMinLength:             3,
		PasswordHash:                  "argon2id",
		WebAuthnTimeout:               60000,
		RequireElevatedClaim:          "disabled",
		MFATOTPIssuer:                 "auth",
		DataDir:                       "./data",
		TrustedProxies:                []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"},
		ProxyHeader:                   "any",
		RateLimitGlobalBurst:          100,
		RateLimitGlobalInterval:       time.Minute,
		RateLimitEmailBurst:           10,
		RateLimitEmailInterval:        time.Hour,
		RateLimitSMSBurst:             10,
		RateLimitSMSInterval:          time.Hour,
		RateLimitBruteForceBurst:      10,
		RateLimitBruteForceInterval:   5 * time.Minute,
		RateLimitSignUpsBurst:         10,
		RateLimitSignUpsInterval:      5 * time.Minute,
		RateLimitOAuth2ServerBurst:    100,
		RateLimitOAuth2ServerInterval: 5 * time.Minute,
		RateLimitTokenVerifyBurst:     1000,
		RateLimitTokenVerifyInterval:  time.Minute,
		OTelProtocol:                  "http/protobuf",
		OTelSampler:                   "parentbased_always_on",
		OTelSamplerRatio:              1,
		OTelInterval:                  60000,
		CaptchaProvider:               "turnstile",
		CaptchaTimeout:                5 * time.Second,
		CaptchaMinScore:               0.5,
	}
}

func TestLoad_NothingConfiguredIsDevelopment(t *testing.T) {
	want := defaults()
	want.Development = true
	want.Host = "127.0.0.1"
	want.ServerURL = "http://localhost:4000"
	want.ClientURL = "http://localhost:3000"
	want.SMSProvider = "dev"
	want.DatabaseURL = "sqlite://data/hexauth.db"
	want.MigrationsURL = "sqlite://data/hexauth.db"
	want.EncryptionKeyFile = "data/encryption.key"
	requireConfig(t, want, load(t, map[string]string{}))
	requireConfig(t, want, load(t, nil))
}

func TestLoad_ProductionDefaults(t *testing.T) {
	want := defaults()
	want.EmailVerifiedRequired = true
	want.ServerURL = "https://auth.example.com/v1"
	want.ClientURL = "https://app.example.com"
	want.DatabaseURL = postgresURL
	want.MigrationsURL = postgresURL
	want.EncryptionKey, _ = hex.DecodeString(hexKey)
	want.SMTPHost, want.SMTPSender = "smtp.example.com", "noreply@example.com"
	requireConfig(t, want, load(t, production(nil)))
}

func TestLoad_ReadsEveryVariable(t *testing.T) {
	want := config.Config{
		Host: "::1", Port: 4001, APIPrefix: "/v1", ServerURL: "https://a.example.com/v1", ClientURL: "myapp://home",
		MaxBodyBytes: 2048, ConcealErrors: true, Debug: true, LogFormatText: true, ShutdownDelay: 7 * time.Second,
		DatabaseURL: "postgresql:///app?host=/run/postgresql", MigrationsURL: "postgres://owner@a:1,b:2/app", DatabasePoolSize: 3,
		DatabaseTimeout: 2500 * time.Millisecond, EncryptionKey: []byte("0123456789abcdef"), SigningAlgorithm: "EdDSA",
		AuditRetention:       24 * time.Hour,
		AccessTokenExpiresIn: time.Minute, RefreshTokenExpiresIn: time.Hour, DisableSignUp: true, DisableNewUsers: true,
		AnonymousUsersEnabled: true, DefaultRole: "editor", AllowedRoles: []string{"editor", "reader"}, DefaultLocale: "de",
		AllowedLocales: []string{"en", "fra", "de"}, GravatarDefault: "404", GravatarRating: "pg", PasswordMinLength: 9,
		PasswordHash: "bcrypt", PasswordHashConcurrency: 2, AllowedRedirectURLs: []string{"https://*.example.com", "myapp://"},
		AllowedEmails: []string{"jane@example.com"}, AllowedEmailDomains: []string{"example.org", "example.com"},
		BlockedEmails: []string{"mallory@example.org"}, BlockedEmailDomains: []string{"example.net"}, DataDir: "/var/lib/hexauth",
		WebAuthnEnabled: true, WebAuthnRPID: "example.com", WebAuthnRPName: "Example", WebAuthnRPOrigins: []string{"https://example.com"}, WebAuthnTimeout: 120000,
		RequireElevatedClaim: "recommended", ElevationMFA: true, MFAEnabled: true, MFATOTPIssuer: "Example & Co", MFAAllMethods: true,
		CustomClaimsSQL: "SELECT $1", CustomClaimsSQLURL: "postgres://reader@replica/app", CustomClaimsSQLPoolSize: 2,
		CustomClaimsDefaults: config.CustomClaimsDefaults{"plan": "free"}, CustomClaimsTimeout: time.Second, CustomClaimsCache: 5 * time.Second,
		CustomClaimsOnFailure: "defaults",
		PATMaxExpiresIn:       24 * time.Hour, DisableAutoSignUp: true, EmailPasswordlessEnabled: true, OTPEmailEnabled: true, HIBPEnabled: true, HIBPURL: "http://hibp.local",
		HIBPFailOpen: true, SMTPHost: "mail.example.com", SMTPPort: 465, SMTPSecure: true, SMTPUser: "u", SMTPPassword: "p",
		SMSPasswordlessEnabled: true, SMSProvider: "http", SMSTwilioAccountSID: "AC1", SMSTwilioAuthToken: "t", SMSTwilioServiceID: "MG1",
		SMSTwilioURL: "https://twilio.example.com", SMSModicaUsername: "m", SMSModicaPassword: "mp", SMSModicaURL: "https://modica.example.com",
		SMSHTTPURL: "https://sms.example.com/send?key=k", SMSHTTPHeaders: map[string]string{"Authorization": "Bearer x"}, SMSHTTPTemplate: `["${to}","${text}"]`,
		SMSAllowedCountries: []string{"DE", "AT"}, SMSTestNumbers: []string{"+12025550123"}, SMSLimitNumber: 1, SMSLimitCountry: 2, SMSLimitTotal: 3,
		SMSLimitInterval: 24 * time.Hour,
		SMTPSender:       "Example <noreply@example.com>", SMTPAuthMethod: "LOGIN", SMTPAPIHeader: "{}", EmailTemplatesPath: "/templates",
		TrustedProxies: []string{"192.0.2.1", "2001:db8::/32"}, ProxyHeader: "forwarded",
		RateLimitEnabled: true, RateLimitGlobalBurst: 1, RateLimitGlobalInterval: time.Second, RateLimitEmailBurst: 2, RateLimitEmailInterval: 2 * time.Second,
		RateLimitEmailIsGlobal: true, RateLimitSMSBurst: 3, RateLimitSMSInterval: 3 * time.Second, RateLimitBruteForceBurst: 4,
		RateLimitBruteForceInterval: 4 * time.Second, RateLimitSignUpsBurst: 5, RateLimitSignUpsInterval: 5 * time.Second, RateLimitOAuth2ServerBurst: 6,
		RateLimitOAuth2ServerInterval: 6 * time.Second, RateLimitTokenVerifyBurst: 7, RateLimitTokenVerifyInterval: 7 * time.Second,
		RateLimitRedisURL: "rediss://u:p@redis.example.com:6380/1", RateLimitRedisPrefix: "auth:", MetricsAddr: "10.0.0.5:9464", PprofAddr: "127.0.0.1:6060",
		OTelDisabled: true, OTelTracesExporter: "otlp", OTelMetricsExporter: "none", OTelEndpoint: "http://collector:4318", OTelProtocol: "http/protobuf",
		OTelTracesEndpoint: "https://t.example.com/v1/traces", OTelMetricsEndpoint: "https://m.example.com/v1/metrics", OTelHeaders: "k=v",
		OTelServiceName: "auth", OTelResourceAttributes: "a=b,c=d", OTelSampler: "traceidratio", OTelSamplerRatio: 0.25, OTelInterval: 2000,
		MemcacheServer:  "memcached:11211",
		CaptchaProvider: "recaptcha", CaptchaSecret: "cs", CaptchaURL: "https://captcha.example.com/check", CaptchaTimeout: time.Second, CaptchaMinScore: 0.75,
		CaptchaHostnames: []string{"a.example.com", "b.example.com"}, CaptchaAction: "signup", CaptchaSendAddress: true,
		Warnings: []string{"AUTH_RATE_LIMIT_MEMCACHE_SERVER: is not supported: each instance counts for itself unless AUTH_RATE_LIMIT_REDIS_URL names a Redis or Valkey server",
			"AUTH_SMS_TEST_PHONE_NUMBERS: whoever reads the log can sign in with these numbers"},
	}
	requireConfig(t, want, load(t, map[string]string{
		"AUTH_HOST": "[::1]", "AUTH_PORT": " 4001 ", "AUTH_API_PREFIX": "v1/", "AUTH_SERVER_URL": "https://a.example.com/v1",
		"AUTH_CLIENT_URL": "myapp://home", "AUTH_MAX_BODY_BYTES": "2048", "AUTH_SHUTDOWN_DELAY": "7s", "AUTH_CONCEAL_ERRORS": "1", "AUTH_DEBUG": "TRUE",
		"AUTH_LOG_FORMAT_TEXT": "t", "AUTH_DATABASE_URL": "postgresql:///app?host=/run/postgresql",
		"POSTGRES_MIGRATIONS_CONNECTION": "postgres://owner@a:1,b:2/app", "AUTH_MIGRATE": "false", "AUTH_DATABASE_POOL_SIZE": "3",
		"AUTH_DATABASE_TIMEOUT": "2500ms", "AUTH_DATABASE_PREPARED_STATEMENTS": "false",
		"AUTH_ENCRYPTION_KEY": "30313233343536373839616263646566\n", "AUTH_SIGNING_ALGORITHM": "EdDSA",
		"AUTH_AUDIT_RETENTION":         "24h",
		"AUTH_ACCESS_TOKEN_EXPIRES_IN": "60", "AUTH_REFRESH_TOKEN_EXPIRES_IN": "1h", "AUTH_REFRESH_TOKEN_GRACE": "0",
		"AUTH_DISABLE_SIGNUP": "true", "AUTH_DISABLE_NEW_USERS": "true", "AUTH_ANONYMOUS_USERS_ENABLED": "true",
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "false", "AUTH_USER_DEFAULT_ROLE": "editor",
		"AUTH_USER_DEFAULT_ALLOWED_ROLES": "editor, reader,,", "AUTH_LOCALE_DEFAULT": "de", "AUTH_LOCALE_ALLOWED_LOCALES": "en,fra",
		"AUTH_GRAVATAR_ENABLED": "false", "AUTH_GRAVATAR_DEFAULT": "404", "AUTH_GRAVATAR_RATING": "pg",
		"AUTH_PASSWORD_MIN_LENGTH": "9", "AUTH_PASSWORD_HASH": "bcrypt", "AUTH_PASSWORD_HASH_CONCURRENCY": "2",
		"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS": "https://*.example.com , myapp://",
		"AUTH_ACCESS_CONTROL_ALLOWED_EMAILS":        "Jane@Example.com",
		"AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS": "Example.ORG,example.com",
		"AUTH_ACCESS_CONTROL_BLOCKED_EMAILS":        "MALLORY@example.org",
		"AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS": "example.net",
		"AUTH_DATA_DIR": "/var/lib/hexauth", "AUTH_DEV_MODE": "false",
		"AUTH_WEBAUTHN_ENABLED": "true", "AUTH_WEBAUTHN_RP_ID": "example.com", "AUTH_WEBAUTHN_RP_NAME": "Example",
		"AUTH_WEBAUTHN_RP_ORIGINS": "https://example.com", "AUTH_WEBAUTHN_ATTESTATION_TIMEOUT": "120000",
		"AUTH_REQUIRE_ELEVATED_CLAIM": "recommended", "AUTH_REQUIRE_ELEVATED_CLAIM_MFA": "true",
		"AUTH_MFA_ENABLED": "true", "AUTH_MFA_TOTP_ISSUER": "Example & Co", "AUTH_MFA_ALL_METHODS": "true",
		"AUTH_PAT_MAX_EXPIRES_IN": "86400", "AUTH_DISABLE_AUTO_SIGNUP": "true", "AUTH_EMAIL_PASSWORDLESS_ENABLED": "true", "AUTH_OTP_EMAIL_ENABLED": "true",
		"AUTH_PASSWORD_HIBP_ENABLED": "true", "AUTH_PASSWORD_HIBP_URL": "http://hibp.local", "AUTH_PASSWORD_HIBP_FAIL_OPEN": "true",
		"AUTH_SMTP_HOST": "mail.example.com", "AUTH_SMTP_PORT": "465", "AUTH_SMTP_SECURE": "true", "AUTH_SMTP_USER": "u", "AUTH_SMTP_PASS": "p",
		"AUTH_SMTP_SENDER": "Example <noreply@example.com>", "AUTH_SMTP_AUTH_METHOD": "LOGIN", "AUTH_SMTP_X_SMTPAPI_HEADER": "{}",
		"AUTH_EMAIL_TEMPLATES_PATH": "/templates",
		"AUTH_TRUSTED_PROXIES":      "192.0.2.1, 2001:db8::/32", "AUTH_TRUSTED_PROXIES_HEADER": "forwarded", "AUTH_RATE_LIMIT_ENABLE": "true",
		"AUTH_RATE_LIMIT_GLOBAL_BURST": "1", "AUTH_RATE_LIMIT_GLOBAL_INTERVAL": "1s", "AUTH_RATE_LIMIT_EMAIL_BURST": "2", "AUTH_RATE_LIMIT_EMAIL_INTERVAL": "2s",
		"AUTH_RATE_LIMIT_EMAIL_IS_GLOBAL": "true", "AUTH_RATE_LIMIT_SMS_BURST": "3", "AUTH_RATE_LIMIT_SMS_INTERVAL": "3s",
		"AUTH_RATE_LIMIT_BRUTE_FORCE_BURST": "4", "AUTH_RATE_LIMIT_BRUTE_FORCE_INTERVAL": "4s", "AUTH_RATE_LIMIT_SIGNUPS_BURST": "5",
		"AUTH_RATE_LIMIT_SIGNUPS_INTERVAL": "5s", "AUTH_RATE_LIMIT_OAUTH2_SERVER_BURST": "6", "AUTH_RATE_LIMIT_OAUTH2_SERVER_INTERVAL": "6s",
		"AUTH_RATE_LIMIT_TOKEN_VERIFY_BURST": "7", "AUTH_RATE_LIMIT_TOKEN_VERIFY_INTERVAL": "7s",
		"AUTH_RATE_LIMIT_REDIS_URL": "rediss://u:p@redis.example.com:6380/1", "AUTH_RATE_LIMIT_REDIS_PREFIX": "auth:",
		"AUTH_METRICS_ADDR": "10.0.0.5:9464", "AUTH_PPROF_ADDR": "127.0.0.1:6060",
		"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t.example.com/v1/traces", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://m.example.com/v1/metrics",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_HEADERS": "k=v", "OTEL_SERVICE_NAME": "auth", "OTEL_RESOURCE_ATTRIBUTES": "a=b,c=d",
		"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25", "OTEL_METRIC_EXPORT_INTERVAL": "2000",
		"AUTH_RATE_LIMIT_MEMCACHE_SERVER": "memcached:11211",
		"AUTH_CAPTCHA_PROVIDER":           "recaptcha", "AUTH_CAPTCHA_SECRET": "cs", "AUTH_CAPTCHA_URL": "https://captcha.example.com/check",
		"AUTH_CAPTCHA_TIMEOUT": "1s", "AUTH_CAPTCHA_MIN_SCORE": "0.75", "AUTH_CAPTCHA_HOSTNAMES": "a.example.com,b.example.com",
		"AUTH_HASURA_METADATA": "false", "AUTH_JWT_CUSTOM_CLAIMS_SQL": "SELECT $1", "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL": "postgres://reader@replica/app",
		"AUTH_JWT_CUSTOM_CLAIMS_SQL_POOL_SIZE": "2", "AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS": `{"plan":"free"}`,
		"AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT": "1s", "AUTH_JWT_CUSTOM_CLAIMS_CACHE": "5s", "AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE": "defaults",
		"AUTH_CAPTCHA_ACTION": "signup", "AUTH_CAPTCHA_SEND_ADDRESS": "true",
		"AUTH_SMS_PASSWORDLESS_ENABLED": "true", "AUTH_SMS_PROVIDER": "http", "AUTH_SMS_TWILIO_ACCOUNT_SID": "AC1", "AUTH_SMS_TWILIO_AUTH_TOKEN": "t",
		"AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID": "MG1", "AUTH_SMS_TWILIO_API_URL": "https://twilio.example.com", "AUTH_SMS_MODICA_USERNAME": "m",
		"AUTH_SMS_MODICA_PASSWORD": "mp", "AUTH_SMS_MODICA_API_URL": "https://modica.example.com", "AUTH_SMS_HTTP_URL": "https://sms.example.com/send?key=k",
		"AUTH_SMS_HTTP_HEADERS": `{"Authorization":"Bearer x"}`, "AUTH_SMS_HTTP_TEMPLATE": `["${to}","${text}"]`, "AUTH_SMS_ALLOWED_COUNTRIES": "de, AT",
		"AUTH_SMS_TEST_PHONE_NUMBERS": "+12025550123", "AUTH_SMS_LIMIT_NUMBER": "1", "AUTH_SMS_LIMIT_COUNTRY": "2", "AUTH_SMS_LIMIT_TOTAL": "3", "AUTH_SMS_LIMIT_INTERVAL": "24h",
	}))
}

func TestLoad_ModeFollowsWhatIsConfigured(t *testing.T) {
	for name, c := range map[string]struct {
		environ     map[string]string
		development bool
	}{
		"nothing":                       {map[string]string{}, true},
		"something else":                {map[string]string{"AUTH_PORT": "4001"}, true},
		"an empty database":             {map[string]string{"AUTH_DATABASE_URL": " "}, true},
		"an encryption key only":        {map[string]string{"AUTH_ENCRYPTION_KEY": hexKey}, true},
		"a database":                    {production(nil), false},
		"a database by its second name": {production(map[string]string{"AUTH_DATABASE_URL": "", "POSTGRES_CONNECTION": postgresURL}), false},
		"a database by its third name":  {production(map[string]string{"AUTH_DATABASE_URL": "", "HASURA_GRAPHQL_DATABASE_URL": postgresURL}), false},
		"forced to development":         {production(map[string]string{"AUTH_DEV_MODE": "true"}), true},
		"a secret, development":         {map[string]string{"HASURA_GRAPHQL_JWT_SECRET": hmacSecret, "AUTH_DEV_MODE": "1"}, true},
	} {
		require.Equal(t, c.development, load(t, c.environ).Development, name)
	}
}

func TestLoad_JWTSecretAloneIsProductionAndAsksForTheRest(t *testing.T) {
	require.Equal(t, []string{"AUTH_DATABASE_URL", "AUTH_ENCRYPTION_KEY"},
		names(problems(t, map[string]string{"HASURA_GRAPHQL_JWT_SECRET": hmacSecret})))
}

func TestLoad_ForcedProductionAsksForWhatItNeeds(t *testing.T) {
	require.Equal(t, []config.Problem{
		{Variable: "AUTH_DATABASE_URL", Message: "is required: give a database such as postgres://user:password@host:5432/database, or sqlite:///var/lib/hexauth/hexauth.db on a single machine, or set AUTH_DEV_MODE=true to try things out"},
		{Variable: "AUTH_ENCRYPTION_KEY", Message: "is required: give 32 random bytes as hexadecimal digits, for example from \"openssl rand -hex 32\", or set AUTH_DEV_MODE=true to try things out"},
	}, problems(t, map[string]string{"AUTH_DEV_MODE": "false"}))
}

func TestLoad_DevelopmentKeepsWhatIsConfigured(t *testing.T) {
	c := load(t, production(map[string]string{"AUTH_DEV_MODE": "true", "AUTH_HOST": "localhost", "AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "true"}))
	require.Equal(t, postgresURL, c.DatabaseURL)
	require.Equal(t, "localhost", c.Host)
	require.True(t, c.EmailVerifiedRequired)
	require.Len(t, c.EncryptionKey, 32)
	require.Empty(t, c.EncryptionKeyFile)
	require.Empty(t, c.Warnings)
}

func TestLoad_FirstDatabaseNameWins(t *testing.T) {
	environ := production(map[string]string{"POSTGRES_CONNECTION": "postgres://second/app", "HASURA_GRAPHQL_DATABASE_URL": postgresURL})
	c := load(t, environ)
	require.Equal(t, postgresURL, c.DatabaseURL)
	require.Equal(t, []string{"POSTGRES_CONNECTION: has no effect because AUTH_DATABASE_URL is set to something else"}, c.Warnings)

	environ["AUTH_DATABASE_URL"] = ""
	c = load(t, environ)
	require.Equal(t, "postgres://second/app", c.DatabaseURL)
	require.Equal(t, "postgres://second/app", c.MigrationsURL)

	environ["POSTGRES_CONNECTION"] = ""
	require.Equal(t, postgresURL, load(t, environ).DatabaseURL)
}

func TestLoad_NamesTheVariableThatWasGiven(t *testing.T) {
	got := problems(t, production(map[string]string{"AUTH_DATABASE_URL": "", "HASURA_GRAPHQL_DATABASE_URL": "mysql://db"}))
	require.Equal(t, []string{"HASURA_GRAPHQL_DATABASE_URL"}, names(got))
}

func TestLoad_ServerURLFollowsPortAndPrefix(t *testing.T) {
	c := load(t, map[string]string{"AUTH_PORT": "5000", "AUTH_API_PREFIX": "/auth/v1/"})
	require.Equal(t, "http://localhost:5000/auth/v1", c.ServerURL)
	require.Equal(t, "/auth/v1", c.APIPrefix)
	require.Empty(t, load(t, map[string]string{"AUTH_API_PREFIX": "/"}).APIPrefix)
}

func TestLoad_ReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := config.Load(map[string]string{
		"AUTH_DEV_MODE": "perhaps", "AUTH_PORT": "70000", "AUTH_DEBUG": "loud", "AUTH_DATABASE_TIMEOUT": "soon",
		"AUTH_DATABASE_URL": "mysql://root:hunter2@db/app", "AUTH_ENCRYPTION_KEY": "hunter2", "HASURA_GRAPHQL_JWT_SECRET": `{"type":"none","claims_format":"x"}`,
		"AUTH_GRAVATAR_RATING": "z", "AUTH_LOCALE_ALLOWED_LOCALES": "en,e,english", "AUTH_ACCESS_TOKEN_EXPIRES_IN": "1500ms",
		"AUTH_SERVER_URL": "https://auth.example.com", "AUTH_CLIENT_URL": "https://app.example.com",
	})
	require.EqualError(t, err, `the configuration cannot be used:
  AUTH_PORT: must be a whole number from 0 to 65535 (got "70000")
  AUTH_DEBUG: must be true or false (got "loud")
  AUTH_DATABASE_URL: must be a URL such as postgres://user:password@host:5432/database or sqlite:///var/lib/hexauth/hexauth.db
  AUTH_DATABASE_TIMEOUT: must be a whole number of seconds or a duration such as 90s, 15m or 720h (got "soon")
  AUTH_ENCRYPTION_KEY: must be 32, 48 or 64 hexadecimal digits (16, 24 or 32 bytes), for example from "openssl rand -hex 32"
  HASURA_GRAPHQL_JWT_SECRET: claims_format must be "json" or left out: claims are written as a JSON object, not as a string
  HASURA_GRAPHQL_JWT_SECRET: type must be one of HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, EdDSA, Ed25519
  AUTH_ACCESS_TOKEN_EXPIRES_IN: must be whole seconds (got "1500ms")
  AUTH_LOCALE_ALLOWED_LOCALES: locale 2 must be 2 or 3 letters such as en
  AUTH_LOCALE_ALLOWED_LOCALES: locale 3 must be 2 or 3 letters such as en
  AUTH_GRAVATAR_RATING: must be one of g, pg, r, x (got "z")
  AUTH_DEV_MODE: must be true or false (got "perhaps")`)
}

func TestLoad_RefusesMeaninglessValuesInBothModes(t *testing.T) {
	for _, c := range []struct{ variable, value string }{
		{"AUTH_PORT", "-1"}, {"AUTH_PORT", "4000.5"}, {"AUTH_PORT", "99999999999999999999"}, {"AUTH_PORT", "0x10"},
		{"AUTH_HOST", "localhost:4000"}, {"AUTH_HOST", "*"}, {"AUTH_HOST", "a b"},
		{"AUTH_API_PREFIX", "/v1/:id"}, {"AUTH_API_PREFIX", "/../v1"}, {"AUTH_API_PREFIX", "/a//b"}, {"AUTH_API_PREFIX", "/*"},
		{"AUTH_MAX_BODY_BYTES", "0"}, {"AUTH_SHUTDOWN_DELAY", "-1s"}, {"AUTH_SHUTDOWN_DELAY", "11m"}, {"AUTH_MAX_BODY_BYTES", "1MB"},
		{"AUTH_MIGRATE", "yes"}, {"AUTH_DATABASE_POOL_SIZE", "1"}, {"AUTH_DATABASE_TIMEOUT", "0"}, {"AUTH_DATABASE_TIMEOUT", "-5s"},
		{"AUTH_SIGNING_ALGORITHM", "HS256"}, {"AUTH_SIGNING_ALGORITHM", "none"},
		{"AUTH_ACCESS_TOKEN_EXPIRES_IN", "0"}, {"AUTH_ACCESS_TOKEN_EXPIRES_IN", "-900"}, {"AUTH_ACCESS_TOKEN_EXPIRES_IN", "9223372036854775807"},
		{"AUTH_REFRESH_TOKEN_EXPIRES_IN", "0"}, {"AUTH_REFRESH_TOKEN_EXPIRES_IN", "30d"}, {"AUTH_REFRESH_TOKEN_GRACE", "-1"},
		{"AUTH_USER_DEFAULT_ROLE", "a b"}, {"AUTH_USER_DEFAULT_ROLE", "a,b"}, {"AUTH_USER_DEFAULT_ALLOWED_ROLES", "me,{}"},
		{"AUTH_LOCALE_DEFAULT", "e"}, {"AUTH_LOCALE_DEFAULT", "de-AT"}, {"AUTH_GRAVATAR_DEFAULT", "cat"},
		{"AUTH_PASSWORD_MIN_LENGTH", "51"}, {"AUTH_PASSWORD_HASH", "md5"}, {"AUTH_PASSWORD_HASH_CONCURRENCY", "-1"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_EMAILS", "jane"}, {"AUTH_ACCESS_CONTROL_BLOCKED_EMAILS", "a@b@c"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS", "@example.com"}, {"AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS", "*.example.com"},
		{"AUTH_ENCRYPTION_KEY", hexKey[:62]}, {"AUTH_ENCRYPTION_KEY", "zz" + hexKey[2:]},
		{"AUTH_DEV_MODE", "maybe"}, {"AUTH_DATA_DIR", "data?mode=memory"},
	} {
		for _, mode := range []string{"true", "false"} {
			environ := production(map[string]string{"AUTH_DEV_MODE": mode})
			environ[c.variable] = c.value
			require.Equal(t, []string{c.variable}, names(problems(t, environ)), "%s=%s, development %s", c.variable, c.value, mode)
		}
	}
}

func TestLoad_UnsafeIsRefusedInProductionAndWarnedOfInDevelopment(t *testing.T) {
	for _, c := range []struct{ variable, value string }{
		{"AUTH_SERVER_URL", "http://auth.example.com"},
		{"AUTH_SERVER_URL", "http://localhost.example.com"},
		{"AUTH_SERVER_URL", "http://notlocalhost"},
		{"AUTH_ADMIN_SECRET", "31-characters-are-one-too-few.."},
		{"AUTH_ADMIN_SECRET", strings.Repeat("x", 32)},
		{"AUTH_CLIENT_URL", "http://192.168.1.4:3000"},
		{"AUTH_DATABASE_URL", "sqlite://:memory:"},
		{"AUTH_DATABASE_URL", "sqlite://file::memory:"},
		{"AUTH_ENCRYPTION_KEY", strings.Repeat("00", 32)},
		{"HASURA_GRAPHQL_JWT_SECRET", `{"type":"HS256","key":"0123456789012345678901234567890"}`},
		{"AUTH_REFRESH_TOKEN_GRACE", "721h"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", "https://**"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", "https://*/x"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", "https://example.*:8080"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS", "https://example.c?m"},
		{"AUTH_ACCESS_CONTROL_ALLOWED_EMAILS", "mallory@example.net"},
	} {
		environ := production(map[string]string{"AUTH_ACCESS_CONTROL_BLOCKED_EMAILS": "Mallory@example.net", c.variable: c.value})
		got := problems(t, environ)
		require.Equal(t, []string{c.variable}, names(got), c.value)

		environ["AUTH_DEV_MODE"] = "true"
		require.Equal(t, []string{c.variable + ": " + got[0].Message}, load(t, environ).Warnings, c.value)
	}
}

func TestLoad_Warnings(t *testing.T) {
	for want, environ := range map[string]map[string]string{
		"AUTH_SERVER_URL: is not set: tokens and links name http://localhost as this server; give its public address, such as https://auth.example.com/v1": production(map[string]string{"AUTH_SERVER_URL": ""}),
		"AUTH_CLIENT_URL: is not set: redirects have no default target; give the address of your app, such as https://app.example.com":                     production(map[string]string{"AUTH_CLIENT_URL": ""}),
		"AUTH_HOST: development mode is reachable from other machines":                                                                                     {"AUTH_HOST": "0.0.0.0"},
		"AUTH_ACCESS_TOKEN_EXPIRES_IN: access tokens live longer than sessions (AUTH_REFRESH_TOKEN_EXPIRES_IN)":                                            production(map[string]string{"AUTH_REFRESH_TOKEN_EXPIRES_IN": "899"}),
		"AUTH_SIGNING_ALGORITHM: has no effect because HASURA_GRAPHQL_JWT_SECRET is set":                                                                   production(map[string]string{"AUTH_SIGNING_ALGORITHM": "ES256", "HASURA_GRAPHQL_JWT_SECRET": hmacSecret}),
		"HASURA_GRAPHQL_JWT_SECRET: key should have at least 64 bytes for HS512":                                                                           production(map[string]string{"HASURA_GRAPHQL_JWT_SECRET": strings.Replace(hmacSecret, "HS256", "HS512", 1)}),
		"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: entry 1 allows every host below a top-level domain":                                                    production(map[string]string{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS": "https://*.com"}),
		"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: entry 2 sends tokens over plain http":                                                                  production(map[string]string{"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS": "http://[::1]:3000,http://app.example.com"}),
	} {
		require.Equal(t, []string{want}, load(t, environ).Warnings)
	}
}

func TestLoad_TheIssuerOfTOTPFitsIntoAQRCode(t *testing.T) {
	for _, issuer := range []string{"a:b", strings.Repeat("x", 41), "a\nb"} {
		require.Equal(t, []string{"AUTH_MFA_TOTP_ISSUER"}, names(problems(t, production(map[string]string{"AUTH_MFA_TOTP_ISSUER": issuer}))))
	}
	require.Equal(t, strings.Repeat("日", 13), load(t, production(map[string]string{"AUTH_MFA_TOTP_ISSUER": strings.Repeat("日", 13)})).MFATOTPIssuer)
}

func TestLoad_MailNeedsASender(t *testing.T) {
	require.Equal(t, []string{"AUTH_SMTP_SENDER"}, names(problems(t, production(map[string]string{"AUTH_SMTP_SENDER": ""}))))
	require.Equal(t, []string{"AUTH_SMTP_SENDER"}, names(problems(t, production(map[string]string{"AUTH_SMTP_SENDER": "Example noreply"}))))
	require.Equal(t, []string{"AUTH_SMTP_PASS"}, names(problems(t, production(map[string]string{"AUTH_SMTP_HOST": "postmark"}))))
	require.True(t, load(t, production(map[string]string{"AUTH_SMTP_HOST": "postmark", "AUTH_SMTP_PASS": "token"})).Postmark())
	require.Equal(t, []string{"AUTH_SMTP_HOST: is not set: mails wait in the outbox, and users who need one can't sign in"},
		load(t, production(map[string]string{"AUTH_SMTP_HOST": ""})).Warnings)
	require.Equal(t, []string{"AUTH_PASSWORD_HIBP_URL"}, names(problems(t, production(map[string]string{
		"AUTH_PASSWORD_HIBP_ENABLED": "true", "AUTH_PASSWORD_HIBP_URL": "ftp://x",
	}))))
}

func TestLoad_ListsNamesItDoesNotRead(t *testing.T) {
	c := load(t, map[string]string{
		"AUTH_SMS_SENDER": "x", "AUTH_PROT": "1", "HASURA_GRAPHQL_OTHER": "x", "AUTH_EMPTY": "", "PATH": "/bin", "AUTH_PORT": "1",
		"HASURA_GRAPHQL_DATABASE_URL": "", "AUTH_\nX": "1",
	})
	require.Equal(t, []string{"AUTH_PROT", "AUTH_SMS_SENDER", "HASURA_GRAPHQL_OTHER"}, c.Ignored)
	require.Nil(t, load(t, map[string]string{"AUTH_PORT": "1"}).Ignored)
}

func TestLoad_NeverLooksAtTheProcessEnvironment(t *testing.T) {
	t.Setenv("AUTH_PORT", "1")
	require.Equal(t, 4000, load(t, nil).Port)
	require.Equal(t, 4000, load(t, map[string]string{}).Port)
}

func TestFromEnviron_FirstOfARepeatedNameCounts(t *testing.T) {
	require.Equal(t, map[string]string{"A": "1", "B": "x=y", "C": ""}, config.FromEnviron([]string{"A=1", "B=x=y", "A=2", "C=", "D"}))
}

func TestConfig_IssuerAndNamespaceComeFromTheSecretFirst(t *testing.T) {
	c := load(t, production(nil))
	require.Equal(t, "https://auth.example.com/v1", c.Issuer())
	require.Equal(t, "https://hasura.io/jwt/claims", c.ClaimsNamespace())

	c = load(t, production(map[string]string{"HASURA_GRAPHQL_JWT_SECRET": hmacSecret}))
	require.Equal(t, "https://auth.example.com/v1", c.Issuer())
	require.Equal(t, "https://hasura.io/jwt/claims", c.ClaimsNamespace())

	named := `{"type":"HS256","key":"01234567890123456789012345678901","issuer":"hasura-auth","claims_namespace":"ns"}`
	c = load(t, production(map[string]string{"HASURA_GRAPHQL_JWT_SECRET": named}))
	require.Equal(t, "hasura-auth", c.Issuer())
	require.Equal(t, "ns", c.ClaimsNamespace())
}

func TestConfig_SQLitePath(t *testing.T) {
	for raw, want := range map[string]string{"sqlite:///var/x.db": "/var/x.db", "sqlite://./x.db": "./x.db", "sqlite://:memory:": ":memory:"} {
		path, ok := load(t, map[string]string{"AUTH_DATABASE_URL": raw, "AUTH_DEV_MODE": "true"}).SQLitePath()
		require.True(t, ok)
		require.Equal(t, want, path)
	}
	_, ok := load(t, production(nil)).SQLitePath()
	require.False(t, ok)
}

func TestLoad_EncryptionKeyHasAnAESLength(t *testing.T) {
	for _, size := range []int{16, 24, 32} {
		key := append(bytes.Repeat([]byte{7}, size-1), 8)
		require.Equal(t, key, load(t, production(map[string]string{"AUTH_ENCRYPTION_KEY": hex.EncodeToString(key)})).EncryptionKey)
	}
}

func TestLoad_RepeatsOnlyTheStartOfALongValue(t *testing.T) {
	require.Equal(t, []config.Problem{{Variable: "AUTH_MIGRATE", Message: `must be true or false (got "` + strings.Repeat("x", 40) + `…")`}},
		problems(t, map[string]string{"AUTH_MIGRATE": strings.Repeat("x", 41)}))
}

func TestLoad_TheAdminSecretTravelsInAHeader(t *testing.T) {
	const good = "a-secret-of-at-least-32-characters!"
	require.Equal(t, good, load(t, production(map[string]string{"AUTH_ADMIN_SECRET": good})).AdminSecret)
	for _, bad := range []string{"a secret of at least 32 characters", "a-secret-of-at-least-32-charäcters", "a-secret-of-at-least-32-\x01haracters"} {
		for _, environ := range []map[string]string{{"AUTH_ADMIN_SECRET": bad}, production(map[string]string{"AUTH_ADMIN_SECRET": bad})} {
			require.Equal(t, []string{"AUTH_ADMIN_SECRET"}, names(problems(t, environ)))
		}
	}
}
