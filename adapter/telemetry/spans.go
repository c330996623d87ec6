package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Statements returns a hook that makes a span of each statement that belongs to a trace; nil when there are no traces. system is
// "postgresql", "sqlite" or "redis". Statements must hold their arguments apart from their text.
func (t *Telemetry) Statements(system string) func(ctx context.Context, statement string) (context.Context, func(error)) {
	if t.Tracer() == nil {
		return nil
	}
	return func(ctx context.Context, statement string) (context.Context, func(error)) {
		if !trace.SpanContextFromContext(ctx).IsValid() {
			return ctx, func(error) {} // a job that looks for work again and again is no news
		}
		operation, summary := summaryOf(statement)
		ctx, span := t.tracer.Start(ctx, summary, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("db.system.name", system), attribute.String("db.operation.name", operation),
			attribute.String("db.query.summary", summary), attribute.String("db.query.text", strings.Join(strings.Fields(statement), " ")),
		))
		return ctx, func(err error) { ended(span, err) }
	}
}

// target is a table where a statement reads or writes it; qualified is one that names its schema, unlike parts of the statement itself.
var (
	target    = regexp.MustCompile(`(?i)\b(?:from|into|update)\s+([a-z_."]+)`)
	qualified = regexp.MustCompile(`(?i)\b(?:from|join|into|update)\s+([a-z_"]+\.[a-z_."]+)`)
)

// summaryOf names a statement: its first word, and its tables in the order in which it names them.
func summaryOf(statement string) (operation, summary string) {
	first, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	operation = strings.ToUpper(first)
	var tables []string
	for _, found := range qualified.FindAllStringSubmatch(statement, -1) {
		if !slices.Contains(tables, found[1]) {
			tables = append(tables, found[1])
		}
	}
	if table := target.FindStringSubmatch(statement); tables == nil && table != nil {
		tables = table[1:]
	}
	return operation, strings.TrimSpace(operation + " " + strings.Join(tables, ", "))
}

// ended ends a span. Texts of errors can repeat values, so only their kind is noted.
func ended(span trace.Span, err error) {
	if err != nil {
		var state interface{ SQLState() string }
		kind := "other"
		switch {
		case errors.As(err, &state):
			kind = state.SQLState()
			span.SetAttributes(attribute.String("db.response.status_code", kind))
		case errors.Is(err, context.DeadlineExceeded):
			kind = "timeout"
		case errors.Is(err, context.Canceled):
			kind = "canceled"
		}
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

const (
	maxHeaders  = 64 << 10 // bytes of an answer from elsewhere
	idleTimeout = 90 * time.Second
)

// Client returns a client that makes a span of each request to a service, such as "hibp"; nil when there are no traces. It takes
// the trace along in the header traceparent (W3C Trace Context). Neither path nor query are noted: both can hold secrets.
func (t *Telemetry) Client(service string) *http.Client {
	if t.Tracer() == nil {
		return nil
	}
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.MaxResponseHeaderBytes, own.IdleConnTimeout = maxHeaders, idleTimeout
	return &http.Client{Transport: t.Transport(service, own)}
}

// Transport returns via with a span of each request, as Client makes them; via itself when there are no traces.
func (t *Telemetry) Transport(service string, via http.RoundTripper) http.RoundTripper {
	if t.Tracer() == nil {
		return via
	}
	return transport{tracer: t.tracer, service: service, via: via}
}

type transport struct {
	tracer  trace.Tracer
	service string
	via     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname()),
		attribute.String("url.scheme", r.URL.Scheme), attribute.String("peer.service", t.service),
	}
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		attributes = append(attributes, attribute.Int("server.port", port))
	}
	ctx, span := t.tracer.Start(r.Context(), r.Method+" "+t.service, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	r = r.Clone(ctx)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	answer, err := t.via.RoundTrip(r)
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
		if answer.StatusCode >= http.StatusBadRequest {
			span.SetAttributes(attribute.String("error.type", strconv.Itoa(answer.StatusCode)))
			span.SetStatus(codes.Error, "")
		}
	}
	ended(span, err)
	return answer, err
}

// CloseIdleConnections lets http.Client close what is behind.
func (t transport) CloseIdleConnections() {
	if closer, ok := t.via.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Mailer returns a mailer that makes a span of each mail that next sends: a trace of its own, as mails leave after the request.
func (t *Telemetry) Mailer(next port.Mailer) port.Mailer {
	if t.Tracer() == nil {
		return next
	}
	return mailer{next, t.tracer}
}

type mailer struct {
	port.Mailer
	tracer trace.Tracer
}

// Send implements port.Mailer.
func (m mailer) Send(ctx context.Context, mail domain.Mail) error {
	return sending(ctx, m.tracer, mail, m.Mailer.Send)
}

func sending(ctx context.Context, tracer trace.Tracer, mail domain.Mail, send func(context.Context, domain.Mail) error) error {
	ctx, span := tracer.Start(ctx, "send "+string(mail.Template), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("hexauth.template", string(mail.Template)), attribute.String("hexauth.message_id", mail.ID),
	))
	err := send(ctx, mail)
	ended(span, err)
	return err
}

// SMS returns a sender that makes a span of each SMS that next sends.
func (t *Telemetry) SMS(next port.SMSSender) port.SMSSender {
	if t.Tracer() == nil {
		return next
	}
	return smsSender{next, t.tracer}
}

type smsSender struct {
	next   port.SMSSender
	tracer trace.Tracer
}

// SendSMS implements port.SMSSender.
func (s smsSender) SendSMS(ctx context.Context, sms domain.Mail) error {
	return sending(ctx, s.tracer, sms, s.next.SendSMS)
}

// Webhooks returns webhooks that make a span of each event that next sends.
func (t *Telemetry) Webhooks(next port.Webhooks) port.Webhooks {
	if t.Tracer() == nil {
		return next
	}
	return webhooks{next, t.tracer}
}

type webhooks struct {
	next   port.Webhooks
	tracer trace.Tracer
}

// Send implements port.Webhooks.
func (w webhooks) Send(ctx context.Context, message domain.Message) error {
	return sending(ctx, w.tracer, domain.Mail{Message: message}, func(ctx context.Context, mail domain.Mail) error { return w.next.Send(ctx, mail.Message) })
}

// Close closes the mailer behind, where it can be closed.
func (m mailer) Close() error {
	if closer, connected := m.Mailer.(io.Closer); connected {
		return closer.Close()
	}
	return nil
}
