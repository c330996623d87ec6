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
