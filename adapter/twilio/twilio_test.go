package twilio_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/twilio"
	"github.com/hexauth/hexauth/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "0123456789abcdef0123456789abcdef"
	messaging  = "MG00000000000000000000000000000002"
	verifySID  = "VA00000000000000000000000000000003"
	number     = "+12025550123"
	text       = "Votre code est 493817 & \"plus\".\n"

	queued   = `{"sid":"SM00000000000000000000000000000004","status":"queued","error_code":null,"error_message":null}`
	pending  = `{"sid":"VE00000000000000000000000000000005","status":"pending","valid":false}`
	approved = `{"sid":"VE00000000000000000000000000000005","status":"approved","valid":true}`
)

// request is what arrived at the gateway.
type request struct {
	line, contentType, username, password string
	form                                  url.Values
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
		username, password, _ := r.BasicAuth()
		_ = r.ParseForm()
		f.mu.Lock()
		f.requests = append(f.requests, request{r.Method + " " + r.URL.String(), r.Header.Get("Content-Type"), username, password, r.PostForm})
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
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (f *fake) options(service string) twilio.Options {
	return twilio.Options{AccountSID: accountSID, AuthToken: authToken, ServiceID: service, BaseURL: f.URL, Client: f.Client()}
}

func sender(t *testing.T, o twilio.Options) *twilio.Sender {
	t.Helper()
	s, err := twilio.NewSender(o)
	require.NoError(t, err)
	return s
}

func verifier(t *testing.T, o twilio.Options) *twilio.Verifier {
	t.Helper()
	v, err := twilio.NewVerifier(o)
	require.NoError(t, err)
	return v
}

func TestSendSMS_NamesTheMessagingServiceOrTheSender(t *testing.T) {
	for service, parameter := range map[string]string{
		messaging: "MessagingServiceSid", "+15005550006": "From", "Example": "From", "12345": "From", "MGlobal": "From", "VApes": "From",
	} {
		f := serve(t, answering(201, queued))
		require.NoError(t, sender(t, f.options(service)).SendSMS(t.Context(), sms(number, text)))
		require.Equal(t, []request{{
			line: "POST /2010-04-01/Accounts/" + accountSID + "/Messages.json", contentType: "application/x-www-form-urlencoded",
			username: accountSID, password: authToken, form: url.Values{"To": {number}, "Body": {text}, parameter: {service}},
		}}, f.requests)
	}
}

func TestVerifier_StartsAndChecksVerifications(t *testing.T) {
	f := serve(t, answering(201, pending))
	v := verifier(t, f.options(verifySID))
	require.NoError(t, v.StartVerification(t.Context(), number, "fr"))
	require.NoError(t, v.StartVerification(t.Context(), number, ""))
	right, err := v.CheckVerification(t.Context(), number, "493817")
	require.NoError(t, err)
	require.False(t, right, "pending is not approved")
	const starts, checks = "POST /v2/Services/" + verifySID + "/Verifications", "POST /v2/Services/" + verifySID + "/VerificationCheck"
	const form = "application/x-www-form-urlencoded"
	require.Equal(t, []request{
		{starts, form, accountSID, authToken, url.Values{"To": {number}, "Channel": {"sms"}, "Locale": {"fr"}}},
		{starts, form, accountSID, authToken, url.Values{"To": {number}, "Channel": {"sms"}}},
		{checks, form, accountSID, authToken, url.Values{"To": {number}, "Code": {"493817"}}},
	}, f.requests)
}

func TestCheckVerification_IsRightWhenApprovedOnly(t *testing.T) {
	for body, want := range map[string]bool{
		approved: true, pending: false, `{"status":"canceled","valid":true}`: false, `{"valid":true}`: false, `{}`: false,
	} {
		right, err := verifier(t, serve(t, answering(200, body)).options(verifySID)).CheckVerification(t.Context(), number, "493817")
		require.NoError(t, err)
		require.Equal(t, want, right, body)
	}
}

func TestCheckVerification_IsWrongWhenTheVerificationIsOver(t *testing.T) {
	for body, status := range map[string]int{
		`{"code":20404,"message":"The requested resource was not found","status":404}`: 404,
		`{"code":60202,"message":"Max check attempts reached","status":429}`:           429,
	} {
		right, err := verifier(t, serve(t, answering(status, body)).options(verifySID)).CheckVerification(t.Context(), number, "493817")
		require.NoError(t, err)
		require.False(t, right)
	}
}

func TestCheckVerification_DoesNotAskAboutWhatIsNoCode(t *testing.T) {
	f := serve(t, answering(200, approved))
	for _, code := range []string{"", "123", "12345678901", "49381a", "493 817", "493817\n", "٤٩٣٨١٧"} {
		right, err := verifier(t, f.options(verifySID)).CheckVerification(t.Context(), number, code)
		require.NoError(t, err)
		require.False(t, right)
	}
	require.Empty(t, f.requests)
}

func TestCheckVerification_ErrorsMeanThatNobodyCouldBeAsked(t *testing.T) {
	for _, c := range []struct {
		status    int
		body      string
		want      string
		temporary bool
	}{
		{401, `{"code":20003,"message":"Authenticate","status":401}`, `twilio: status 401, code 20003: "Authenticate"`, false},
		{400, `{"code":60200,"message":"Invalid parameter: 493817"}`, `twilio: status 400, code 60200: "Invalid parameter: …"`, false},
		{404, `{"code":20003,"message":"odd"}`, `twilio: status 404, code 20003: "odd"`, false},
		{429, `{"code":20429,"message":"Too many requests"}`, `service-unavailable: twilio: status 429, code 20429: "Too many requests"`, true},
		{503, `{"code":20503,"message":"Away"}`, `service-unavailable: twilio: status 503, code 20503: "Away"`, true},
	} {
		right, err := verifier(t, serve(t, answering(c.status, c.body)).options(verifySID)).CheckVerification(t.Context(), number, "493817")
		require.EqualError(t, err, c.want)
		require.Equal(t, c.temporary, errors.Is(err, domain.Unavailable))
		require.False(t, right)
	}
	gone := serve(t, answering(200, approved))
	gone.Close()
	right, err := verifier(t, gone.options(verifySID)).CheckVerification(t.Context(), number, "493817")
	require.ErrorIs(t, err, domain.Unavailable)
	require.False(t, right)
}

// bothSends returns what is to be refused alike by both ways of sending.
func bothSends(t *testing.T, f *fake, change func(*twilio.Options)) map[string]func(context.Context) error {
	plain, codes := f.options(messaging), f.options(verifySID)
	if change != nil {
		change(&plain)
		change(&codes)
	}
	return map[string]func(context.Context) error{
		"message":      func(ctx context.Context) error { return sender(t, plain).SendSMS(ctx, sms(number, text)) },
		"verification": func(ctx context.Context) error { return verifier(t, codes).StartVerification(ctx, number, "en") },
	}
}

func TestSend_SaysWhatTwilioSays(t *testing.T) {
	const invalid = `{"code":21211,"message":"The 'To' number ` + number + ` is not valid; token ` + authToken + `",` +
		`"more_info":"https://www.twilio.com/docs/errors/21211","status":400}`
	for name, send := range bothSends(t, serve(t, answering(400, invalid)), nil) {
		err := send(t.Context())
		require.ErrorIs(t, err, domain.CannotSendSMS)
		require.EqualError(t, err, `cannot-send-sms: twilio: status 400, code 21211: "The 'To' number +… is not valid; token …"`, name)
	}
}

func TestSendSMS_RepeatsNothingOfTheMessage(t *testing.T) {
	const echo = `{"code":30007,"message":"Filtered: Votre code est 493817 & \"plus\".\n; beginning: Votre code est 493817"}`
	err := sender(t, serve(t, answering(400, echo)).options(messaging)).SendSMS(t.Context(), sms(number, text))
	require.EqualError(t, err, `cannot-send-sms: twilio: status 400, code 30007: "Filtered: …; beginning: Votre code est …"`)
	long := `{"code":1,"message":"` + strings.Repeat("x", 5000) + `"}`
	err = sender(t, serve(t, answering(400, long)).options(messaging)).SendSMS(t.Context(), sms(number, text))
	require.Less(t, len(err.Error()), 400)
}

func TestSendSMS_AMessageThatFailedAtOnceIsARefusal(t *testing.T) {
	const failed = `{"sid":"SM1","status":"failed","error_code":30034,"error_message":"Unregistered number"}`
	err := sender(t, serve(t, answering(201, failed)).options(messaging)).SendSMS(t.Context(), sms(number, text))
	require.EqualError(t, err, `cannot-send-sms: twilio: status 201, code 30034: "Unregistered number"`)
}

func TestSend_AnswersThatAreNotTwiliosAreRefusals(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{200, "<html>Please sign in to the hotel's network</html>", "cannot-send-sms: twilio: status 200: invalid character '<' looking for beginning of value"},
		{201, "", "cannot-send-sms: twilio: status 201: EOF"},
		{502, "<html>", "cannot-send-sms: twilio: status 502: error decoding the response for an HTTP error code: 502: invalid character '<' looking for beginning of value"},
		{500, "{}", `cannot-send-sms: twilio: status 500, code 0: ""`},
		{304, queued, "cannot-send-sms: twilio: status 304: a redirect"},
		{200, `{"sid":"` + strings.Repeat("x", 70_000) + `"}`, "cannot-send-sms: twilio: status 200: the answer has more than 65536 bytes"},
		{400, `{"message":"` + strings.Repeat("x", 70_000) + `"}`, "cannot-send-sms: twilio: status 400: the answer has more than 65536 bytes"},
	} {
		for name, send := range bothSends(t, serve(t, answering(c.status, c.body)), nil) {
			err := send(t.Context())
			require.EqualError(t, err, c.want, name)
			require.ErrorIs(t, err, domain.CannotSendSMS)
		}
	}
}

