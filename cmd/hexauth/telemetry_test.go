package main

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collectmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collecttraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/redistest"
)

// collector is a server that takes what OpenTelemetry sends.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	spans    []*traces.Span
	resource map[string]string
	metrics  []string // names
	apiKeys  []string
	bytes    []byte // everything, as it came
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var reader io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		reader, _ = gzip.NewReader(r.Body)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes = append(c.bytes, body...)
	c.apiKeys = append(c.apiKeys, r.Header.Get("Api-Key"))
	switch r.URL.Path {
	case "/v1/traces":
		var request collecttraces.ExportTraceServiceRequest
		if proto.Unmarshal(body, &request) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, resource := range request.ResourceSpans {
			c.resource = texts(resource.Resource.Attributes)
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	case "/v1/metrics":
		var request collectmetrics.ExportMetricsServiceRequest
		if proto.Unmarshal(body, &request) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, resource := range request.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for _, metric := range scope.Metrics {
					c.metrics = append(c.metrics, metric.Name)
				}
			}
		}
	}
}

// texts returns the attributes whose values are strings.
func texts(attributes []*common.KeyValue) map[string]string {
	list := map[string]string{}
	for _, attribute := range attributes {
		if text, ok := attribute.Value.Value.(*common.AnyValue_StringValue); ok {
			list[attribute.Key] = text.StringValue
		}
	}
	return list
}

// named returns the spans of a name.
func (c *collector) named(name string) []*traces.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*traces.Span
	for _, span := range c.spans {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

func TestServe_SendsTracesAndMetricsToACollector(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := serve(t, production(pgtest.Database(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL+"/", "OTEL_EXPORTER_OTLP_HEADERS=api-key=hunter%202",
		"OTEL_SERVICE_NAME=sign-in", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test"))
	request, err := http.NewRequest(http.MethodPost, s.url+"/signup/email-password", strings.NewReader(`{"email":"jane@example.com","password":"violet-otter-41"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, s.end(), "the last spans leave before the end")

	signUps := c.named("POST /signup/email-password")
	require.Len(t, signUps, 1)
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", hex.EncodeToString(signUps[0].TraceId), "the trace of the caller goes on")
	require.Equal(t, "b7ad6b7169203331", hex.EncodeToString(signUps[0].ParentSpanId))
	require.Equal(t, map[string]string{
		"http.request.method": "POST", "http.route": "/signup/email-password", "hexauth.operation": "signUpEmailPassword",
		"hexauth.request_id": answer.Header.Get("X-Request-Id"),
	}, texts(signUps[0].Attributes))
	statements := c.named("WITH auth.hexauth_events, auth.refresh_tokens, auth.user_roles, auth.users")
	require.Len(t, statements, 1)
	require.Equal(t, signUps[0].SpanId, statements[0].ParentSpanId)
	require.Equal(t, "postgresql", texts(statements[0].Attributes)["db.system.name"])
	require.Contains(t, texts(statements[0].Attributes)["db.query.text"], "INSERT INTO auth.users")
	require.Equal(t, "sign-in", c.resource["service.name"])
	require.Equal(t, "test", c.resource["deployment.environment.name"])
	require.NotEmpty(t, c.resource["service.instance.id"])
	require.Contains(t, c.metrics, "hexauth_http_requests_total")
	require.Contains(t, c.metrics, "hexauth_outbox_readable")
	for _, key := range c.apiKeys {
		require.Equal(t, "hunter 2", key)
	}
	require.NotContains(t, s.out.String(), "hunter")
	var line map[string]any
	for text := range strings.Lines(s.out.String()) {
		if strings.Contains(text, `"msg":"request"`) {
			require.NoError(t, json.Unmarshal([]byte(text), &line))
		}
	}
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", line["trace_id"])
	require.Equal(t, hex.EncodeToString(signUps[0].SpanId), line["span_id"])
}

func TestServe_TracesGoDownToRedisTheAppsQueryAndWebhooks(t *testing.T) {
	t.Parallel()
	c, limits := newCollector(t), redistest.Start(t)
	hook, told := receiver(t, func(int) int { return http.StatusNoContent })
	s := serve(t, production(pgtest.Database(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "AUTH_RATE_LIMIT_ENABLE=true", "AUTH_RATE_LIMIT_REDIS_URL="+limits.URL(),
		"AUTH_JWT_CUSTOM_CLAIMS_SQL=SELECT display_name AS plan FROM auth.users WHERE id = $1",
		`AUTH_WEBHOOKS=[{"url":"`+hook+`/path-secret","secret":"whsec_`+hookKey+`"}]`, "AUTH_WEBHOOKS_ALLOW_PRIVATE=true"))
	session := s.signUp("jane@example.com")
	require.Contains(t, next(t, told).body, "user.created")
	require.NoError(t, s.end())

	requests := c.named("POST /signup/email-password")
	require.Len(t, requests, 1)
	for name, system := range map[string]string{"EVALSHA": "redis", "SELECT auth.users": "postgresql"} {
		spans := c.named(name)
		require.Len(t, spans, 1, name)
		require.Equal(t, requests[0].SpanId, spans[0].ParentSpanId, name)
		require.Equal(t, system, texts(spans[0].Attributes)["db.system.name"])
	}
	require.Contains(t, texts(c.named("SELECT auth.users")[0].Attributes)["db.query.text"], "SELECT display_name AS plan FROM auth.users WHERE id = $1")
	sent, posts := c.named("send webhook"), c.named("POST webhook")
	require.Len(t, sent, 1)
	require.Len(t, posts, 1)
	require.Equal(t, sent[0].SpanId, posts[0].ParentSpanId)
	require.Equal(t, "webhook", texts(sent[0].Attributes)["hexauth.template"])
	for _, secret := range []string{"path-secret", session.User.ID, session.RefreshToken, "jane@example.com"} {
		require.NotContains(t, string(c.bytes), secret)
	}
}

func TestServe_SendsNothingByOpenTelemetryUnlessItIsTold(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	for _, environ := range [][]string{
		nil, {"OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL},
		{"OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL},
	} {
		s := serve(t, inFolder(t.TempDir(), environ...))
		s.signUp("jane@example.com")
		require.NoError(t, s.end())
		require.Empty(t, c.apiKeys)
		require.NotContains(t, s.out.String(), "trace_id")
	}
}

func TestServe_LogsTheTraceOfATrustedProxyAlsoWhereItSendsNone(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]bool{"127.0.0.0/8": true, "none": false} {
		s := serve(t, inFolder(t.TempDir(), "AUTH_TRUSTED_PROXIES="+trusted))
		request, err := http.NewRequest(http.MethodPost, s.url+"/signup/email-password", strings.NewReader(`{"email":"jane@example.com","password":"violet-otter-41"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.NoError(t, s.end())
		lines := 0
		for text := range strings.Lines(s.out.String()) {
			if strings.Contains(text, `"trace_id":"0af7651916cd43dd8448eb211c80319c"`) {
				lines++
			}
			require.NotContains(t, text, `"span_id"`)
		}
		require.Equal(t, map[bool]int{true: 2, false: 0}[want], lines, "the event's and the request's")
	}
}

func TestServe_WorksOnWhenTheCollectorIsAway(t *testing.T) {
	t.Parallel()
	s := serve(t, inFolder(t.TempDir(), "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"))
	s.signUp("jane@example.com")
	began := time.Now()
	require.NoError(t, s.end())
	require.Less(t, time.Since(began), 20*time.Second)
	require.Contains(t, s.out.String(), `"event":"telemetry_lost"`)
}
