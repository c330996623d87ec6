package modica_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/modica"
	"github.com/hexauth/hexauth/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	number   = "+64211234567"
	text     = "Votre code <493817> & \"plus\" é\n"
	password = "correct:horse"
)

// request is what arrived at the gateway.
type request struct{ line, contentType, username, password, body string }

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
		username, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.requests = append(f.requests, request{r.Method + " " + r.URL.String(), r.Header.Get("Content-Type"), username, password, string(body)})
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

func (f *fake) options() modica.Options {
	return modica.Options{BaseURL: f.URL, Username: "hexauth", Password: password, Client: f.Client()}
}

func send(ctx context.Context, t *testing.T, o modica.Options) error {
	t.Helper()
	s, err := modica.New(o)
	require.NoError(t, err)
	return s.SendSMS(ctx, sms(number, text))
}

func TestSendSMS_IsModicasRequest(t *testing.T) {
	f := serve(t, answering(202, `{"id":"0b6c5d4e"}`))
	for base, path := range map[string]string{"": "/rest/sms/v2/messages", "/": "/rest/sms/v2/messages", "/mirror/": "/mirror/rest/sms/v2/messages"} {
		f.requests = nil
		o := f.options()
		o.BaseURL += base
		require.NoError(t, send(t.Context(), t, o))
		require.Len(t, f.requests, 1)
		got := f.requests[0]
		require.JSONEq(t, `{"destination":"+64211234567","content":"Votre code <493817> & \"plus\" é\n"}`, got.body)
		got.body = ""
		require.Equal(t, request{line: "POST " + path, contentType: "application/json", username: "hexauth", password: password}, got)
	}
}

func TestSendSMS_GoesToModicaUnlessToldOtherwise(t *testing.T) {
	var url string
	via := transport(func(r *http.Request) (*http.Response, error) {
		url = r.URL.String()
		return nil, io.ErrUnexpectedEOF
	})
	err := send(t.Context(), t, modica.Options{Username: "hexauth", Password: password, Client: &http.Client{Transport: via}})
	require.EqualError(t, err, "cannot-send-sms: modica: unexpected EOF")
	require.Equal(t, "https://api.modicagroup.com/rest/sms/v2/messages", url)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSendSMS_SendsToInternationalNumbersOnly(t *testing.T) {
	f := serve(t, answering(202, ""))
	s, err := modica.New(f.options())
	require.NoError(t, err)
	for _, to := range []string{"", "0211234567", "0064211234567", " +64211234567"} {
		err := s.SendSMS(t.Context(), sms(to, text))
		require.ErrorIs(t, err, domain.CannotSendSMS)
		require.EqualError(t, err, "cannot-send-sms: modica: the number doesn't begin with +")
	}
	require.Empty(t, f.requests)
}

func TestSendSMS_Only202IsSuccess(t *testing.T) {
	for _, status := range []int{200, 201, 204, 400, 401, 403, 429, 500, 503} {
		err := send(t.Context(), t, serve(t, answering(status, "")).options())
		require.ErrorIs(t, err, domain.CannotSendSMS, status)
		require.ErrorContains(t, err, "cannot-send-sms: modica: status ")
	}
}

func TestSendSMS_SaysWhatModicaSaysButNoSecret(t *testing.T) {
	f := serve(t, answering(400, `{"error":"invalid-destination","for":"64211234567","by":"correct:horse","cut":"code <493817> & \"p"}`))
	require.EqualError(t, send(t.Context(), t, f.options()),
		`cannot-send-sms: modica: status 400: "{\"error\":\"invalid-destination\",\"for\":\"…\",\"by\":\"…\",\"cut\":\"code <…> & \\\"p\"}"`)
	require.EqualError(t, send(t.Context(), t, serve(t, answering(400, "echo: "+text)).options()), `cannot-send-sms: modica: status 400: "echo: …"`)
}

func TestSendSMS_NeverFollowsRedirects(t *testing.T) {
	elsewhere := serve(t, answering(202, ""))
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		require.ErrorIs(t, send(t.Context(), t, f.options()), domain.CannotSendSMS)
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
	require.EqualError(t, send(t.Context(), t, serve(t, flood(400)).options()),
		`cannot-send-sms: modica: status 400: "`+strings.Repeat("x", 300)+`"`)
	require.NoError(t, send(t.Context(), t, serve(t, flood(202)).options()))
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
	f := serve(t, answering(202, ""))
	f.Close()
	err := send(t.Context(), t, f.options())
	require.ErrorIs(t, err, domain.CannotSendSMS)
	for _, secret := range []string{password, number[1:], "493817", "/rest/"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for want, o := range map[string]modica.Options{
		"modica: the base URL is not an http URL":         {BaseURL: "api.modicagroup.com", Username: "a", Password: "b"},
		"modica: the user name is missing or has a colon": {Username: "a:b", Password: "b"},
		"modica: no password":                             {Username: "a"},
	} {
		_, err := modica.New(o)
		require.EqualError(t, err, want)
	}
	_, err := modica.New(modica.Options{Username: "a", Password: "b"})
	require.NoError(t, err)
}

// sms is a message in words.
func sms(to, text string) domain.Mail {
	return domain.Mail{Message: domain.Message{To: to}, Text: text}
}
