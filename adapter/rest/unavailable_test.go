package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// touching are requests that would be answered with 200 and need the database: one for each operation that has any use of it.
func touching(s api.Session) []request {
	return []request{
		{method: http.MethodPost, path: "/signup/email-password", body: credentials("john@example.com", kit.Password)},
		{method: http.MethodPost, path: "/signin/email-password", body: credentials("jane@example.com", kit.Password)},
		{method: http.MethodPost, path: "/signin/anonymous"},
		{method: http.MethodPost, path: "/token", body: refresh(s.RefreshToken)},
		{method: http.MethodPost, path: "/token/verify", bearer: s.AccessToken},
		{method: http.MethodGet, path: "/user", bearer: s.AccessToken},
		{method: http.MethodPost, path: "/signup/webauthn", body: `{"email":"john@example.com"}`},
		{method: http.MethodPost, path: "/signin/webauthn"},
		{method: http.MethodPost, path: "/user/webauthn/add", bearer: s.AccessToken},
		{method: http.MethodGet, path: "/user/webauthn", bearer: s.AccessToken},
		{method: http.MethodPost, path: "/signout", body: refresh(s.RefreshToken)},
		{method: http.MethodPost, path: "/signout", bearer: s.AccessToken, body: `{"all":true}`},
		{method: http.MethodGet, path: "/readyz"},
	}
}

// outage is a store's outage that can be switched on, after some more steps have gone well.
type outage struct {
	on    atomic.Bool
	after atomic.Int64
	steps atomic.Int64
	cause error
}

func (o *outage) before(context.Context) error {
	if o.on.Load() && o.steps.Add(1) > o.after.Load() {
		return o.cause
	}
	return nil
}

func newOutage() *outage {
	return &outage{cause: fmt.Errorf("%w: %w", domain.Unavailable, errors.New("dial tcp 10.0.0.9:5432: connection refused"))}
}

func TestUnavailable_ADatabaseThatIsAwayIs503OnEveryEndpointThatNeedsIt(t *testing.T) {
	t.Parallel()
	away := newOutage()
	c := failing(t, away.before)
	session := c.signUp("jane@example.com")
	away.on.Store(true)
	for i, r := range touching(session) {
		got := c.do(r)
		require.Equal(t, http.StatusServiceUnavailable, got.status, r.path)
		require.Equal(t, "2", got.header.Get("Retry-After"), r.path)
		require.Equal(t, string(domain.Unavailable), string(got.failure().Error), r.path)
		require.NotContains(t, got.body, "10.0.0.9", r.path)
		lines := c.log.lines(t, "request refused for now")
		require.Len(t, lines, i+1)
		require.Equal(t, "WARN", lines[i]["level"])
		require.Contains(t, lines[i]["cause"], "connection refused")
	}
	require.NotContains(t, c.log.String(), `"level":"ERROR"`)
	away.on.Store(false)
	for _, r := range touching(session) {
		require.Equal(t, http.StatusOK, c.do(r).status, r.path)
	}
}

func TestUnavailable_WhicheverStepFailsTheSessionIsNotLost(t *testing.T) {
	t.Parallel()
	for step := range int64(4) {
		away := newOutage()
		away.after.Store(step)
		c := failing(t, away.before)
		session := c.signUp("jane@example.com")
		for _, r := range touching(session)[:12] { // all but /readyz, which is one step
			away.steps.Store(0)
			away.on.Store(true)
			got := c.do(r)
			away.on.Store(false)
			if got.status != http.StatusOK {
				require.Equal(t, http.StatusServiceUnavailable, got.status, "%s, step %d: %s", r.path, step, got.body)
			}
		}
	}
}

func TestUnavailable_ADeadlineIs503Too(t *testing.T) {
	t.Parallel()
	c := failing(t, func(context.Context) error { return fmt.Errorf("query: %w", context.DeadlineExceeded) })
	c.refused(request{method: http.MethodGet, path: "/readyz"}, http.StatusServiceUnavailable, domain.Unavailable)
}

func TestUnavailable_WhatNeedsNoDatabaseGoesOn(t *testing.T) {
	t.Parallel()
	away := newOutage()
	c := failing(t, away.before)
	session := c.signUp("jane@example.com")
	away.on.Store(true)
	for _, r := range []request{
		{method: http.MethodGet, path: "/healthz"}, {method: http.MethodHead, path: "/healthz"}, {method: http.MethodGet, path: "/version"},
		{method: http.MethodGet, path: "/openapi.yaml"}, {method: http.MethodGet, path: "/.well-known/jwks.json"},
		{method: http.MethodPost, path: "/token/verify", body: fmt.Sprintf(`{"token":%q}`, session.AccessToken)},
	} {
		require.Equal(t, http.StatusOK, c.do(r).status, r.path)
	}
	c.refused(request{method: http.MethodGet, path: "/user"}, http.StatusUnauthorized, domain.Unauthorized)
	c.refusedPost("/token", "{}", http.StatusBadRequest, domain.SchemaValidation)
}

// busy is a port.Passwords whose queue is full.
type busy struct{}

func (busy) Hash(context.Context, string) (string, error) { return "", domain.Unavailable }
func (busy) Verify(context.Context, string, string) (ok, rehash bool, err error) {
	return false, false, domain.Unavailable
}

func TestUnavailable_AFullQueueForPasswordsIs503(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{useCases: func(u rest.UseCases) rest.UseCases {
		u = withStore(u, func(s port.Store) port.Store { return s })
		u.SignUpEmailPassword.Passwords, u.SignInEmailPassword.Passwords = busy{}, busy{}
		return u
	}})
	for _, path := range []string{"/signup/email-password", "/signin/email-password"} {
		c.refusedPost(path, credentials("jane@example.com", kit.Password), http.StatusServiceUnavailable, domain.Unavailable)
	}
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users"))
}
