package postmark_test

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

	"github.com/hexauth/hexauth/adapter/postmark"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0b6c5d4e-server-token"

// fake is Postmark's endpoint.
type fake struct {
	*httptest.Server
	answer http.HandlerFunc // nil: accepts

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func serve(t *testing.T, answer http.HandlerFunc) *fake {
	f := &fake{answer: answer}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.Client().CloseIdleConnections()
		f.Close()
	})
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.requests, f.bodies = append(f.requests, r), append(f.bodies, string(body))
	f.mu.Unlock()
	if f.answer != nil {
		f.answer(w, r)
		return
	}
	_, _ = io.WriteString(w, `{"To":"jane@example.com","ErrorCode":0,"Message":"OK"}`)
}

func (f *fake) options() postmark.Options {
	return postmark.Options{
		BaseURL: f.URL, Token: token, Sender: "Example <noreply@example.com>", ServerURL: "https://auth.example.com/v1",
		ClientURL: "https://app.example.com", Client: f.Client(),
	}
}

func open(t *testing.T, o postmark.Options) *postmark.Mailer {
	t.Helper()
	mailer, err := postmark.New(o)
	require.NoError(t, err)
	return mailer
}

func refusing(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newMail() domain.Mail {
	return domain.Mail{
		Message: domain.Message{
			ID: "0198c5a2-7d3e-4a55-9c11-3f0d6a5e2b10", Template: domain.TemplateEmailConfirmChange, Locale: "fr",
			To: "new@example.com", DisplayName: "Jané <b>", Email: "jane@example.com", NewEmail: "new@example.com",
			Link: "https://auth.example.com/v1/verify?ticket=secret-ticket", Ticket: "secret-ticket", RedirectTo: "https://app.example.com/\r\n",
		},
		Subject: "ignored", HTML: "ignored", Text: "ignored",
	}
}

func TestMailer_KeepsThePortsPromises(t *testing.T) {
	porttest.Mailer(t, func(t *testing.T) (port.Mailer, func() []porttest.ReceivedMail) {
		f := serve(t, nil)
		return open(t, f.options()), func() (received []porttest.ReceivedMail) {
			for _, text := range f.bodies {
				var body struct {
					To            string
					TemplateModel struct{ Link string }
				}
				require.NoError(t, json.Unmarshal([]byte(text), &body))
				received = append(received, porttest.ReceivedMail{To: body.To, Link: body.TemplateModel.Link})
			}
			return received
		}
	})
}

func TestSend_IsThePeersRequest(t *testing.T) {
	f := serve(t, nil)
	require.NoError(t, open(t, f.options()).Send(t.Context(), newMail()))
	require.Len(t, f.requests, 1)
	request := f.requests[0]
	require.Equal(t, "POST /email/withTemplate", request.Method+" "+request.URL.String())
	require.Equal(t, token, request.Header.Get("X-Postmark-Server-Token"))
	require.Equal(t, "application/json", request.Header.Get("Content-Type"))
	require.Equal(t, "application/json", request.Header.Get("Accept"))
	require.JSONEq(t, `{
		"TemplateAlias": "fr.email-confirm-change",
		"TemplateModel": {
			"link": "https://auth.example.com/v1/verify?ticket=secret-ticket", "displayName": "Jané <b>", "email": "jane@example.com",
			"newEmail": "new@example.com", "ticket": "secret-ticket", "redirectTo": "https://app.example.com/\r\n", "locale": "fr",
			"serverUrl": "https://auth.example.com/v1", "clientUrl": "https://app.example.com"
		},
		"From": "Example <noreply@example.com>",
		"To": "new@example.com"
	}`, f.bodies[0])
}

func TestSend_SaysWhatPostmarkSaysButNoSecret(t *testing.T) {
	f := serve(t, refusing(422, `{"ErrorCode":406,"Message":"inactive\nrecipient; secret-ticket in https://auth.example.com/v1/verify?ticket=secret-ticket for `+token+`"}`))
	err := open(t, f.options()).Send(t.Context(), newMail())
	require.EqualError(t, err, `postmark: status 422, error code 406: "inactive\nrecipient; … in … for …"`)
	require.NotErrorIs(t, err, domain.Unavailable)
	require.Len(t, f.requests, 1)
}

func TestSend_IsUnavailableWhenPostmarkIsAwayOrBusy(t *testing.T) {
	for status, want := range map[int]string{
		429: `service-unavailable: postmark: status 429, error code 0: "slow down"`,
		500: `service-unavailable: postmark: status 500, error code 0: "slow down"`,
		503: `service-unavailable: postmark: status 503, error code 0: "slow down"`,
	} {
		err := open(t, serve(t, refusing(status, `{"Message":"slow down"}`)).options()).Send(t.Context(), newMail())
		require.ErrorIs(t, err, domain.Unavailable)
		require.EqualError(t, err, want)
	}
	f := serve(t, nil)
	f.Close()
	mailer := open(t, f.options())
	porttest.UnreachableMailer(t, mailer, token)
	require.ErrorIs(t, mailer.Send(t.Context(), newMail()), domain.Unavailable)
}

func TestSend_EveryOtherStatusIsAnError(t *testing.T) {
	for _, status := range []int{201, 202, 204, 401, 404} {
		err := open(t, serve(t, refusing(status, "")).options()).Send(t.Context(), newMail())
		require.ErrorContains(t, err, `error code 0: "the answer is not Postmark's"`)
		require.NotErrorIs(t, err, domain.Unavailable)
	}
}

func TestSend_NeverFollowsRedirects(t *testing.T) {
	elsewhere := serve(t, nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		require.Error(t, open(t, f.options()).Send(t.Context(), newMail()))
	}
	require.Empty(t, elsewhere.requests)
}

func TestSend_DoesNotWaitForeverNorReadForever(t *testing.T) {
	release := make(chan struct{})
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	o := f.options()
	o.Timeout = 50 * time.Millisecond
	require.ErrorIs(t, open(t, o).Send(t.Context(), newMail()), context.DeadlineExceeded)

	flood := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		chunk := []byte(strings.Repeat("x", 4096))
		for _, err := w.Write(chunk); err == nil; _, err = w.Write(chunk) {
		}
	})
	err := open(t, flood.options()).Send(t.Context(), newMail())
	require.EqualError(t, err, `postmark: status 400, error code 0: "the answer is not Postmark's"`)

	long := serve(t, refusing(400, `{"Message":"`+strings.Repeat("x", 5000)+`"}`))
	require.Less(t, len(open(t, long.options()).Send(t.Context(), newMail()).Error()), 400)
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for want, o := range map[string]postmark.Options{
		"postmark: the base URL is not an http URL": {BaseURL: "ftp://example.com", Token: token, Sender: "a@example.com"},
		"postmark: no server token":                 {Sender: "a@example.com"},
		"postmark: no sender":                       {Token: token},
	} {
		_, err := postmark.New(o)
		require.EqualError(t, err, want)
	}
	_, err := postmark.New(postmark.Options{Token: token, Sender: "a@example.com"})
	require.NoError(t, err)
}
