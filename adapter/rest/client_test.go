package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// client sends requests to the API. Whatever a test is about, do holds every answer to the contract, and answers and log to
// the promise that they never repeat a secret. Mails that a request queued are sent right after it.
type client struct {
	t        testing.TB
	kit      *kit.Kit
	handler  http.Handler
	contract *openapi3.T
	options  rest.Options
	log      *logbook
	secrets  []string // that were sent, answered or mailed
	mailed   []string // those of them that nothing but a mail may have
	mails    int      // that were searched for secrets
	checked  int      // bytes of the log that were searched for secrets
}

// setup is what a test may change before the API is made.
type setup struct {
	kit      []func(*kit.Settings)
	options  func(*rest.Options)
	useCases func(rest.UseCases) rest.UseCases
}

func newClient(t testing.TB) *client { return newClientWith(t, setup{}) }

func newClientWith(t testing.TB, s setup) *client {
	t.Helper()
	k := kit.New(t, s.kit...)
	doc, err := api.Load()
	require.NoError(t, err)
	log := &logbook{}
	options := rest.Options{
		ServerURL: kit.ServerURL, MaxBodyBytes: 1 << 20, Version: "1.2.3", Meter: k.Meter, Clock: k.Clock, Random: k.Random,
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if s.options != nil {
		s.options(&options)
	}
	useCases := k.UseCases
	if s.useCases != nil {
		useCases = s.useCases(useCases)
	}
	handler, err := rest.New(useCases, options)
	require.NoError(t, err)
	return &client{t: t, kit: k, handler: handler, contract: doc, options: options, log: log}
}

// request is one request. body is sent as JSON unless contentType says otherwise.
type request struct {
	method, path string
	body         string
	stream       io.Reader // instead of body: sent in chunks, its length unknown
	contentType  string
	bearer       string
	header       http.Header
	ctx          context.Context
}

func (r request) http() *http.Request {
	var body io.Reader
	switch {
	case r.stream != nil:
		body = r.stream
	case r.body != "":
		body = strings.NewReader(r.body)
	}
	out := httptest.NewRequest(r.method, r.path, body)
	if body != nil {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.contentType != "" {
		out.Header.Set("Content-Type", r.contentType)
	}
	if r.bearer != "" {
		out.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	maps.Copy(out.Header, r.header)
	if host := r.header.Get("Host"); host != "" {
		out.Host = host
	}
	if r.ctx != nil {
		out = out.WithContext(r.ctx)
	}
	return out
}

// response is an answer that kept to the contract.
type response struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (c *client) do(r request) response {
	c.t.Helper()
	got := c.serve(r.http())
	c.checkContract(r, got)
	c.checkSecrets(r, got)
	return got
}

// serve hands a request over without any check.
func (c *client) serve(r *http.Request) response {
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, r)
	return response{t: c.t, status: recorder.Code, header: recorder.Header(), body: recorder.Body.String()}
}

func (c *client) post(path, body string) response {
	c.t.Helper()
	return c.do(request{method: http.MethodPost, path: path, body: body})
}

func (c *client) get(path string) response {
	c.t.Helper()
	return c.do(request{method: http.MethodGet, path: path})
}

// refused sends a request that must be answered with a code, and returns the error.
func (c *client) refused(r request, status int, code domain.Code) failure {
	c.t.Helper()
	got := c.do(r)
	require.Equal(c.t, status, got.status, got.body)
	failure := got.failure()
	require.Equal(c.t, api.ErrorResponseError(code), failure.Error, got.body)
	return failure
}

// refusedPost is refused for a POST.
func (c *client) refusedPost(path, body string, status int, code domain.Code) failure {
	c.t.Helper()
	return c.refused(request{method: http.MethodPost, path: path, body: body}, status, code)
}

// signUp creates an account through the API.
func (c *client) signUp(email string) api.Session {
	c.t.Helper()
	got := c.post(c.options.Prefix+"/signup/email-password", credentials(email, kit.Password))
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	return *decode[api.SessionPayload](got).Session
}

func sessionIn(r response) api.Session {
	r.t.Helper()
	session := decode[api.SessionPayload](r).Session
	require.NotNil(r.t, session, r.body)
	return *session
}

func maxBody(limit int64) func(*rest.Options) {
	return func(o *rest.Options) { o.MaxBodyBytes = limit }
}

func credentials(email, password string) string {
	text, _ := json.Marshal(map[string]string{"email": email, "password": password}) // strings always marshal
	return string(text)
}

// failure is an error with the field that its message begins with, "" when it is about none.
type failure struct {
	api.ErrorResponse
	Field string
}

var namesField = regexp.MustCompile(`^(\S+) (?:is|must|can't|needs|belongs|could|has|does) `)

func (r response) failure() failure {
	r.t.Helper()
	require.GreaterOrEqual(r.t, r.status, 400, r.body)
	answer := failure{ErrorResponse: decode[api.ErrorResponse](r)}
	if found := namesField.FindStringSubmatch(answer.Message); found != nil {
		answer.Field = found[1]
	}
	return answer
}

func decode[T any](r response) T {
	r.t.Helper()
	var value T
	require.NoError(r.t, json.Unmarshal([]byte(r.body), &value), r.body)
	return value
}

// checkContract holds an answer to what the contract says of its operation and, where there is none, of errors.
func (c *client) checkContract(r request, got response) {
	c.t.Helper()
	id := got.header.Get("X-Request-Id")
	require.NotEmpty(c.t, id, "every answer has a request id")
	path, inside := strings.CutPrefix(strings.SplitN(r.path, "?", 2)[0], c.options.Prefix)
	op := c.operation(r.method, path)
	switch {
	case r.method == http.MethodOptions:
		require.Equal(c.t, http.StatusNoContent, got.status)
		require.Empty(c.t, got.body)
	case r.method == http.MethodHead:
		require.Empty(c.t, got.body)
	case got.status == 499: // the client is gone
		require.Empty(c.t, got.body)
	case c.options.Prefix != "" && r.path == "/healthz" && got.status == http.StatusOK:
		require.Equal(c.t, `{"status":"ok"}`, strings.TrimSpace(got.body))
	case op != nil && inside:
		c.checkOperation(r, got, op)
	default:
		if c.options.Limits == nil || got.status != http.StatusTooManyRequests {
			require.Contains(c.t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, got.status, got.body)
		}
		c.checkSchema(got.body, c.contract.Components.Schemas["ErrorResponse"].Value)
	}
	if got.status >= 400 && got.body != "" {
		c.checkError(got, id)
	}
}

func (c *client) checkOperation(r request, got response, op *openapi3.Operation) {
	c.t.Helper()
	require.NoError(c.t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r.http(), Route: &routers.Route{Spec: c.contract, Operation: op}},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)),
		// A YAML document would be compared as a document, not as the text the contract says it is.
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: got.header.Get("Content-Type") == "application/yaml"},
	}), "%s %s: %d %s", r.method, r.path, got.status, got.body)
	documented := op.Responses.Status(got.status)
	if documented == nil {
		require.GreaterOrEqual(c.t, got.status, 400, "the default answer is an error")
		documented = op.Responses.Default()
	}
	c.checkDocumented(got, op)
	if documented.Value.Headers["Cache-Control"] == nil {
		require.Equal(c.t, []string{"no-store"}, got.header.Values("Cache-Control"))
	}
	allowed := append(slices.Collect(maps.Keys(documented.Value.Headers)), "Cache-Control", "Content-Type", "Content-Length", "Vary", "Connection", "Www-Authenticate")
	for name := range got.header {
		everywhere := strings.HasPrefix(name, "Access-Control-") || c.options.Limits != nil && strings.HasPrefix(name, "Ratelimit-")
		require.True(c.t, slices.Contains(allowed, name) || everywhere, "undocumented header %s", name)
	}
}