func TestSend_NeverFollowsRedirects(t *testing.T) {
	elsewhere := serve(t, answering(201, queued))
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		for name, send := range bothSends(t, f, nil) {
			require.ErrorIs(t, send(t.Context()), domain.CannotSendSMS, name)
		}
		require.Len(t, f.requests, 2)
	}
	require.Empty(t, elsewhere.requests)
}

func TestSend_EndsWithTheTimeoutAndWithTheContext(t *testing.T) {
	release := make(chan struct{})
	silent := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	slow := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"message":"`)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) })
	for _, f := range []*fake{silent, slow} {
		for name, send := range bothSends(t, f, func(o *twilio.Options) { o.Timeout = 50 * time.Millisecond }) {
			began := time.Now()
			err := send(t.Context())
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.ErrorIs(t, err, domain.CannotSendSMS, name)
			require.Less(t, time.Since(began), 5*time.Second)
		}
		for name, send := range bothSends(t, f, nil) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			require.ErrorIs(t, send(ctx), context.Canceled, name)
			cancel()
		}
	}
	right, err := verifier(t, silent.options(verifySID)).CheckVerification(canceled(t), number, "493817")
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, right)
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestSend_UnreachableIsARefusalWithoutSecrets(t *testing.T) {
	f := serve(t, answering(201, queued))
	f.Close()
	for name, send := range bothSends(t, f, nil) {
		err := send(t.Context())
		require.ErrorIs(t, err, domain.CannotSendSMS, name)
		for _, secret := range []string{authToken, accountSID, number[1:], "493817"} {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

func TestSend_ManyAtOnceDoNotDisturbEachOther(t *testing.T) {
	f := serve(t, answering(201, queued))
	s := sender(t, f.options(messaging))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.SendSMS(t.Context(), sms(number, text)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Len(t, f.requests, 20)
}

// recorder is a transport that notes where requests want to go.
type recorder struct{ urls []string }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.urls = append(r.urls, request.URL.String())
	return nil, errors.New("offline")
}

func TestOptions_BaseURLReplacesTwiliosHosts(t *testing.T) {
	t.Setenv("TWILIO_REGION", "au1")
	t.Setenv("TWILIO_EDGE", "sydney")
	for base, want := range map[string][2]string{
		"":                           {"https://api.twilio.com", "https://verify.twilio.com"},
		"http://127.0.0.1:9/twilio/": {"http://127.0.0.1:9/twilio", "http://127.0.0.1:9/twilio"},
		"https://api.au1.twilio.com": {"https://api.au1.twilio.com", "https://api.au1.twilio.com"},
	} {
		var via recorder
		o := twilio.Options{AccountSID: accountSID, AuthToken: authToken, ServiceID: messaging, BaseURL: base, Client: &http.Client{Transport: &via}}
		require.EqualError(t, sender(t, o).SendSMS(t.Context(), sms(number, text)), "cannot-send-sms: twilio: offline")
		o.ServiceID = verifySID
		require.Error(t, verifier(t, o).StartVerification(t.Context(), number, ""))
		require.Equal(t, []string{
			want[0] + "/2010-04-01/Accounts/" + accountSID + "/Messages.json", want[1] + "/v2/Services/" + verifySID + "/Verifications",
		}, via.urls)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for want, change := range map[string]func(*twilio.Options){
		"twilio: the account SID must consist of letters and digits":              func(o *twilio.Options) { o.AccountSID = "AC/../x" },
		"twilio: the auth token must consist of letters and digits":               func(o *twilio.Options) { o.AuthToken = "" },
		"twilio: no service id or sender":                                         func(o *twilio.Options) { o.ServiceID = "" },
		"twilio: the base URL is not an http URL":                                 func(o *twilio.Options) { o.BaseURL = "api.twilio.com" },
		"twilio: the service id is one of Twilio Verify, which sends no messages": func(o *twilio.Options) { o.ServiceID = verifySID },
	} {
		o := twilio.Options{AccountSID: accountSID, AuthToken: authToken, ServiceID: messaging}
		change(&o)
		_, err := twilio.NewSender(o)
		require.EqualError(t, err, want)
	}
	_, err := twilio.NewVerifier(twilio.Options{AccountSID: accountSID, AuthToken: authToken, ServiceID: messaging})
	require.EqualError(t, err, "twilio: the service id must be one of Twilio Verify: VA and 32 hexadecimal digits")
	_, err = twilio.NewVerifier(twilio.Options{AccountSID: accountSID, ServiceID: verifySID})
	require.EqualError(t, err, "twilio: the auth token must consist of letters and digits")
}

func TestUsesVerify_LooksAtTheServiceID(t *testing.T) {
	for service, want := range map[string]bool{verifySID: true, messaging: false, accountSID: false, "VA": false, "VApes": false, "+12025550123": false, "": false} {
		require.Equal(t, want, twilio.UsesVerify(service), service)
	}
}

// sms is a message in words.
func sms(to, text string) domain.Mail {
	return domain.Mail{Message: domain.Message{To: to}, Text: text}
}
