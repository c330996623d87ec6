package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad_TrustsTheProxiesThatAreNamedOrNobody(t *testing.T) {
	require.Empty(t, load(t, production(map[string]string{"AUTH_TRUSTED_PROXIES": "none"})).TrustedProxies)
	for value, want := range map[string]string{
		"10.0.0.0/8,localhost": "entry 2 must be a network such as 10.0.0.0/8 or an address such as 192.0.2.1, or the list must be the one word none",
		"none,10.0.0.0/8":      "entry 1 must be a network such as 10.0.0.0/8 or an address such as 192.0.2.1, or the list must be the one word none",
		"0.0.0.0/0":            "trusts everybody, so every client can invent its address",
		"10.0.0.0/8,::/0":      "trusts everybody, so every client can invent its address",
	} {
		got := problems(t, production(map[string]string{"AUTH_TRUSTED_PROXIES": value}))
		require.Equal(t, []string{"AUTH_TRUSTED_PROXIES"}, names(got), value)
		require.Equal(t, want, got[0].Message, value)
	}
	require.Equal(t, []string{"AUTH_TRUSTED_PROXIES: trusts everybody, so every client can invent its address"},
		load(t, map[string]string{"AUTH_TRUSTED_PROXIES": "::/0"}).Warnings)
}

func TestLoad_RateLimitsNeedAServerOfRedisWhereOneIsNamed(t *testing.T) {
	for _, bad := range []string{"localhost:6379", "http://localhost", "redis://", "redis://:hunter2@/0", "postgres://:hunter2@host", "redis://:hunter2%zz@host"} {
		got := problems(t, production(map[string]string{"AUTH_RATE_LIMIT_ENABLE": "true", "AUTH_RATE_LIMIT_REDIS_URL": bad}))
		require.Equal(t, []string{"AUTH_RATE_LIMIT_REDIS_URL"}, names(got), bad)
		require.NotContains(t, got[0].Message, "hunter2")
	}
	for environ, want := range map[[2]string]string{
		{"AUTH_RATE_LIMIT_REDIS_URL", "redis://redis:6379"}:    "AUTH_RATE_LIMIT_REDIS_URL: has no effect because AUTH_RATE_LIMIT_ENABLE is not true",
		{"AUTH_RATE_LIMIT_MEMCACHE_SERVER", "memcached:11211"}: "AUTH_RATE_LIMIT_MEMCACHE_SERVER: is not supported: each instance counts for itself unless AUTH_RATE_LIMIT_REDIS_URL names a Redis or Valkey server",
	} {
		c := load(t, production(map[string]string{environ[0]: environ[1]}))
		require.Equal(t, []string{want}, c.Warnings)
		require.Empty(t, c.Ignored)
	}
	for _, name := range []string{"AUTH_RATE_LIMIT_GLOBAL_BURST", "AUTH_RATE_LIMIT_EMAIL_INTERVAL"} {
		require.Equal(t, []string{name}, names(problems(t, production(map[string]string{name: "0"}))))
	}
}

func TestLoad_TheCaptchaNeedsItsSecret(t *testing.T) {
	require.Equal(t, "from-turnstile", load(t, production(map[string]string{"AUTH_TURNSTILE_SECRET": "from-turnstile"})).CaptchaSecret)
	require.Equal(t, []string{"AUTH_CAPTCHA_PROVIDER: has no effect because AUTH_CAPTCHA_SECRET is not set: no captcha is asked for"},
		load(t, production(map[string]string{"AUTH_CAPTCHA_PROVIDER": "turnstile"})).Warnings)
	for name, environ := range map[string]map[string]string{
		"AUTH_CAPTCHA_SECRET":    {"AUTH_CAPTCHA_PROVIDER": "hcaptcha"},
		"AUTH_TURNSTILE_SECRET":  {"AUTH_CAPTCHA_PROVIDER": "hcaptcha", "AUTH_TURNSTILE_SECRET": "hunter2"},
		"AUTH_CAPTCHA_ACTION":    {"AUTH_CAPTCHA_PROVIDER": "hcaptcha", "AUTH_CAPTCHA_SECRET": "hunter2", "AUTH_CAPTCHA_ACTION": "signup"},
		"AUTH_CAPTCHA_URL":       {"AUTH_CAPTCHA_SECRET": "hunter2", "AUTH_CAPTCHA_URL": "http://captcha.example.com"},
		"AUTH_CAPTCHA_PROVIDER":  {"AUTH_CAPTCHA_SECRET": "hunter2", "AUTH_CAPTCHA_PROVIDER": "somebody"},
		"AUTH_CAPTCHA_MIN_SCORE": {"AUTH_CAPTCHA_MIN_SCORE": "1.01"},
	} {
		got := problems(t, production(environ))
		require.Equal(t, []string{name}, names(got), environ)
		require.NotContains(t, got[0].Message, "hunter2")
	}
	for _, bad := range []string{"-0.1", "NaN", "much", "Inf"} {
		require.Equal(t, []string{"AUTH_CAPTCHA_MIN_SCORE"}, names(problems(t, production(map[string]string{"AUTH_CAPTCHA_MIN_SCORE": bad}))), bad)
	}
	for _, bad := range []string{"captcha.example.com", "ftp://captcha.example.com", "https://", "https://u:hunter2@captcha.example.com"} {
		require.Equal(t, []string{"AUTH_CAPTCHA_URL"}, names(problems(t, production(map[string]string{"AUTH_CAPTCHA_URL": bad}))), bad)
	}
}
