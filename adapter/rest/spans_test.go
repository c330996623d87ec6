package rest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	otel "go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// traced makes an API whose spans can be read; proxies below 10.0.0.0/8 are trusted.
func traced(t *testing.T, changes ...func(*setup)) (*client, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))
	trusted, err := domain.NewProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	s := setup{options: func(o *rest.Options) { o.Tracer, o.Proxies = provider.Tracer("test"), trusted }}
	for _, change := range changes {
		change(&s)
	}
	return newClientWith(t, s), recorder
}

func TestSpans_NameTheRouteAndHoldNothingThatAClientSent(t *testing.T) {
	t.Parallel()
	c, recorder := traced(t)
	session := c.signUp("jane@example.com")
	got := c.do(request{method: http.MethodDelete, path: "/user/sessions/" + unknownToken + "?x=hunter2", bearer: session.AccessToken})
	c.get("/no/such/hunter2")
	spans := recorder.Ended()
	require.Len(t, spans, 3)
	require.Equal(t, "POST /signup/email-password", spans[0].Name())
	require.Equal(t, "DELETE /user/sessions/:id", spans[1].Name())
	require.ElementsMatch(t, []attribute.KeyValue{
		attribute.String("http.request.method", "DELETE"), attribute.Int("http.response.status_code", got.status),
		attribute.String("http.route", "/user/sessions/:id"), attribute.String("hexauth.operation", "endSession"),
		attribute.String("hexauth.request_id", got.header.Get("X-Request-Id")), attribute.String("error.type", string(got.failure().Error)),
	}, spans[1].Attributes())
	require.Equal(t, "GET", spans[2].Name())
}

func TestSpans_GoOnWithTheTraceThatATrustedProxyPassesOn(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for peer, believed := range map[string]bool{"10.0.0.1:1234": true, "[::ffff:10.0.0.1]:1234": true, "198.51.100.1:1234": false} {
		c, recorder := traced(t)
		r := request{method: http.MethodGet, path: "/version", header: http.Header{"Traceparent": {parent}}}.http()
		r.RemoteAddr = peer
		require.Equal(t, http.StatusOK, c.serve(r).status)
		span := recorder.Ended()[0]
		require.Equal(t, believed, span.SpanContext().TraceID().String() == "0af7651916cd43dd8448eb211c80319c", peer)
		require.Equal(t, believed, span.Parent().SpanID().String() == "b7ad6b7169203331", peer)
	}
}

func TestSpans_OfDefectsAreErrorsAndThoseOfRefusalsAreNot(t *testing.T) {
	t.Parallel()
	c, recorder := traced(t, func(s *setup) {
		s.useCases = on(func(store port.Store) port.Store {
			return guard(store, func(context.Context) error { panic("hunter2") })
		})
	})
	c.post("/token", refresh(unknownToken))
	c.post("/token", `{}`)
	spans := recorder.Ended()
	require.Equal(t, otel.Error, spans[0].Status().Code)
	require.Empty(t, spans[0].Status().Description)
	require.Empty(t, spans[0].Events())
	require.Equal(t, otel.Unset, spans[1].Status().Code)
}

func TestSpans_CoverTheStatementsOfTheirRequest(t *testing.T) {
	t.Parallel()
	var inTrace []bool
	c, recorder := traced(t, func(s *setup) {
		s.kit = append(s.kit, func(s *kit.Settings) {
			s.Store.Trace = func(ctx context.Context, statement string) (context.Context, func(error)) {
				inTrace = append(inTrace, trace.SpanContextFromContext(ctx).IsValid())
				require.NotContains(t, statement, "jane@example.com")
				return ctx, func(error) {}
			}
		})
	})
	inTrace = nil
	c.serve(request{method: http.MethodPost, path: "/signup/email-password", body: credentials("jane@example.com", kit.Password)}.http())
	require.Len(t, recorder.Ended(), 1)
	require.NotEmpty(t, inTrace)
	require.NotContains(t, inTrace, false)
}
