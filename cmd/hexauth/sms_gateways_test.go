package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/test/pgtest"
)

const (
	phoneNumber = "+12025550123"
	accountSID  = "AC0123456789abcdef0123456789abcdef"
)

// gateway is a local server that takes messages and checks what it is sent.
type gateway struct {
	*httptest.Server
	mu       sync.Mutex
	received []exchange
	answer   func(w http.ResponseWriter, r exchange) // nil for success
}

// exchange is a request as it came in.
type exchange struct {
	line, contentType, user, password, authorization, body string
	form                                                   url.Values
}

func newGateway(t *testing.T, success func(w http.ResponseWriter, r exchange)) *gateway {
	g := &gateway{answer: success}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the server that asked has stopped
		}
		form, _ := url.ParseQuery(string(body))
		user, password, _ := r.BasicAuth()
		e := exchange{r.Method + " " + r.URL.RequestURI(), r.Header.Get("Content-Type"), user, password, r.Header.Get("Authorization"), string(body), form}
		g.mu.Lock()
		g.received = append(g.received, e)
		answer := g.answer
		g.mu.Unlock()
		answer(w, e)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) will(answer func(w http.ResponseWriter, r exchange)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

func (g *gateway) requests() []exchange {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]exchange(nil), g.received...)
}

// says answers with a status and a body.
func says(status int, body string) func(http.ResponseWriter, exchange) {
	return func(w http.ResponseWriter, _ exchange) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// smsServer starts a server in production that sends through a gateway.
func smsServer(t *testing.T, database string, more ...string) *server {
	return serve(t, production(database, append([]string{"AUTH_SMS_PASSWORDLESS_ENABLED=true", "AUTH_LOCALE_ALLOWED_LOCALES=en,de"}, more...)...))
}

func newDatabase(t *testing.T) string { return "sqlite://" + t.TempDir() + "/hexauth.db" }

func (s *server) askSMS(want int, options string) string {
	s.t.Helper()
	status, text := s.send(http.MethodPost, "/signin/passwordless/sms", "", `{"phoneNumber":"+1 (202) 555-0123"`+options+`}`)
	require.Equal(s.t, want, status, text)
	return text
}

func (s *server) giveSMS(want int, code string) string {
	s.t.Helper()
	status, text := s.send(http.MethodPost, "/signin/passwordless/sms/otp", "", fmt.Sprintf(`{"phoneNumber":%q,"otp":%q}`, phoneNumber, code))
	require.Equal(s.t, want, status, text)
	return text
}

func (s *server) wantVerified(answer string) {
	s.t.Helper()
	require.Contains(s.t, answer, `"phoneNumberVerified":true`)
	require.Contains(s.t, answer, `"phoneNumber":"`+phoneNumber+`"`)
}

// sixDigits returns the code in a message.
func sixDigits(t *testing.T, text string) string {
	t.Helper()
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) == 6 {
			return word
		}
	}
	require.Fail(t, "no code", text)
	return ""
}

