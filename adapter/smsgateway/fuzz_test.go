package smsgateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/smsgateway"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzSendSMS reads a gateway's answers. Nothing but a 2xx is success, and no error repeats code, number or credentials, however the
// answer repeats them.
func FuzzSendSMS(f *testing.F) {
	for _, body := range []string{"", "T N K C", strings.Repeat("T", 200), strings.Repeat("x", 290) + "K", strings.Repeat("x", 4090) + "K", strings.Repeat("T", 1000), "\xff"} {
		f.Add(400, body)
	}
	f.Add(299, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		body = strings.NewReplacer("T", text, "N", number, "K", key, "C", "493817").Replace(body)
		g, err := smsgateway.New(smsgateway.Options{
			URL: "https://sms.example.com/send?key=" + key, Headers: map[string]string{"Authorization": "Bearer " + key}, Template: template,
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: []byte(body)} }).Client(),
		})
		require.NoError(t, err)
		err = g.SendSMS(t.Context(), domain.Mail{Message: domain.Message{To: number}, Text: text})
		require.Equal(t, status/100 == 2, err == nil)
		if err == nil {
			return
		}
		require.ErrorIs(t, err, domain.CannotSendSMS)
		require.Less(t, len(err.Error()), 1500)
		for _, secret := range []string{key, "493817", number[1:]} {
			require.NotContains(t, err.Error(), secret)
		}
	})
}

// FuzzTemplate fills templates. One that is accepted makes JSON of every message, with number and text as they are.
func FuzzTemplate(f *testing.F) {
	f.Add(template, "Code <493817> \\ \"é\u2028")
	f.Add(`"${to}${text}"`, "${to}")
	f.Add(`{"a":"${to}","${text}":1,"c":${text}}`, "1")
	f.Add(`["\u0024{to}","${to}","${text}",1e5]`, "\xff")
	f.Fuzz(func(t *testing.T, template, text string) {
		var sent []byte
		g, err := smsgateway.New(smsgateway.Options{
			URL: "https://sms.example.com", Template: template,
			Client: &http.Client{Transport: recording{&sent}},
		})
		if err != nil {
			require.Less(t, len(err.Error()), 200, "it repeats the template")
			return
		}
		require.NoError(t, g.SendSMS(t.Context(), domain.Mail{Message: domain.Message{To: number}, Text: text}))
		require.True(t, json.Valid(sent), "%s", sent)
		require.Contains(t, string(sent), number)
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		require.Contains(t, string(sent), string(encoded[1:len(encoded)-1]))
	})
}

// recording is a transport that accepts and keeps what was sent.
type recording struct{ body *[]byte }

func (r recording) RoundTrip(request *http.Request) (*http.Response, error) {
	*r.body, _ = io.ReadAll(request.Body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
}
