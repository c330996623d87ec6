package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// flow is a request that succeeds once everything is prepared for it.
type flow struct {
	name    string
	prepare func(c *client, email string) request
	steps   int // of the database that the request takes at least
}

// mailFlows are all requests of the mail operations that need the database.
func mailFlows() []flow {
	var flows []flow
	for _, o := range mailOperations() {
		flows = append(flows, flow{o.path, func(c *client, email string) request { return o.request(c, email, "") }, 2})
		if o.purpose == "" {
			continue
		}
		flows = append(flows, flow{"the link of " + o.path, func(c *client, email string) request {
			c.accepted(o.request(c, email, ""))
			return c.link()
		}, 4})
	}
	post := func(path, body string) request { return request{method: http.MethodPost, path: path, body: body} }
	return append(flows,
		flow{"a link with a challenge", func(c *client, email string) request {
			c.mustPost("/signin/passwordless/email", `{"email":"`+email+`"`+withPKCE+`}`)
			return c.link()
		}, 5},
		flow{"a link opened again", func(c *client, email string) request {
			c.mustPost("/signin/passwordless/email", address(email))
			c.opened()
			return c.link()
		}, 7},
		flow{"/signin/otp/email/verify", func(c *client, email string) request {
			return post("/signin/otp/email/verify", guess(email, c.otp(email)))
		}, 6},
		flow{"/token/exchange", func(c *client, email string) request {
			return post("/token/exchange", exchange(c.code(email), verifier))
		}, 4},
		flow{"/user/password with a ticket", func(c *client, email string) request {
			c.signUp(email)
			return post("/user/password", passwordChange(c.resetTicket(email)))
		}, 6},
		flow{"/user/password of the bearer", func(c *client, email string) request {
			return request{method: http.MethodPost, path: "/user/password", bearer: c.signUp(email).AccessToken, body: passwordChange("")}
		}, 4},
		flow{"/user/deanonymize with a password", func(c *client, email string) request {
			body := deanonymize("email-password", email, newPassword, "")
			return request{method: http.MethodPost, path: "/user/deanonymize", bearer: c.anonymous(), body: body}
		}, 3},
	)
}

// succeeded tells whether an answer is what a flow wants: 200, or a redirect without an error.
func succeeded(t testing.TB, got response) bool {
	t.Helper()
	location, err := url.Parse(got.header.Get("Location"))
	require.NoError(t, err)
	return got.status == http.StatusOK || got.status == http.StatusFound && !location.Query().Has("error")
}

// Whichever step of an operation fails, the answer is 503 and no secret is lost by it: the same request works a moment later.
func TestUnavailable_WhicheverStepOfAMailOperationFailsItCanBeRepeated(t *testing.T) {
	t.Parallel()
	for _, f := range mailFlows() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			away := newOutage()
			breakAtEveryStep(t, failing(t, away.before), away, f)
		})
	}
	t.Run("/signup/email-password with a mail", func(t *testing.T) {
		t.Parallel()
		away := newOutage()
		c := failing(t, away.before, func(s *setup) { s.kit = []func(*kit.Settings){requireVerified} })
		breakAtEveryStep(t, c, away, flow{prepare: func(_ *client, email string) request {
			return request{method: http.MethodPost, path: "/signup/email-password", body: credentials(email, kit.Password)}
		}, steps: 1})
	})
}

func breakAtEveryStep(t *testing.T, c *client, away *outage, f flow) {
	for step := 0; ; step++ {
		r := f.prepare(c, fmt.Sprintf("jane%d@example.com", step))
		away.after.Store(int64(step))
		away.steps.Store(0)
		away.on.Store(true)
		got := c.do(r)
		away.on.Store(false)
		if succeeded(t, got) {
			require.GreaterOrEqual(t, step, f.steps, "every step was made to fail")
			return
		}
		require.Equal(t, http.StatusServiceUnavailable, got.status, "step %d: %s %s", step, got.body, got.header)
		require.Equal(t, "2", got.header.Get("Retry-After"))
		require.Equal(t, string(domain.Unavailable), string(got.failure().Error))
		require.Empty(t, got.header.Get("Location"))
		require.NotContains(t, got.body, "10.0.0.9")
		again := c.do(r)
		require.True(t, succeeded(t, again), "step %d: %s %s", step, again.body, again.header)
	}
}

func TestHangUp_OfTheRealStoreInAMailOperationIsNoErrorOfTheServer(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for i, f := range mailFlows() {
		r := f.prepare(c, fmt.Sprintf("jane%d@example.com", i))
		r.ctx = gone
		require.Equal(t, 499, c.do(r).status, f.name)
		r.ctx = nil
		require.True(t, succeeded(t, c.do(r)), f.name)
	}
	require.NotContains(t, c.log.String(), `"level":"ERROR"`)
	require.NotContains(t, c.log.String(), `"level":"WARN"`)
}

func TestUnavailable_AFullQueueForPasswordsLeavesTicketAndAccountAsTheyAre(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{useCases: func(u rest.UseCases) rest.UseCases {
		u = withStore(u, func(s port.Store) port.Store { return s })
		u.ChangeUserPassword.Passwords, u.DeanonymizeUser.Passwords = busy{}, busy{}
		return u
	}})
	c.signUp("jane@example.com")
	for range 2 {
		c.refusedPost("/user/password", passwordChange(c.resetTicket("jane@example.com")), http.StatusServiceUnavailable, domain.Unavailable)
	}
	require.True(t, succeeded(t, c.do(c.link())), "the ticket is still good")
	body := deanonymize("email-password", "john@example.com", newPassword, "")
	c.refused(request{method: http.MethodPost, path: "/user/deanonymize", bearer: c.anonymous(), body: body}, http.StatusServiceUnavailable, domain.Unavailable)
	c.mustPost("/signin/email-password", credentials("jane@example.com", kit.Password))
}
