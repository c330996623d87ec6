package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

func TestRouting_UnknownPathsAreNotFound(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, path := range []string{
		"/", "/nothing", "/USER", "/user/", "/user/nothing", "/token/verify/more", "/v1/token", "//token", "/../token", "/.well-known/openid-configuration",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			c.refused(request{method: method, path: path}, http.StatusNotFound, domain.NotFound)
		}
	}
}

func TestRouting_AnUnknownMethodIsToldWhichThereAre(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, m := range []struct {
		method, path string
		allow        []string
	}{
		{http.MethodGet, "/token", []string{"OPTIONS", "POST"}},
		{http.MethodPut, "/token", []string{"OPTIONS", "POST"}},
		{http.MethodPost, "/user", []string{"GET", "OPTIONS"}},
		{http.MethodDelete, "/healthz", []string{"GET", "HEAD", "OPTIONS"}},
		{http.MethodPost, "/verify", []string{"GET", "HEAD", "OPTIONS"}},
		{http.MethodGet, "/user/password/reset", []string{"OPTIONS", "POST"}},
		{"BREW", "/version", []string{"GET", "OPTIONS"}},
		{http.MethodPatch, "/signin/provider/github", []string{"GET", "OPTIONS"}},
	} {
		got := c.do(request{method: m.method, path: m.path})
		require.Equal(t, http.StatusMethodNotAllowed, got.status, m)
		require.Equal(t, string(domain.MethodNotAllowed), string(got.failure().Error))
		allow := strings.Split(got.header.Get("Allow"), ", ")
		slices.Sort(allow)
		require.Equal(t, m.allow, allow, m)
	}
}

func TestRouting_HeadIsForTheHealthCheckAndForLinks(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/verify": http.StatusOK, "/user": http.StatusMethodNotAllowed, "/version": http.StatusMethodNotAllowed, "/nothing": http.StatusNotFound,
	} {
		require.Equal(t, want, c.do(request{method: http.MethodHead, path: path}).status, path)
	}
}

func TestRouting_ThePrefixIsBeforeEverything(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: func(o *rest.Options) { o.Prefix = "/v1" }})
	session := c.signUp("jane@example.com")
	for _, r := range []request{
		{method: http.MethodGet, path: "/v1/healthz"}, {method: http.MethodHead, path: "/v1/healthz"},
		{method: http.MethodGet, path: "/healthz"}, {method: http.MethodHead, path: "/healthz"},
		{method: http.MethodGet, path: "/v1/readyz"}, {method: http.MethodGet, path: "/v1/version"}, {method: http.MethodGet, path: "/v1/openapi.yaml"},
		{method: http.MethodGet, path: "/v1/.well-known/jwks.json"}, {method: http.MethodGet, path: "/v1/user", bearer: session.AccessToken},
		{method: http.MethodPost, path: "/v1/signin/anonymous"}, {method: http.MethodPost, path: "/v1/token/verify", bearer: session.AccessToken},
		{method: http.MethodPost, path: "/v1/signin/email-password", body: credentials("jane@example.com", kit.Password)},
		{method: http.MethodPost, path: "/v1/token", body: refresh(session.RefreshToken)},
		{method: http.MethodPost, path: "/v1/signout", body: refresh(session.RefreshToken)},
		{method: http.MethodPost, path: "/v1/user/password/reset", body: address("jane@example.com")},
		{method: http.MethodPost, path: "/v1/signin/passwordless/email", body: address("jane@example.com")},
	} {
		require.Equal(t, http.StatusOK, c.do(r).status, r.method+" "+r.path)
		if bare := strings.TrimPrefix(r.path, "/v1"); bare != "/healthz" {
			r.path = bare
			c.refused(r, http.StatusNotFound, domain.NotFound)
		}
	}
	require.Equal(t, http.StatusOK, c.do(request{method: http.MethodHead, path: "/v1/verify"}).status)
	require.Equal(t, http.StatusNotFound, c.do(request{method: http.MethodHead, path: "/verify"}).status)
	c.refused(request{method: http.MethodGet, path: "/verify"}, http.StatusNotFound, domain.NotFound)
	require.Equal(t, "jane@example.com", c.opened().User.Email)
	c.refused(request{method: http.MethodGet, path: "/v1/user"}, http.StatusUnauthorized, domain.Unauthorized)
	c.refusedPost("/v1/token", `{"token":1}`, http.StatusBadRequest, domain.SchemaValidation)
	c.refused(request{method: http.MethodPost, path: "/healthz"}, http.StatusMethodNotAllowed, domain.MethodNotAllowed)
	require.Equal(t, `{"status":"ok"}`, strings.TrimSpace(c.get("/healthz").body))
	require.Equal(t, `"OK"`, strings.TrimSpace(c.get("/v1/healthz").body))
}

