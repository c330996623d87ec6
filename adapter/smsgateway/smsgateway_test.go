package smsgateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/smsgateway"
	"github.com/hexauth/hexauth/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	number   = "+12025550123"
	text     = "Code <493817> & \"plus\" \\ é ${to}\n\u2028"
	template = `{"from": "hexauth", "to": ["${to}"], "body": {"text": "${text}", "flash": false}}`
	key      = "very-secret-key"
)

// request is what arrived at the gateway.
type request struct {
	line, host string
	header     http.Header
	body       string
}

// fake is a gateway that answers everything alike.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

func serve(t *testing.T, answer http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.requests = append(f.requests, request{r.Method + " " + r.URL.String(), r.Host, r.Header, string(body)})
		f.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(func() {
		f.Client().CloseIdleConnections()
		f.Close()
	})
	return f
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (f *fake) options() smsgateway.Options {
	return smsgateway.Options{
		URL: f.URL + "/v1/send?apikey=query-secret", Headers: map[string]string{"authorization": "Bearer " + key}, Template: template,
		Client: f.Client(),
	}
}

func send(ctx context.Context, t *testing.T, o smsgateway.Options) error {
	t.Helper()
	g, err := smsgateway.New(o)
	require.NoError(t, err)
	return g.SendSMS(ctx, sms(number, text))
}

func TestSendSMS_FillsTheTemplate(t *testing.T) {
	f := serve(t, answering(200, "OK"))
	require.NoError(t, send(t.Context(), t, f.options()))
	require.Len(t, f.requests, 1)
	got := f.requests[0]
	require.Equal(t, "POST /v1/send?apikey=query-secret", got.line)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	require.Equal(t, "Bearer very-secret-key", got.header.Get("Authorization"))
	var body any
	require.NoError(t, json.Unmarshal([]byte(got.body), &body))
	require.Equal(t, map[string]any{
		"from": "hexauth", "to": []any{number}, "body": map[string]any{"text": text, "flash": false},
	}, body)
}

func TestSendSMS_SendsTheHeadersOfTheOperator(t *testing.T) {
	f := serve(t, answering(200, ""))
	o := f.options()
	o.Headers = map[string]string{"content-type": "application/vnd.api+json", "X-Api-Key": key, "Host": "gateway.example.com"}
	require.NoError(t, send(t.Context(), t, o))
	got := f.requests[0]
	require.Equal(t, []string{"application/vnd.api+json"}, got.header["Content-Type"])
	require.Equal(t, []string{key}, got.header["X-Api-Key"])
	require.Equal(t, "gateway.example.com", got.host)
}

func TestSendSMS_NoMessageBreaksOutOfItsString(t *testing.T) {
	f := serve(t, answering(200, ""))
	g, err := smsgateway.New(f.options())
	require.NoError(t, err)
	for _, message := range []string{`","to":["+1900"],"x":"`, `\`, "${text}${to}", "\x00\x1f\x7f", "😀</script>"} {
		f.requests = nil
		require.NoError(t, g.SendSMS(t.Context(), sms(number, message)))
		var body struct {
			To   []string
			Body struct{ Text string }
		}
		require.NoError(t, json.Unmarshal([]byte(f.requests[0].body), &body))
		require.Equal(t, []string{number}, body.To)
		require.Equal(t, message, body.Body.Text)
	}
}

func TestSendSMS_Every2xxIsSuccess(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 299} {
		require.NoError(t, send(t.Context(), t, serve(t, answering(status, "")).options()))
	}
	for _, status := range []int{300, 304, 400, 401, 404, 429, 500, 503} {
		err := send(t.Context(), t, serve(t, answering(status, "")).options())
		require.ErrorIs(t, err, domain.CannotSendSMS, status)
		require.ErrorContains(t, err, "cannot-send-sms: smsgateway: status ")
	}
}

func TestSendSMS_SaysWhatTheGatewaySaysButNoSecret(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"error":1234,"key":"very-secret-key","apikey":"query-secret","to":"+12025550123","cut":"Code <493817"}`)
	})
	require.EqualError(t, send(t.Context(), t, f.options()),
		`cannot-send-sms: smsgateway: status 400: "{\"error\":1234,\"key\":\"…\",\"apikey\":\"…\",\"to\":\"+…\",\"cut\":\"Code <…\"}"`)
	escaped, err := json.Marshal(text)
	require.NoError(t, err)
	for _, echo := range []string{text, string(escaped[1 : len(escaped)-1])} {
		require.EqualError(t, send(t.Context(), t, serve(t, answering(422, echo)).options()), `cannot-send-sms: smsgateway: status 422: "…"`)
	}
	o := serve(t, answering(400, "user:pass-word")).options()
	o.URL = strings.Replace(o.URL, "http://", "http://user:pass-word@", 1)
	require.EqualError(t, send(t.Context(), t, o), `cannot-send-sms: smsgateway: status 400: "user:…"`)
}

