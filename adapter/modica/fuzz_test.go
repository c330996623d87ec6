package modica_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/modica"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzSendSMS reads Modica's answers. Nothing but a 202 is success, and no error repeats code, number or password, however the answer
// repeats them.
func FuzzSendSMS(f *testing.F) {
	for _, body := range []string{"", "bad number " + number, "T N P C", strings.Repeat("T", 200), strings.Repeat("x", 290) + "P", strings.Repeat("x", 4090) + "P", strings.Repeat("T", 1000), "\xff"} {
		f.Add(400, body)
	}
	f.Add(202, "[1]")
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		body = strings.NewReplacer("T", text, "N", number, "P", password, "C", "493817").Replace(body)
		s, err := modica.New(modica.Options{
			Username: "user", Password: password,
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: []byte(body)} }).Client(),
		})
		require.NoError(t, err)
		err = s.SendSMS(t.Context(), domain.Mail{Message: domain.Message{To: number}, Text: text})
		require.Equal(t, status == http.StatusAccepted, err == nil)
		if err == nil {
			return
		}
		require.ErrorIs(t, err, domain.CannotSendSMS)
		require.Less(t, len(err.Error()), 1500)
		for _, secret := range []string{password, "493817", number[1:]} {
			require.NotContains(t, err.Error(), secret)
		}
	})
}

func TestSendSMS_RepeatsNoHalfOfASecretWhereAnAnswerIsCut(t *testing.T) {
	long := strings.Repeat("a long message with the code 493817 ", 30)
	s, err := modica.New(modica.Options{
		Username: "user", Password: password,
		Client: hostile.Transport(func(*http.Request) hostile.Answer {
			return hostile.Answer{Status: 400, Body: []byte(strings.Repeat(long, 5))}
		}).Client(),
	})
	require.NoError(t, err)
	err = s.SendSMS(t.Context(), domain.Mail{Message: domain.Message{To: number}, Text: long})
	require.NotContains(t, err.Error(), "a long message")
}