// checkDocumented demands that the operation's description names the code it answers, in its body or in a redirect.
func (c *client) checkDocumented(got response, op *openapi3.Operation) {
	c.t.Helper()
	answers, redirects, _ := strings.Cut(op.Description, "**Errors sent by redirect:**")
	code, where := "", redirects
	if location, err := url.Parse(got.header.Get("Location")); err == nil {
		code = location.Query().Get("error")
	}
	if got.status >= 400 && got.body != "" {
		code, where = string(got.failure().Error), answers
	}
	concealed := c.options.ConcealErrors && code == string(domain.InvalidRequest)
	if code == "" || concealed {
		return
	}
	require.Contains(c.t, where, "`"+code+"`", "%s does not document what it answers", op.OperationID)
}

func (c *client) checkSchema(body string, schema *openapi3.Schema) {
	c.t.Helper()
	var value any
	require.NoError(c.t, json.Unmarshal([]byte(body), &value), body)
	require.NoError(c.t, schema.VisitJSON(value, openapi3.VisitAsResponse()), body)
}

// checkError holds an error to what every error promises.
func (c *client) checkError(got response, id string) {
	c.t.Helper()
	require.Equal(c.t, "application/json", strings.SplitN(got.header.Get("Content-Type"), ";", 2)[0])
	failure := got.failure()
	require.Equal(c.t, got.status, failure.Status)
	require.Equal(c.t, id, failure.RequestID)
	require.NotEmpty(c.t, failure.Message)
	require.Equal(c.t, got.status == http.StatusServiceUnavailable || got.status == http.StatusTooManyRequests, got.header.Get("Retry-After") != "")
	require.Equal(c.t, got.status == http.StatusMethodNotAllowed, got.header.Get("Allow") != "")
}

// operation finds what the contract has at a path, below the prefix; nil for nothing. A path that is written out goes before one
// with a parameter.
func (c *client) operation(method, path string) *openapi3.Operation {
	if item := c.contract.Paths.Value(path); item != nil {
		return item.Operations()[method]
	}
	for template, item := range c.contract.Paths.Map() {
		if matches(strings.Split(template, "/"), strings.Split(path, "/")) {
			return item.Operations()[method]
		}
	}
	return nil
}

func matches(template, path []string) bool {
	return slices.EqualFunc(template, path, func(want, got string) bool {
		return want == got || strings.HasPrefix(want, "{") && got != ""
	})
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines returns the entries with that message.
func (l *logbook) lines(t testing.TB, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

// on returns a change of use cases that puts store wherever they use one.
func on(store func(port.Store) port.Store) func(rest.UseCases) rest.UseCases {
	return func(u rest.UseCases) rest.UseCases { return withStore(u, store) }
}