func TestSMSTwilio_GetsItsMessagesAPIAndItsRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	g := newGateway(t, says(http.StatusCreated, `{"sid":"SM1","status":"queued"}`))
	service := "MG0123456789abcdef0123456789abcdef"
	s := smsServer(t, newDatabase(t), "AUTH_SMS_PROVIDER=twilio", "AUTH_SMS_TWILIO_ACCOUNT_SID="+accountSID, "AUTH_SMS_TWILIO_AUTH_TOKEN=s3cr3t",
		"AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID="+service, "AUTH_SMS_TWILIO_API_URL="+g.URL)
	s.askSMS(http.StatusOK, `,"options":{"locale":"de"}`)
	got := g.requests()[0]
	code := sixDigits(t, got.form.Get("Body"))
	require.Equal(t, exchange{
		line: "POST /2010-04-01/Accounts/" + accountSID + "/Messages.json", contentType: "application/x-www-form-urlencoded", user: accountSID, password: "s3cr3t",
		authorization: got.authorization, body: got.body,
		form: url.Values{"To": {phoneNumber}, "MessagingServiceSid": {service}, "Body": {code + " ist Ihr Anmeldecode. Er ist 5 Minuten gültig. Geben Sie ihn an niemanden weiter."}},
	}, got)
	s.wantVerified(s.giveSMS(http.StatusOK, code))

	g.will(says(http.StatusBadRequest, `{"code":21614,"message":"'To' number is not a valid mobile number","status":400}`))
	require.Contains(t, s.askSMS(http.StatusBadRequest, ""), `"cannot-send-sms"`)
	require.Eventually(t, func() bool { return strings.Contains(s.out.String(), `"event":"sms_refused"`) }, patience, 10*time.Millisecond)
	require.Contains(t, s.out.String(), "code 21614")
	for _, secret := range []string{"s3cr3t", code, phoneNumber, "2025550123"} {
		require.NotContains(t, s.out.String(), secret)
	}
}

// twilioVerify makes and checks codes as Twilio Verify does.
func twilioVerify(code string) func(http.ResponseWriter, exchange) {
	var mu sync.Mutex
	pending := false
	return func(w http.ResponseWriter, r exchange) {
		mu.Lock()
		defer mu.Unlock()
		switch check := strings.HasSuffix(r.line, "/VerificationCheck"); {
		case !check:
			pending = true
			says(http.StatusCreated, `{"sid":"VE1","status":"pending","valid":false}`)(w, r)
		case !pending:
			says(http.StatusNotFound, `{"code":20404,"message":"not found","status":404}`)(w, r)
		case r.form.Get("Code") == code:
			pending = false
			says(http.StatusOK, `{"sid":"VE1","status":"approved","valid":true}`)(w, r)
		default:
			says(http.StatusOK, `{"sid":"VE1","status":"pending","valid":false}`)(w, r)
		}
	}
}

func TestSMSTwilioVerify_MakesAndChecksCodesAndTheNumberIsVerified(t *testing.T) {
	t.Parallel()
	g := newGateway(t, twilioVerify("7531"))
	service := "VA0123456789abcdef0123456789abcdef"
	s := smsServer(t, newDatabase(t), "AUTH_SMS_TWILIO_ACCOUNT_SID="+accountSID, "AUTH_SMS_TWILIO_AUTH_TOKEN=s3cr3t",
		"AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID="+service, "AUTH_SMS_TWILIO_API_URL="+g.URL)
	s.askSMS(http.StatusOK, `,"options":{"locale":"de"}`)
	s.giveSMS(http.StatusBadRequest, "7530")
	s.wantVerified(s.giveSMS(http.StatusOK, "7531"))
	require.Contains(t, s.giveSMS(http.StatusBadRequest, "7531"), `"invalid-request"`)
	lines, forms := []string{}, []url.Values{}
	for _, r := range g.requests() {
		require.Equal(t, []string{accountSID, "s3cr3t"}, []string{r.user, r.password})
		lines, forms = append(lines, r.line), append(forms, r.form)
	}
	check := "POST /v2/Services/" + service + "/VerificationCheck"
	require.Equal(t, []string{"POST /v2/Services/" + service + "/Verifications", check, check, check}, lines)
	require.Equal(t, url.Values{"To": {phoneNumber}, "Channel": {"sms"}, "Locale": {"de"}}, forms[0])
	require.Equal(t, url.Values{"To": {phoneNumber}, "Code": {"7530"}}, forms[1])

	g.will(says(http.StatusServiceUnavailable, `{}`))
	require.Contains(t, s.giveSMS(http.StatusServiceUnavailable, "7531"), `"service-unavailable"`)
	require.Contains(t, s.askSMS(http.StatusBadRequest, ""), `"cannot-send-sms"`)
}

