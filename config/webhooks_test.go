package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestWebhooks_AreReadWithTheirFilters(t *testing.T) {
	got := load(t, production(map[string]string{"AUTH_WEBHOOKS": `[
		{"url":"https://hooks.example.com/a?key=1","secret":"` + hookSecret + `","events":["sign_in","user.deleted"]},
		{"url":"https://hooks.example.com/b","secret":"` + hookSecret + `"}]`})).Webhooks
	require.Len(t, got, 2)
	require.Equal(t, "https://hooks.example.com/a?key=1", got[0].URL)
	require.Equal(t, []domain.EventFilter{"sign_in", "user.deleted"}, got[0].Events)
	require.Empty(t, got[1].Events)
	require.Len(t, got[0].Secret, 24)
	require.Regexp(t, `^hooks\.example\.com#[0-9a-f]{8}$`, got[0].Name())
	require.NotEqual(t, got[0].Name(), got[1].Name())
}

func TestWebhooks_MistakesAreNamedAndNoValueIsRepeated(t *testing.T) {
	for text, message := range map[string]string{
		`x`: "must be a JSON list",
		`[{"url":"ftp://secret.example.com","secret":"` + hookSecret + `"}]`:                                                            "entry 1: url must be an https URL",
		`[{"url":"https://a:secret@b.example.com","secret":"` + hookSecret + `"}]`:                                                      "entry 1: url must be an https URL",
		`[{"url":"http://secret.example.com","secret":"` + hookSecret + `"}]`:                                                           "entry 1: url: ",
		`[{"url":"https://b.example.com","secret":"whsec_c2VjcmV0"}]`:                                                                   "entry 1: secret must be 24 to 64 bytes",
		`[{"url":"https://b.example.com"}]`:                                                                                             "entry 1: secret must be 24 to 64 bytes",
		`[{"url":"https://b.example.com","secret":"` + hookSecret + `","events":["secret.thing"]}]`:                                     "entry 1: events must be kinds",
		`[{"url":"https://b.example.com","secret":"` + hookSecret + `","secrets":1}]`:                                                   "entry 1: has a member that is none of url, secret, events",
		`[{"url":"https://b.example.com","secret":"` + hookSecret + `"},{"url":"https://b.example.com","secret":"` + hookSecret + `"}]`: "entry 2: url is that of an earlier entry",
	} {
		found := problems(t, production(map[string]string{"AUTH_WEBHOOKS": text}))
		require.Len(t, found, 1, text)
		require.Equal(t, "AUTH_WEBHOOKS", found[0].Variable)
		require.Contains(t, found[0].Message, message, text)
		require.False(t, strings.Contains(strings.ReplaceAll(found[0].Message, "secret must", ""), "secret.") || strings.Contains(found[0].Message, "MfKQ"), text)
	}
}

func TestWebhooks_InTheInternalNetworkMayBePlain(t *testing.T) {
	load(t, production(map[string]string{
		"AUTH_WEBHOOKS": `[{"url":"http://hooks.internal:8080/","secret":"` + hookSecret + `"}]`, "AUTH_WEBHOOKS_ALLOW_PRIVATE": "true",
	}))
}
