package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// withPasskeys is a production configuration with WebAuthn.
func withPasskeys(more map[string]string) map[string]string {
	environ := production(map[string]string{"AUTH_WEBAUTHN_ENABLED": "true", "AUTH_CLIENT_URL": "https://app.example.com"})
	for name, value := range more {
		environ[name] = value
	}
	return environ
}

func TestLoad_TakesTheRelyingPartyFromTheApp(t *testing.T) {
	c := load(t, withPasskeys(map[string]string{"AUTH_CLIENT_URL": "https://App.Example.com:443/home"}))
	require.Equal(t, "app.example.com", c.WebAuthnRPID)
	require.Equal(t, "app.example.com", c.WebAuthnRPName)
	require.Equal(t, []string{"https://app.example.com"}, c.WebAuthnRPOrigins)
	require.Equal(t, 60000, c.WebAuthnTimeout)
	require.Empty(t, c.Warnings)

	c = load(t, withPasskeys(map[string]string{
		"AUTH_WEBAUTHN_RP_ID": "Example.com", "AUTH_WEBAUTHN_RP_NAME": "Example & Co", "AUTH_WEBAUTHN_ATTESTATION_TIMEOUT": "120000",
		"AUTH_WEBAUTHN_RP_ORIGINS": "https://www.example.com/,https://example.com:8443,android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck",
	}))
	require.Equal(t, "example.com", c.WebAuthnRPID)
	require.Equal(t, "Example & Co", c.WebAuthnRPName)
	require.Equal(t, []string{
		"https://www.example.com", "https://example.com:8443", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", "https://app.example.com",
	}, c.WebAuthnRPOrigins)
	require.Equal(t, 120000, c.WebAuthnTimeout)
	require.Empty(t, c.Warnings)
}

func TestLoad_RefusesARelyingPartyThatNoBrowserKnows(t *testing.T) {
	const id, origins = "AUTH_WEBAUTHN_RP_ID", "AUTH_WEBAUTHN_RP_ORIGINS"
	for _, c := range []struct {
		name, value, wrong string
	}{
		{id, "https://example.com", id}, {id, "example.com:443", id}, {id, "127.0.0.1", id}, {id, "*.example.com", id}, {id, "example.com.", id},
		{"AUTH_CLIENT_URL", "http://127.0.0.1:3000", id},
		{origins, "example.com", origins}, {origins, "https://*.example.com", origins}, {origins, "https://example.com/app", origins},
		{origins, "http://app.example.com", origins}, {origins, "android:apk-key-hash:", origins}, {origins, "myapp://x", origins},
		{"AUTH_WEBAUTHN_ATTESTATION_TIMEOUT", "1m", "AUTH_WEBAUTHN_ATTESTATION_TIMEOUT"}, {"AUTH_WEBAUTHN_ATTESTATION_TIMEOUT", "999", "AUTH_WEBAUTHN_ATTESTATION_TIMEOUT"},
	} {
		require.Contains(t, names(problems(t, withPasskeys(map[string]string{c.name: c.value}))), c.wrong, c.value)
	}
	require.Equal(t, []string{id, origins}, names(problems(t, withPasskeys(map[string]string{"AUTH_CLIENT_URL": "myapp://home"}))))
	require.Empty(t, load(t, production(map[string]string{"AUTH_CLIENT_URL": "myapp://home"})).WebAuthnRPID, "nobody asks where it is off")
}

func TestLoad_WarnsOfOriginsOutsideOfTheDomain(t *testing.T) {
	warnings := load(t, withPasskeys(map[string]string{"AUTH_WEBAUTHN_RP_ORIGINS": "https://example.org"})).Warnings
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "AUTH_WEBAUTHN_RP_ORIGINS")
	require.Empty(t, load(t, withPasskeys(map[string]string{"AUTH_CLIENT_URL": "http://localhost:3000"})).Warnings)
}
