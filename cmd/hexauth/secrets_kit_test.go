package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// secretMembers are the members of JSON documents, the fields of forms and the parameters of URLs whose values nobody but the two who exchange
// them may learn.
var secretMembers = []string{
	"password", "newPassword", "ticket", "otp", "code", "codeVerifier", "codeChallenge", "token", "accessToken", "refreshToken", "personalAccessToken",
	"idToken", "id_token", "nonce", "totpSecret", "imageUrl", "recoveryCodes", "challenge", "clientDataJSON", "authenticatorData", "attestationObject",
	"signature", "state", "provider_state", "oauth_token", "oauth_verifier", "link",
}

// walker is a user of the API who remembers every secret that passes, every answer that is an error, and which operations worked.
type walker struct {
	t        *testing.T
	s        *server
	contract *openapi3.T
	client   *http.Client
	secrets  map[string]bool
	sent     []sent
	errors   []string
	worked   map[string]bool
	read     int // messages of the mailbox
}

// sent is a request that can be sent again.
type sent struct {
	method, path, bearer, body string
	header                     http.Header
}

// reply is an answer.
type reply struct {
	status   int
	body     string
	location *url.URL
	header   http.Header
	t        *testing.T
}

func newWalker(t *testing.T, s *server) *walker {
	contract, err := api.Load()
	require.NoError(t, err)
	client := &http.Client{
		Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &walker{t: t, s: s, contract: contract, client: client, secrets: map[string]bool{}, worked: map[string]bool{}}
}

// keep remembers a secret. What is very short appears everywhere by chance.
func (w *walker) keep(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) >= 6 {
			w.secrets[secret] = true
		}
	}
}

// learn finds the secrets in a JSON document.
func (w *walker) learn(text string) {
	var document any
	if json.Unmarshal([]byte(text), &document) == nil {
		w.visit("", document)
	}
}

func (w *walker) visit(name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			w.visit(name, member)
		}
	case []any:
		for _, member := range value {
			w.visit(name, member)
		}
	case string:
		if !slices.Contains(secretMembers, name) {
			return
		}
		w.keep(value)
		if _, bare, found := strings.Cut(value, ":"); found { // a ticket without its kind
			w.keep(bare)
		}
	}
}

func (w *walker) learnValues(values url.Values) {
	for name, list := range values {
		if slices.Contains(secretMembers, name) {
			w.keep(list...)
		}
	}
}

