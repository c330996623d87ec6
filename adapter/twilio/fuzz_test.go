package twilio_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/twilio"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzAnswer reads Twilio's answers to messages, verifications and their checks. A code is right only where Twilio says "approved",
// and no error repeats code, number or token, however the answer repeats them.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{queued, pending, approved, `{"status":"APPROVED"}`, `{"sid":"x","error_code":30034,"error_message":"N C"}`, "", "null", "[]", `{"status":["approved"]}`} {
		f.Add(200, body)
	}
	for _, body := range []string{`{"code":21211,"message":"The number N is not valid, K"}`, `{"code":20404}`, `{"code":"x"}`, `{"message":"` + strings.Repeat("K", 20) + `"}`, "<html>K", `{"code":1,"details":{"a":"K"}}`} {
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		body = strings.NewReplacer("N", number, "K", authToken, "C", "493817").Replace(body)
		o := twilio.Options{
			AccountSID: accountSID, AuthToken: authToken, ServiceID: messaging,
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: []byte(body)} }).Client(),
		}
		harmless := func(err error) {
			if err == nil {
				require.Equal(t, 2, status/100)
				return
			}
			require.Less(t, len(err.Error()), 1500)
			for _, secret := range []string{authToken, "493817", number[1:]} {
				require.NotContains(t, err.Error(), secret)
			}
		}
		harmless(sender(t, o).SendSMS(t.Context(), domain.Mail{Message: domain.Message{To: number}, Text: text}))
		o.ServiceID = verifySID
		v := verifier(t, o)
		harmless(v.StartVerification(t.Context(), number, "en"))
		right, err := v.CheckVerification(t.Context(), number, "493817")
		if right {
			require.NoError(t, err)
			var said struct{ Status string }
			require.NoError(t, json.NewDecoder(strings.NewReader(body)).Decode(&said))
			require.Equal(t, "approved", said.Status)
		} else if err != nil {
			harmless(err)
		}
	})
}