func TestSendSMS_NeverFollowsRedirects(t *testing.T) {
	elsewhere := serve(t, answering(200, ""))
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		require.ErrorIs(t, send(t.Context(), t, f.options()), domain.CannotSendSMS)
		require.Len(t, f.requests, 1)
	}
	require.Empty(t, elsewhere.requests)
}

func TestSendSMS_DoesNotReadForever(t *testing.T) {
	flood := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			chunk := []byte(strings.Repeat("x", 4096))
			for _, err := w.Write(chunk); err == nil; _, err = w.Write(chunk) {
			}
		}
	}
	require.EqualError(t, send(t.Context(), t, serve(t, flood(500)).options()),
		`cannot-send-sms: smsgateway: status 500: "`+strings.Repeat("x", 300)+`"`)
	require.NoError(t, send(t.Context(), t, serve(t, flood(200)).options()))
}

func TestSendSMS_EndsWithTheTimeoutAndWithTheContext(t *testing.T) {
	release := make(chan struct{})
	silent := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	slow := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) })
	for _, f := range []*fake{silent, slow} {
		o := f.options()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		err := send(ctx, t, o)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, domain.CannotSendSMS)
		o.Timeout = 50 * time.Millisecond
		require.ErrorIs(t, send(t.Context(), t, o), context.DeadlineExceeded)
	}
}

func TestSendSMS_UnreachableIsARefusalWithoutSecrets(t *testing.T) {
	f := serve(t, answering(200, ""))
	f.Close()
	err := send(t.Context(), t, f.options())
	require.ErrorIs(t, err, domain.CannotSendSMS)
	for _, secret := range []string{key, "query-secret", number[1:], "493817"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestNew_RefusesTemplatesThatWouldSendNoJSON(t *testing.T) {
	const broken = "smsgateway: the template is not a JSON document with ${to} and ${text} inside strings"
	for given, want := range map[string]string{
		"":                                    "smsgateway: the template lacks ${to}",
		`{"to":"${to}"}`:                      "smsgateway: the template lacks ${text}",
		`{"text":"${text}"}`:                  "smsgateway: the template lacks ${to}",
		`{"to":"${to}","text":"${text}${x}"}`: "smsgateway: the template has placeholders other than ${to} and ${text}",
		`{"to":"${to}","text":${text}}`:       broken,
		`{"to":${to},"text":"${text}"}`:       broken,
		`{"to":"${to}","text":"\${text}"}`:    broken,
		`{"to":"${to}","text":"${text}"`:      broken,
		`{"to":"${to}"}{"text":"${text}"}`:    broken,
		`to=${to}&text=${text}`:               broken,
	} {
		_, err := smsgateway.New(smsgateway.Options{URL: "https://sms.example.com/", Template: given})
		require.EqualError(t, err, want, given)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for _, url := range []string{"", "sms.example.com", "ftp://sms.example.com/", "https://", "://key"} {
		_, err := smsgateway.New(smsgateway.Options{URL: url, Template: template})
		require.EqualError(t, err, "smsgateway: the URL is not an http URL")
	}
	for name, value := range map[string]string{"": "x", "X Y": "x", "X-Key": "secret\r\nHost: x"} {
		_, err := smsgateway.New(smsgateway.Options{URL: "https://sms.example.com/", Template: template, Headers: map[string]string{name: value}})
		require.ErrorContains(t, err, "is not valid")
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := smsgateway.New(smsgateway.Options{URL: "https://sms.example.com/", Template: template})
	require.NoError(t, err)
}

// sms is a message in words.
func sms(to, text string) domain.Mail {
	return domain.Mail{Message: domain.Message{To: to}, Text: text}
}
