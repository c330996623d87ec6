package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
)

// withSMS is a production environment in which a gateway is complete, but for changes.
func withSMS(provider string, changes map[string]string) map[string]string {
	environ := map[string]string{
		"AUTH_SMS_PASSWORDLESS_ENABLED": "true", "AUTH_SMS_PROVIDER": provider,
		"AUTH_SMS_TWILIO_ACCOUNT_SID": "AC0123", "AUTH_SMS_TWILIO_AUTH_TOKEN": "token", "AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID": "MG0123",
		"AUTH_SMS_MODICA_USERNAME": "user", "AUTH_SMS_MODICA_PASSWORD": "password", "AUTH_SMS_HTTP_URL": "https://sms.example.com/send",
	}
	for name, value := range changes {
		environ[name] = value
	}
	return production(environ)
}

func TestSMS_EveryMistakeNamesItsVariable(t *testing.T) {
	for _, provider := range []string{"twilio", "modica", "http"} {
		require.Empty(t, load(t, withSMS(provider, nil)).Warnings, provider)
	}
	for _, c := range []struct{ provider, name, value string }{
		{"twilio", "AUTH_SMS_TWILIO_ACCOUNT_SID", ""},
		{"twilio", "AUTH_SMS_TWILIO_ACCOUNT_SID", "VA0123"}, // a service, which the peer asks for here
		{"twilio", "AUTH_SMS_TWILIO_ACCOUNT_SID", "AC/../x"},
		{"twilio", "AUTH_SMS_TWILIO_AUTH_TOKEN", ""},
		{"twilio", "AUTH_SMS_TWILIO_AUTH_TOKEN", "to ken"},
		{"twilio", "AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID", ""},
		{"twilio", "AUTH_SMS_TWILIO_API_URL", "ftp://x"},
		{"twilio", "AUTH_SMS_TWILIO_API_URL", "http://twilio.example.com"},
		{"modica", "AUTH_SMS_MODICA_USERNAME", ""},
		{"modica", "AUTH_SMS_MODICA_USERNAME", "a:b"},
		{"modica", "AUTH_SMS_MODICA_PASSWORD", ""},
		{"modica", "AUTH_SMS_MODICA_API_URL", "nowhere"},
		{"http", "AUTH_SMS_HTTP_URL", ""},
		{"http", "AUTH_SMS_HTTP_URL", "http://sms.example.com"},
		{"http", "AUTH_SMS_HTTP_HEADERS", `["a"]`},
		{"http", "AUTH_SMS_HTTP_HEADERS", `null`},
		{"http", "AUTH_SMS_HTTP_HEADERS", `{"a":1}`},
		{"http", "AUTH_SMS_HTTP_TEMPLATE", `{"to":"${to}"}`},
		{"http", "AUTH_SMS_HTTP_TEMPLATE", `{"to":${to},"text":"${text}"}`},
		{"http", "AUTH_SMS_HTTP_TEMPLATE", `{"to":"${to}","text":"${text}","x":"${x}"}`},
		{"dev", "AUTH_SMS_PROVIDER", "dev"},
		{"http", "AUTH_SMS_PROVIDER", "carrier-pigeon"},
		{"http", "AUTH_SMS_ALLOWED_COUNTRIES", "DE,Germany"},
		{"http", "AUTH_SMS_LIMIT_NUMBER", "-1"},
		{"http", "AUTH_SMS_LIMIT_INTERVAL", "0"},
	} {
		require.Equal(t, []string{c.name}, names(problems(t, withSMS(c.provider, map[string]string{c.name: c.value}))), "%s: %q", c.name, c.value)
	}
}

func TestSMS_AGatewayThatIsNotUsedNeedNotBeComplete(t *testing.T) {
	load(t, production(map[string]string{"AUTH_SMS_PROVIDER": "twilio", "AUTH_SMS_TWILIO_ACCOUNT_SID": "VA1"}))
	load(t, withSMS("modica", map[string]string{"AUTH_SMS_TWILIO_ACCOUNT_SID": "", "AUTH_SMS_HTTP_TEMPLATE": "x"}))
}

func TestSMS_DevelopmentNeedsNoGateway(t *testing.T) {
	c := load(t, map[string]string{"AUTH_SMS_PASSWORDLESS_ENABLED": "true"})
	require.Equal(t, config.SMSMailbox, c.SMSProvider)
	require.Empty(t, c.Warnings)
}

func TestSMS_SecretsOfGatewaysNeverShow(t *testing.T) {
	for _, name := range []string{"AUTH_SMS_TWILIO_AUTH_TOKEN", "AUTH_SMS_MODICA_PASSWORD", "AUTH_SMS_HTTP_URL", "AUTH_SMS_HTTP_HEADERS"} {
		for _, provider := range []string{"twilio", "modica", "http"} {
			for _, value := range []string{marker, marker + " /", "http://x.example/?" + marker, `{"` + marker, `{"a":"` + marker + `"}`} {
				c, err := config.Load(withSMS(provider, map[string]string{name: value, "AUTH_PORT": "x"}))
				require.Error(t, err)
				requireNoMarker(t, err.Error())
				require.Empty(t, c.SMSProvider)
			}
			c := load(t, withSMS(provider, map[string]string{
				"AUTH_SMS_TWILIO_AUTH_TOKEN": marker, "AUTH_SMS_MODICA_PASSWORD": marker, "AUTH_SMS_HTTP_URL": "https://x.example/" + marker,
				"AUTH_SMS_HTTP_HEADERS": `{"a":"` + marker + `"}`,
			}))
			for _, setting := range c.Effective() {
				requireNoMarker(t, setting.Value)
			}
		}
	}
}