func TestCORS_AnswersAsTheTableSays(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	shared := http.Header{
		"Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Methods": {"POST, GET"},
		"Access-Control-Allow-Credentials": {"true"}, "Access-Control-Max-Age": {"86400"}, "Vary": {"Origin, Access-Control-Request-Method"},
	}
	with := func(name, value string) http.Header {
		header := shared.Clone()
		header.Set(name, value)
		return header
	}
	readable := with("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset")
	asked := http.Header{"Origin": {"https://app.example.com"}, "Access-Control-Request-Headers": {"authorization, x-custom"}}
	for _, row := range []struct {
		name string
		r    request
		want http.Header
	}{
		{"preflight", request{method: http.MethodOptions, path: "/token", header: asked}, with("Access-Control-Allow-Headers", "authorization, x-custom")},
		{"preflight of an unknown path", request{method: http.MethodOptions, path: "/nothing", header: http.Header{"Origin": {"https://app.example.com"}}}, shared},
		{"preflight without origin", request{method: http.MethodOptions, path: "/token"}, with("Access-Control-Allow-Origin", "")},
		{"another origin", request{method: http.MethodOptions, path: "/token", header: http.Header{"Origin": {"null"}}}, with("Access-Control-Allow-Origin", "null")},
		{"request", request{method: http.MethodGet, path: "/version", header: http.Header{"Origin": {"https://app.example.com"}}}, readable},
		{"error", request{method: http.MethodGet, path: "/user", header: http.Header{"Origin": {"https://app.example.com"}}}, readable},
		{"unknown path", request{method: http.MethodGet, path: "/nothing", header: http.Header{"Origin": {"https://app.example.com"}}}, readable},
		{"request without origin", request{method: http.MethodGet, path: "/version"}, http.Header{}},
	} {
		got := c.do(row.r)
		cors := http.Header{}
		for name, values := range got.header {
			if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
				cors[name] = values
			}
		}
		require.Equal(t, row.want, cors, row.name)
		if row.r.method == http.MethodOptions {
			require.Equal(t, http.StatusNoContent, got.status, row.name)
			require.Equal(t, "0", got.header.Get("Content-Length"), row.name)
		}
	}
}

func TestRequestID_IsTakenOverWhenItIsSane(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, id := range []string{"a", "4bf92f3577b34da6a3ce929d0e0e4736", "A-b_c.9", strings.Repeat("x", 64)} {
		got := c.do(request{method: http.MethodGet, path: "/nothing", header: http.Header{"X-Request-Id": {id}}})
		require.Equal(t, []string{id}, got.header.Values("X-Request-Id"))
		require.Equal(t, id, got.failure().RequestID)
		require.Contains(t, c.log.String(), `"request_id":"`+id+`"`)
	}
}

func TestRequestID_IsMadeWhenThereIsNoneOrAnInsaneOne(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	seen := map[string]bool{}
	for _, id := range []string{"", " ", "a b", "a\nb", `"quoted"`, "<script>", "ü", strings.Repeat("x", 65), "a/b", "${jndi:ldap}"} {
		got := c.do(request{method: http.MethodGet, path: "/version", header: http.Header{"X-Request-Id": {id}}})
		made := got.header.Get("X-Request-Id")
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, made)
		require.False(t, seen[made])
		seen[made] = true
	}
	require.NotContains(t, c.log.String(), "script")
}

