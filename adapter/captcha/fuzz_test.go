package captcha_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/captcha"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzCheck reads answers of captcha providers. Only an object whose success is true lets anybody pass.
func FuzzCheck(f *testing.F) {
	for _, body := range []string{
		`{"success":true,"hostname":"app.example.com","action":"sign-up","score":0.9}`, `{"success":true,"score":0.1}`, `{"success":false,"error-codes":["timeout-or-duplicate"]}`,
		`{"success":false,"error-codes":["invalid-input-secret"]}`, `{"success":"true"}`, `{}`, `null`, `[]`, `{"success":true}{"success":false}`, `{"Success":true}`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(400, []byte(`{"success":false,"error-codes":["bad-request"]}`))
	f.Add(500, []byte(`{"success":true}`))
	const secret = "the secret of the captcha"
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		for _, provider := range []captcha.Provider{captcha.Turnstile, captcha.HCaptcha, captcha.ReCaptcha} {
			v, err := captcha.New(captcha.Options{
				Provider: provider, Secret: secret, Hostnames: []string{"app.example.com"}, Action: "sign-up", MinScore: 0.5,
				Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: body} }).Client(),
			})
			require.NoError(t, err)
			verdict, err := v.Check(t.Context(), "the visitor's answer", "192.0.2.1")
			if err != nil {
				require.Equal(t, domain.CaptchaRefused, verdict)
				require.NotContains(t, err.Error(), secret)
				require.NotContains(t, err.Error(), "the visitor's answer")
				continue
			}
			require.True(t, status == http.StatusOK || status == http.StatusBadRequest)
			if verdict == domain.CaptchaPassed {
				var said struct {
					Success          bool
					Hostname, Action string
				}
				require.NoError(t, json.Unmarshal(body, &said))
				require.True(t, said.Success)
				require.Equal(t, "sign-up", said.Action)
			}
		}
	})
}
