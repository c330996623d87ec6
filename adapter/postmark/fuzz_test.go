package postmark_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/postmark"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzSend reads Postmark's answers. Nothing but a 200 is success, and no error repeats link, ticket or token, however the answer
// repeats them.
func FuzzSend(f *testing.F) {
	for _, body := range []string{`{"ErrorCode":300,"Message":"Invalid L T K"}`, `{"ErrorCode":"x"}`, "", "null", `{"Message":"` + strings.Repeat("L", 50) + `"}`, `{"Message":"` + strings.Repeat("é", 299) + `"}`} {
		f.Add(422, body)
	}
	f.Add(200, `{"ErrorCode":1}`)
	f.Add(503, "<html>K")
	const ticket = "verifyEmail:0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"
	const link = "https://auth.example.com/verify?redirectTo=x&ticket=verifyEmail%3A0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		body = strings.NewReplacer("L", link, "T", ticket, "K", token).Replace(body)
		m, err := postmark.New(postmark.Options{
			Token: token, Sender: "noreply@example.com",
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: []byte(body)} }).Client(),
		})
		require.NoError(t, err)
		err = m.Send(t.Context(), domain.Mail{Message: domain.Message{To: "jane@example.com", Locale: "en", Template: domain.TemplateEmailVerify, Link: link, Ticket: ticket}})
		require.Equal(t, status == http.StatusOK, err == nil)
		if err == nil {
			return
		}
		require.Equal(t, status == http.StatusTooManyRequests || status >= 500, errors.Is(err, domain.Unavailable))
		require.Less(t, len(err.Error()), 1500)
		for _, secret := range []string{token, ticket, link, "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"} {
			require.NotContains(t, err.Error(), secret)
		}
	})
}