func TestSMSModica_GetsItsMessagesAPI(t *testing.T) {
	t.Parallel()
	g := newGateway(t, says(http.StatusAccepted, `[1]`))
	s := smsServer(t, newDatabase(t), "AUTH_SMS_PROVIDER=modica", "AUTH_SMS_MODICA_USERNAME=u", "AUTH_SMS_MODICA_PASSWORD=s3cr3t", "AUTH_SMS_MODICA_API_URL="+g.URL)
	s.askSMS(http.StatusOK, "")
	got := g.requests()[0]
	var message map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.body), &message))
	code := sixDigits(t, message["content"])
	require.Equal(t, map[string]string{
		"destination": phoneNumber, "content": code + " is your sign-in code. It is valid for 5 minutes. Do not share it with anyone.",
	}, message)
	require.Equal(t, []string{"POST /rest/sms/v2/messages", "application/json", "u", "s3cr3t"}, []string{got.line, got.contentType, got.user, got.password})
	s.wantVerified(s.giveSMS(http.StatusOK, code))
	g.will(says(http.StatusOK, `[]`)) // which is not 202
	s.askSMS(http.StatusBadRequest, "")
	require.NotContains(t, s.out.String(), "s3cr3t")
}

func httpGateway(t *testing.T, g *gateway, database string, more ...string) *server {
	return smsServer(t, database, append([]string{
		"AUTH_SMS_PROVIDER=http", "AUTH_SMS_HTTP_URL=" + g.URL + "/send?key=api-k3y", `AUTH_SMS_HTTP_HEADERS={"Authorization":"Bearer s3cr3t"}`,
		`AUTH_SMS_HTTP_TEMPLATE={"messages":[{"to":["${to}"],"text":"${text}"}]}`,
	}, more...)...)
}

// textOf returns the text of a message to the HTTP gateway.
func textOf(t *testing.T, e exchange) string {
	t.Helper()
	var document struct {
		Messages []struct {
			To   []string
			Text string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(e.body), &document))
	require.Equal(t, []string{phoneNumber}, document.Messages[0].To)
	return document.Messages[0].Text
}

func TestSMSGateway_GetsTheDocumentOfTheTemplateAndCanRefuseBeSlowOrTalkative(t *testing.T) {
	t.Parallel()
	g := newGateway(t, says(http.StatusOK, strings.Repeat("x", 10<<20))) // a huge answer is no failure
	s := httpGateway(t, g, newDatabase(t))
	s.askSMS(http.StatusOK, "")
	got := g.requests()[0]
	require.Equal(t, []string{"POST /send?key=api-k3y", "application/json", "Bearer s3cr3t"}, []string{got.line, got.contentType, got.authorization})
	s.wantVerified(s.giveSMS(http.StatusOK, sixDigits(t, textOf(t, got))))

	for _, refusal := range []func(http.ResponseWriter, exchange){
		says(http.StatusPaymentRequired, "no credit left for api-k3y and s3cr3t"), says(http.StatusInternalServerError, strings.Repeat("x", 10<<20)),
		func(w http.ResponseWriter, _ exchange) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		},
		func(http.ResponseWriter, exchange) { panic(http.ErrAbortHandler) },
	} {
		g.will(refusal)
		require.Contains(t, s.askSMS(http.StatusBadRequest, ""), `"cannot-send-sms"`)
	}
	require.Eventually(t, func() bool { return strings.Count(s.out.String(), `"event":"sms_refused"`) == 4 }, patience, 10*time.Millisecond)
	require.Less(t, len(s.out.String()), 8000, "a log of reasons, not of answers")
	for _, secret := range []string{"api-k3y", "s3cr3t", "2025550123"} {
		require.NotContains(t, s.out.String(), secret)
	}
	require.Len(t, g.requests(), 5, "the cap on a number")
	s.askSMS(http.StatusTooManyRequests, "")
	require.Len(t, g.requests(), 5)
}

