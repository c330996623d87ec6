package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	// unknownOperation is the label of requests to paths that are not in the contract.
	unknownOperation = "unknown"
	scrapeTimeout    = 10 * time.Second
	scrapesAtOnce    = 4
)

// Metrics counts. It is safe for concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	inFlight  prometheus.Gauge
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	signIns   *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	messages  *prometheus.CounterVec
	events    *prometheus.CounterVec
	hashWaits prometheus.Histogram
	statuses  [600]string // texts of HTTP's numbers: a label must not cost an allocation
}

var (
	_ port.RequestMeter = (*Metrics)(nil)
	_ port.RefreshMeter = (*Metrics)(nil)
)

// New returns metrics that count from zero, those of the Go runtime and of the process included. version is the product's.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hexauth_http_requests_in_flight", Help: "Requests under way.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexauth_http_requests_total",
			Help: "Requests by operation of the contract, status and error code (empty when there was none).",
		}, []string{"operation", "status", "error"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hexauth_http_request_duration_seconds", Help: "Time from a request's headers to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexauth_sign_ins_total", Help: "Attempts to sign in, by method and outcome: success, second-factor (asked for) or an error code.",
		}, []string{"method", "outcome"}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexauth_refreshes_total", Help: "Refresh tokens presented, by what became of them.",
		}, []string{"outcome"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexauth_messages_total", Help: "Attempts of this instance to send a mail, an SMS or an event to a webhook, by template and outcome: sent or failed.",
		}, []string{"template", "outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexauth_events_total", Help: "Events of the audit log, by kind.",
		}, []string{"event"}),
		hashWaits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hexauth_password_hash_wait_seconds", Help: "Time that callers waited for their turn to hash a password.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}),
	}
	for status := range m.statuses {
		m.statuses[status] = strconv.Itoa(status)
	}
	for _, outcome := range domain.RefreshOutcomes() {
		m.refreshes.WithLabelValues(string(outcome)) // zero is a number too
	}
	for _, kind := range domain.EventKinds() {
		m.events.WithLabelValues(string(kind))
	}
	m.registry.MustRegister(
		m.events,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(version),
		m.inFlight, m.requests, m.durations, m.signIns, m.refreshes, m.messages, m.hashWaits,
	)
	return m
}

func buildInfo(version string) prometheus.Collector {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hexauth_build_info", Help: "Always 1; the labels say what runs.",
	}, []string{"version", "goversion"})
	info.WithLabelValues(version, runtime.Version()).Set(1)
	return info
}

// Gatherer gives the metrics to whoever exports them in another way.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler answers GET /metrics in Prometheus' and OpenMetrics' text formats.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout,
	}))
	return mux
}

// RequestBegan implements port.RequestMeter.
func (m *Metrics) RequestBegan() { m.inFlight.Inc() }

// RequestEnded implements port.RequestMeter.
func (m *Metrics) RequestEnded(r port.AnsweredRequest) {
	m.inFlight.Dec()
	operation := r.Operation
	if operation == "" {
		operation = unknownOperation
	}
	m.requests.WithLabelValues(operation, m.statuses[min(max(r.Status, 0), len(m.statuses)-1)], string(r.Error)).Inc()
	m.durations.WithLabelValues(operation).Observe(r.Took.Seconds())
	if method := signInMethod(r.Operation); method != "" {
		m.signIns.WithLabelValues(method, outcomeOf(r)).Inc()
	}
}

// Refreshed implements port.RefreshMeter.
func (m *Metrics) Refreshed(outcome domain.RefreshOutcome) {
	m.refreshes.WithLabelValues(string(outcome)).Inc()
}

// EventHappened counts an event.
func (m *Metrics) EventHappened(kind domain.EventKind) { m.events.WithLabelValues(string(kind)).Inc() }

// PasswordHashWaited counts how long a caller waited for his turn.
func (m *Metrics) PasswordHashWaited(wait time.Duration) { m.hashWaits.Observe(wait.Seconds()) }

// signInMethod names the way in that an operation completes, or completes but for a second factor; "" for other operations. The
// exchange of a PKCE code is none: it follows upon a sign-in that was counted.
func signInMethod(operation string) string {
	switch operation {
	case "signInEmailPassword":
		return "password"
	case "signInAnonymous":
		return "anonymous"
	case "signInPAT":
		return "personal-access-token"
	case "signInIdToken":
		return "id-token"
	case "signInProviderCallbackGet", "signInProviderCallbackPost":
		return "provider"
	case "verifySignInMfaTotp":
		return "totp"
	case "verifySignInOTPEmail":
		return "email-code"
	case "verifySignInPasswordlessSms":
		return "sms-code"
	case "verifySignInWebauthn":
		return "security-key"
	case "verifyTicket":
		return "email-link"
	}
	return ""
}

func outcomeOf(r port.AnsweredRequest) string {
	switch {
	case r.Error != "":
		return string(r.Error)
	case r.Challenged:
		return "second-factor"
	case r.Status >= http.StatusBadRequest:
		return "aborted"
	}
	return "success"
}
