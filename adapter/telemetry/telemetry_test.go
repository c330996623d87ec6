package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func attributes(span sdk.ReadOnlySpan) map[string]string {
	list := map[string]string{}
	for _, a := range span.Attributes() {
		list[string(a.Key)] = a.Value.Emit()
	}
	return list
}

func TestNil_DoesNothing(t *testing.T) {
	none, err := telemetry.Open(t.Context(), telemetry.Options{})
	require.NoError(t, err)
	require.Nil(t, none)
	require.Nil(t, none.Tracer())
	require.Nil(t, none.Statements("sqlite"))
	require.Nil(t, none.Client("hibp"))
	box := &kit.Mailbox{}
	require.Same(t, box, none.Mailer(box))
	require.NoError(t, none.Export(t.Context(), nil))
	require.NoError(t, none.Close())
}

func TestOpen_RefusesWhatItCannotRead(t *testing.T) {
	for name, o := range map[string]telemetry.Options{
		"OTEL_EXPORTER_OTLP_HEADERS": {Headers: "api-key"}, "OTEL_RESOURCE_ATTRIBUTES": {Attributes: "=x"}, "OTEL_TRACES_SAMPLER": {Sampler: "sometimes"},
	} {
		o.Traces, o.Log = "http://127.0.0.1:1/v1/traces", slog.New(slog.DiscardHandler)
		_, err := telemetry.Open(t.Context(), o)
		require.ErrorContains(t, err, name)
	}
}

func TestStatements_MakeSpansWithinTracesOnly(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tel := telemetry.Recorder(recorder)
	hook := tel.Statements("postgresql")
	_, end := hook(t.Context(), "SELECT 1 FROM auth.hexauth_outbox")
	end(nil)
	require.Empty(t, recorder.Ended(), "a job that looks for work makes none")

	ctx, request := tel.Tracer().Start(t.Context(), "GET /user")
	_, end = hook(ctx, "UPDATE auth.refresh_tokens\n\t\tSET x = $1")
	end(nil)
	_, end = hook(ctx, "begin")
	end(context.DeadlineExceeded)
	_, end = hook(ctx, "SELECT 1")
	end(fmt.Errorf("wrapped: %w", refused{}))
	spans := recorder.Ended()
	require.Len(t, spans, 3)
	require.Equal(t, request.SpanContext().SpanID(), spans[0].Parent().SpanID())
	require.Equal(t, trace.SpanKindClient, spans[0].SpanKind())
	require.Equal(t, "UPDATE auth.refresh_tokens", spans[0].Name())
	require.Equal(t, map[string]string{
		"db.system.name": "postgresql", "db.operation.name": "UPDATE", "db.query.summary": "UPDATE auth.refresh_tokens",
		"db.query.text": "UPDATE auth.refresh_tokens SET x = $1",
	}, attributes(spans[0]))
	require.Equal(t, "timeout", attributes(spans[1])["error.type"])
	require.Equal(t, codes.Error, spans[1].Status().Code)
	require.Equal(t, "22P02", attributes(spans[2])["db.response.status_code"])
	require.Empty(t, spans[2].Status().Description, "the text of the error may repeat a value")
	require.Empty(t, spans[2].Events())
}

// refused is an error of a database whose text repeats a value.
type refused struct{}

func (refused) Error() string    { return `invalid input syntax: "hunter2"` }
func (refused) SQLState() string { return "22P02" }

func TestClient_MakesSpansWithoutPathAndQueryAndPassesTheTraceOn(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	recorder := tracetest.NewSpanRecorder()
	tel := telemetry.Recorder(recorder)
	client := tel.Client("gateway")
	answer, err := client.Get(server.URL + "/hunter2?token=hunter2")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	server.Close()
	_, err = client.Get(server.URL)
	require.Error(t, err)
	client.CloseIdleConnections()
	spans := recorder.Ended()
	require.Len(t, spans, 2)
	require.Equal(t, "GET gateway", spans[0].Name())
	require.Equal(t, fmt.Sprintf("00-%s-%s-01", spans[0].SpanContext().TraceID(), spans[0].SpanContext().SpanID()), got.Get("Traceparent"))
	first := attributes(spans[0])
	require.Equal(t, "127.0.0.1", first["server.address"])
	require.Equal(t, "418", first["http.response.status_code"])
	require.NotContains(t, fmt.Sprint(spans[0]), "hunter2")
	require.Equal(t, "other", attributes(spans[1])["error.type"])
	require.Contains(t, spans[1].Attributes(), attribute.String("peer.service", "gateway"))
}

func TestMailer_MakesASpanOfEachMailAndNothingOfWhatIsInIt(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	box := &kit.Mailbox{}
	mailer := telemetry.Recorder(recorder).Mailer(box)
	mail := domain.Mail{Message: domain.Message{ID: "1", Template: domain.TemplateEmailVerify, To: "jane@example.com", Link: "https://hunter2", Ticket: "hunter2"}}
	require.NoError(t, mailer.Send(t.Context(), mail))
	box.Fail = errors.New("hunter2 refused")
	require.ErrorIs(t, mailer.Send(t.Context(), mail), box.Fail)
	spans := recorder.Ended()
	require.Len(t, spans, 2)
	require.Equal(t, "send email-verify", spans[0].Name())
	require.Equal(t, map[string]string{"hexauth.template": "email-verify", "hexauth.message_id": "1"}, attributes(spans[0]))
	require.Equal(t, map[string]string{"hexauth.template": "email-verify", "hexauth.message_id": "1", "error.type": "other"}, attributes(spans[1]))
	require.NoError(t, mailer.(interface{ Close() error }).Close())
	require.NoError(t, telemetry.Recorder(recorder).SMS(&kit.Phones{}).SendSMS(t.Context(), mail))
	require.Len(t, recorder.Ended(), 3)
}

func TestStatements_AreNamedByTheTablesTheyName(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tel := telemetry.Recorder(recorder)
	ctx, _ := tel.Tracer().Start(t.Context(), "POST /token")
	for statement, want := range map[string]string{
		`WITH rotated AS (UPDATE auth.refresh_tokens t SET a = $1 FROM auth.users u RETURNING t.id), seen AS (UPDATE auth.users u SET b = $2 FROM rotated)
			SELECT (SELECT json_agg(r.role) FROM auth.user_roles r) FROM seen`: "WITH auth.refresh_tokens, auth.users, auth.user_roles",
		`INSERT INTO "auth"."users" (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET a = 1`: `INSERT "auth"."users"`,
		"SELECT plan FROM customers WHERE user_id = $1":                                    "SELECT customers",
		"COMMIT": "COMMIT",
	} {
		_, end := tel.Statements("postgresql")(ctx, statement)
		end(nil)
		require.Equal(t, want, recorder.Ended()[len(recorder.Ended())-1].Name())
	}
}