func TestAccessLog_HasALineForEveryRequestAndNoSecretOfIt(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	c.do(request{method: http.MethodGet, path: "/user?access_token=hunter2", bearer: session.AccessToken})
	c.get("/verify?ticket=verifyEmail:hunter2&redirectTo=https://app.example.com")
	c.get("/reset/hunter2")
	lines := c.log.lines(t, "request")
	require.Len(t, lines, 4)
	for i, want := range []map[string]any{
		{"method": "POST", "route": "/signup/email-password", "status": 200.0, "error": nil, "user_id": nil},
		{"method": "GET", "route": "/user", "status": 200.0, "error": nil, "user_id": session.User.ID},
		{"method": "GET", "route": "/verify", "status": 302.0, "error": "invalid-ticket", "user_id": nil},
		{"method": "GET", "route": "", "status": 404.0, "error": "not-found", "user_id": nil},
	} {
		got := map[string]any{}
		for name := range want {
			got[name] = lines[i][name]
		}
		require.Equal(t, want, got)
		require.NotEmpty(t, lines[i]["request_id"])
		require.Contains(t, lines[i], "duration_us")
	}
	require.NotContains(t, c.log.String(), "hunter2")
}

// failing returns a client whose store fails, or panics, as fail does.
func failing(t testing.TB, fail func(ctx context.Context) error, changes ...func(*setup)) *client {
	s := setup{useCases: on(func(store port.Store) port.Store { return guard(store, fail) })}
	for _, change := range changes {
		change(&s)
	}
	return newClientWith(t, s)
}

func TestPanic_IsA500ThatOnlyTheLogExplains(t *testing.T) {
	t.Parallel()
	c := failing(t, func(context.Context) error { panic("something broke near 10.1.2.3") })
	got := c.post("/signin/email-password", credentials("jane@example.com", kit.Password))
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Equal(t, api.ErrorResponse{
		Status: 500, Error: "internal-server-error", Message: "Internal server error", RequestID: got.header.Get("X-Request-Id"),
	}, got.failure().ErrorResponse)
	lines := c.log.lines(t, "request failed")
	require.Len(t, lines, 1)
	require.Equal(t, "ERROR", lines[0]["level"])
	require.Equal(t, got.header.Get("X-Request-Id"), lines[0]["request_id"])
	require.Contains(t, lines[0]["cause"], "panic: something broke near 10.1.2.3")
	require.Contains(t, lines[0]["cause"], "sign_in_email_password.go", "the stack says where")
	require.Len(t, c.log.lines(t, "request"), 1)
	require.Equal(t, http.StatusOK, c.get("/healthz").status, "the server lives on")
}

func TestPanic_WithAnErrorAsValueIsA500WhateverTheError(t *testing.T) {
	t.Parallel()
	c := failing(t, func(context.Context) error { panic(domain.InvalidTicket) })
	c.refusedPost("/signin/email-password", credentials("jane@example.com", kit.Password), http.StatusInternalServerError, domain.InternalServerError)
	aborting := failing(t, func(context.Context) error { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { aborting.serve(request{method: http.MethodGet, path: "/readyz"}.http()) })
}

func TestDefect_IsA500LoggedOnceWithItsCause(t *testing.T) {
	t.Parallel()
	for _, defect := range []error{
		errors.New(`column "x" does not exist`), port.ErrNotFound, port.ErrTaken, domain.Code("no-such-code"),
		fmt.Errorf("%w: %w", domain.InternalServerError, errors.New("cause")),
	} {
		c := failing(t, func(context.Context) error { return defect })
		got := c.get("/readyz")
		require.Equal(t, http.StatusInternalServerError, got.status)
		require.Equal(t, "Internal server error", got.failure().Message)
		require.NotContains(t, got.body, defect.Error())
		lines := c.log.lines(t, "request failed")
		require.Len(t, lines, 1)
		require.Equal(t, defect.Error(), lines[0]["cause"])
	}
}

func TestHangUp_IsNoErrorOfTheServer(t *testing.T) {
	t.Parallel()
	for _, wrap := range []string{"%w", "query: %w", string(domain.Unavailable) + ": %w"} {
		c := failing(t, func(ctx context.Context) error { return fmt.Errorf(wrap, ctx.Err()) })
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		got := c.do(request{method: http.MethodPost, path: "/token", body: refresh(unknownToken), ctx: gone})
		require.Equal(t, 499, got.status)
		require.Equal(t, 499.0, c.log.lines(t, "request")[0]["status"])
		require.NotContains(t, c.log.String(), `"level":"ERROR"`)
		require.NotContains(t, c.log.String(), `"level":"WARN"`)
	}
}

func TestHangUp_OfTheRealStoreIsNoErrorOfTheServer(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for _, r := range touching(session) {
		r.ctx = gone
		require.Equal(t, 499, c.do(r).status, r.path)
	}
	require.NotContains(t, c.log.String(), `"level":"ERROR"`)
}
