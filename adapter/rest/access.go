package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Keys of what a request carries with it through Echo's context.
const (
	requestIDKey  = "request_id"
	errorCodeKey  = "error_code"
	challengedKey = "challenged"
)

func requestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// saneRequestID is what is accepted of a request id that a proxy has set: nothing that could disturb a log.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// access gives every request an id, where it comes from, a line in the log and an answer even when a handler panics.
type access struct {
	log        *slog.Logger
	clock      port.Clock
	random     port.Random
	errors     errorWriter
	origin     origin
	meter      port.RequestMeter
	operations map[route]string // operationIds
	spans      spans
}

// trace is the outermost middleware. The line has the route, never the query or the body: those hold secrets.
func (a access) trace(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		started := a.clock.Now()
		a.meter.RequestBegan()
		ctx, span := a.spans.begin(c.Request())
		defer a.ended(c, started, span)
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !saneRequestID.MatchString(id) {
			id = a.random.UUID()
		}
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store") // nearly every answer has secrets in it (RFC 6749 §5.1)
		ctx = domain.WithRequestID(domain.WithDevice(ctx, a.origin.deviceOf(c.Request())), id)
		c.SetRequest(c.Request().WithContext(ctx))
		if err := a.recovered(next, c); err != nil {
			a.errors.handle(err, c)
		}
		return nil
	}
}

// recovered runs next and turns a panic into an error that holds the place where it happened.
func (a access) recovered(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler {
				panic(r)
			}
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return next(c)
}

// ended counts a request, ends its span and writes its line, also when it was aborted.
func (a access) ended(c echo.Context, started time.Time, span trace.Span) {
	took := a.clock.Now().Sub(started)
	code, _ := c.Get(errorCodeKey).(string)
	challenged, _ := c.Get(challengedKey).(bool)
	answered := port.AnsweredRequest{
		Operation: a.operations[route{c.Request().Method, c.Path()}], Status: c.Response().Status, Error: domain.Code(code),
		Challenged: challenged, Took: took,
	}
	a.meter.RequestEnded(answered)
	a.spans.end(span, c, answered)
	a.line(c, code, took)
}

func (a access) line(c echo.Context, code string, took time.Duration) {
	attributes := []slog.Attr{
		slog.String("request_id", requestID(c)), slog.String("method", c.Request().Method), slog.String("route", c.Path()),
		slog.Int("status", c.Response().Status), slog.Int64("duration_us", took.Microseconds()),
		slog.String("remote_addr", c.Request().RemoteAddr), slog.String("client_addr", domain.DeviceOf(c.Request().Context()).Address),
	}
	if code != "" {
		attributes = append(attributes, slog.String("error", code))
	}
	if bearer := bearerOf(c.Request().Context()); bearer.Subject != "" {
		attributes = append(attributes, slog.String("user_id", string(bearer.Subject)))
	}
	a.log.LogAttrs(c.Request().Context(), slog.LevelInfo, "request", attributes...)
}