// send sends a request and learns from both sides. Form bodies begin with no brace.
func (w *walker) send(r sent) reply {
	w.t.Helper()
	w.sent = append(w.sent, r)
	request, err := http.NewRequestWithContext(w.t.Context(), r.method, w.s.url+r.path, strings.NewReader(r.body))
	require.NoError(w.t, err)
	for name, values := range r.header {
		request.Header[name] = values
	}
	if request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.bearer != "" {
		w.keep(r.bearer)
		request.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	w.learn(r.body)
	w.learnValues(request.URL.Query())
	if form, err := url.ParseQuery(r.body); err == nil {
		w.learnValues(form)
	}
	response, err := w.client.Do(request)
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	got := reply{status: response.StatusCode, body: string(body), header: response.Header, t: w.t}
	if got.location, err = response.Location(); err == nil {
		w.learnValues(got.location.Query())
	}
	for _, cookie := range response.Cookies() {
		w.keep(cookie.Value)
	}
	if got.status >= http.StatusBadRequest {
		w.errors = append(w.errors, got.body)
		return got
	}
	w.learn(got.body)
	if got.location == nil || got.location.Query().Get("error") == "" {
		w.worked[w.operation(r.method, request.URL.Path)] = true
	}
	return got
}

// operation finds the operationId of a request.
func (w *walker) operation(method, path string) string {
	for template, item := range w.contract.Paths.Map() {
		same := slices.EqualFunc(strings.Split(template, "/"), strings.Split(path, "/"), func(want, got string) bool {
			return want == got || strings.HasPrefix(want, "{")
		})
		if operation := item.Operations()[method]; same && operation != nil && (!strings.Contains(template, "{") || !w.literal(method, path)) {
			return operation.OperationID
		}
	}
	return ""
}

// literal tells whether the contract has a path without parameters.
func (w *walker) literal(method, path string) bool {
	item := w.contract.Paths.Value(path)
	return item != nil && item.Operations()[method] != nil
}

// must sends a request that must succeed.
func (w *walker) must(method, path, bearer, body string) reply {
	w.t.Helper()
	return w.succeed(sent{method: method, path: path, bearer: bearer, body: body})
}

func (w *walker) succeed(r sent) reply {
	w.t.Helper()
	got := w.send(r)
	require.Less(w.t, got.status, 400, "%s %s: %s", r.method, r.path, got.body)
	if got.location != nil {
		require.Empty(w.t, got.location.Query().Get("error"), r.path)
	}
	return got
}

// text returns the first string of that name in the answer.
func (r reply) text(name string) string {
	r.t.Helper()
	found := regexp.MustCompile(`"` + name + `":"((?:[^"\\]|\\.)*)"`).FindStringSubmatch(r.body)
	require.NotNil(r.t, found, "%s in %s", name, r.body)
	var value string
	require.NoError(r.t, json.Unmarshal([]byte(`"`+found[1]+`"`), &value))
	return value
}

// mail is what arrived: a link, or a code to type, and the ticket in it.
type mail struct{ To, Ticket, Link string }

// mail waits for a new message, mail or SMS.
func (w *walker) mail(to string) mail {
	w.t.Helper()
	var messages []mail
	require.Eventually(w.t, func() bool {
		status, text := w.s.send(http.MethodGet, "/dev/mailbox/messages", "", "")
		require.Equal(w.t, http.StatusOK, status)
		require.NoError(w.t, json.Unmarshal([]byte(text), &messages))
		w.learn(text)
		return len(messages) > w.read
	}, patience, 20*time.Millisecond)
	w.read++
	require.Equal(w.t, to, messages[0].To)
	return messages[0]
}

// forms are the ways in which a secret could be written.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret) // strings always marshal
	list := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for offset := range 3 { // where in a longer text it may begin
		padded := append(make([]byte, offset), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(padded)
			if core := text[(offset*8+5)/6 : len(secret+strings.Repeat(" ", offset))*8/6]; len(core) >= 7 {
				list = append(list, core)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// leaks tells whether a text has a secret in it, in whatever form. Digits count only as a word: among those of ids and times they
// appear by chance.
func leaks(text, secret string) (form string, found bool) {
	for _, form := range forms(secret) {
		if !strings.Contains(text, form) {
			continue
		}
		if strings.Trim(form, "0123456789") != "" || regexp.MustCompile(`\b`+form+`\b`).MatchString(text) {
			return form, true
		}
	}
	return "", false
}

func TestLeaks_SeesThroughEncodings(t *testing.T) {
	const secret = "s3cret/+ %:x"
	inside := func(before, after string) []byte { return []byte(before + secret + after) }
	for _, text := range []string{
		"a " + secret + " b", "?x=" + url.QueryEscape(secret) + "&", url.PathEscape(secret), `{"x":"s3cret/+ %:x"}`, hex.EncodeToString(inside("a", "b")),
		strings.ToUpper(hex.EncodeToString(inside("a", "b"))), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString(inside("a", "b")), base64.RawURLEncoding.EncodeToString(inside("ab", "c")), base64.URLEncoding.EncodeToString(inside("abc", "")),
	} {
		_, found := leaks(text, secret)
		require.True(t, found, text)
	}
	_, found := leaks("s3cret/+ %:y and s3cret", secret)
	require.False(t, found)
	_, found = leaks("duration 1123456", "123456")
	require.False(t, found)
	_, found = leaks("code=123456&", "123456")
	require.True(t, found)
}
