package rest

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	otel "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// spans makes a span of each request, named and described after OpenTelemetry's semantic conventions for HTTP servers. It has the
// route, never the path, the query, a header or a body.
type spans struct {
	tracer  trace.Tracer // nil: no spans
	proxies domain.Proxies
}

// begin starts the span of a request. It goes on with the trace of the header traceparent (W3C Trace Context) where a trusted proxy
// passed that on; others begin a trace of their own, so that strangers can't have everything recorded that they do. Where there are no
// spans, the context has the proxy's trace, for the log.
func (s spans) begin(r *http.Request) (context.Context, trace.Span) {
	ctx := s.traceOf(r)
	if s.tracer == nil {
		return ctx, nil
	}
	return s.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
}

func (s spans) traceOf(r *http.Request) context.Context {
	if _, said := r.Header["Traceparent"]; !said {
		return r.Context()
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !s.proxies.Trusts(peer.Addr()) {
		return r.Context()
	}
	return propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
}

// end completes a span of begin with what is known by now.
func (s spans) end(span trace.Span, c echo.Context, answered port.AnsweredRequest) {
	if span == nil {
		return
	}
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("http.request.method", c.Request().Method), attribute.Int("http.response.status_code", answered.Status),
			attribute.String("hexauth.request_id", requestID(c)),
		)
		if c.Path() != "" {
			span.SetName(c.Request().Method + " " + c.Path())
			span.SetAttributes(attribute.String("http.route", c.Path()))
		}
		if answered.Operation != "" {
			span.SetAttributes(attribute.String("hexauth.operation", answered.Operation))
		}
		if answered.Error != "" {
			span.SetAttributes(attribute.String("error.type", string(answered.Error)))
		}
		if answered.Status >= http.StatusInternalServerError {
			span.SetStatus(otel.Error, "")
		}
	}
	span.End()
}