func TestSMSGateway_ThatHangsIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	g := newGateway(t, func(http.ResponseWriter, exchange) { <-ended })
	t.Cleanup(func() { close(ended) })
	s := httpGateway(t, g, newDatabase(t))
	began := time.Now()
	require.Contains(t, s.askSMS(http.StatusBadRequest, ""), `"cannot-send-sms"`)
	require.Less(t, time.Since(began), gatewayTimeout+3*time.Second)
	require.GreaterOrEqual(t, time.Since(began), gatewayTimeout)
}

func TestSMSGateway_OfASignUpIsAskedBehindTheAnswer(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	g := newGateway(t, func(w http.ResponseWriter, r exchange) { <-ended; says(http.StatusOK, "")(w, r) })
	s := httpGateway(t, g, newDatabase(t))
	status, text := s.send(http.MethodPost, "/signup/passwordless/sms", "", `{"phoneNumber":"`+phoneNumber+`"}`)
	close(ended)
	require.Equal(t, http.StatusOK, status, text)
	require.Eventually(t, func() bool { return len(g.requests()) == 1 }, patience, 10*time.Millisecond)
	s.wantVerified(s.giveSMS(http.StatusOK, sixDigits(t, textOf(t, g.requests()[0]))))
}

func TestSMS_ACodeThatHasuraAuthLeftInPostgreSQLStillWorks(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	g := newGateway(t, says(http.StatusOK, ""))
	s := httpGateway(t, g, database)
	s.askSMS(http.StatusOK, "")
	store, err := bunstore.Open(t.Context(), database, bunstore.Options{})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db, _ := store.Migrations()
	_, err = db.ExecContext(t.Context(), `CREATE EXTENSION IF NOT EXISTS pgcrypto`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `UPDATE auth.users SET phone_number = '+1 202 555-0123', otp_hash = crypt('024680', gen_salt('bf')),
		otp_hash_expires_at = now() + interval '5 minutes', otp_method_last_used = 'sms'`)
	require.NoError(t, err)
	s.giveSMS(http.StatusBadRequest, "024681")
	require.Contains(t, s.giveSMS(http.StatusOK, "024680"), `"phoneNumberVerified":true`)
	s.giveSMS(http.StatusBadRequest, "024680")
}

func TestSMS_InDevelopmentIsShownInTheMailboxAlsoBesideAMailServer(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{nil, {"AUTH_SMTP_HOST=127.0.0.1", "AUTH_SMTP_PORT=1", "AUTH_SMTP_SENDER=noreply@example.com"}} {
		s := serve(t, inFolder(t.TempDir(), append(more, "AUTH_SMS_PASSWORDLESS_ENABLED=true")...))
		s.askSMS(http.StatusOK, "")
		var messages []struct{ Kind, To, Ticket, Text string }
		s.call(http.MethodGet, "/dev/mailbox/messages?to="+url.QueryEscape(phoneNumber), "", "", &messages)
		require.Len(t, messages, 1, "it is there when the answer is")
		require.Equal(t, []string{"sms", phoneNumber}, []string{messages[0].Kind, messages[0].To})
		require.Contains(t, messages[0].Text, messages[0].Ticket)
		s.wantVerified(s.giveSMS(http.StatusOK, messages[0].Ticket))
	}
}

func TestSMS_MistakesThatTakeKnowledgeOfNumbersStopTheStart(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"AUTH_SMS_ALLOWED_COUNTRIES": "DE,UK", "AUTH_SMS_TEST_PHONE_NUMBERS": "+12025550123,2025550123"} {
		err := begin(t, inFolder(t.TempDir(), "AUTH_SMS_PASSWORDLESS_ENABLED=true", name+"="+value)).ended()
		require.ErrorContains(t, err, name+": entry 2 ")
	}
}

// ended returns what run returned by itself.
func (s *server) ended() (err error) {
	s.once.Do(func() { err = <-s.done })
	return err
}
