package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/ratelimit"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// generous are limits that no test reaches; each test tightens the one it is about.
func generous() domain.RateLimits {
	many := domain.Limit{Burst: 1000, Interval: time.Hour}
	return domain.RateLimits{Global: many, Email: many, SMS: many, BruteForce: many, SignUps: many, OAuth2Server: many, TokenVerify: many}
}

func burst(n int) domain.Limit { return domain.Limit{Burst: n, Interval: 5 * time.Minute} }

// newLimited makes an API behind a trusted proxy at 10.0.0.1 whose clients are limited.
func newLimited(t *testing.T, limits domain.RateLimits, prefix string) *client {
	t.Helper()
	trusted, err := domain.NewProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	return newClientWith(t, setup{options: func(o *rest.Options) {
		o.Proxies, o.Prefix = trusted, prefix
		o.Limits = &rest.Limits{Limiter: ratelimit.NewMemory(o.Clock), Limits: limits}
	}})
}

// from sends a request through the proxy.
func (c *client) from(forwardedFor string, r request) response {
	c.t.Helper()
	r.header = http.Header{"X-Forwarded-For": {forwardedFor}}
	out := r.http()
	out.RemoteAddr = "10.0.0.1:1234"
	got := c.serve(out)
	c.checkContract(r, got)
	return got
}

func TestLimits_EveryBucketRefusesWhoAsksTooOften(t *testing.T) {
	t.Parallel()
	post := func(path, body string) request { return request{method: http.MethodPost, path: path, body: body} }
	for name, row := range map[string]struct {
		limits func(*domain.RateLimits)
		r      request
	}{
		"global":       {func(l *domain.RateLimits) { l.Global = burst(3) }, request{method: http.MethodGet, path: "/v1/version"}},
		"unknown path": {func(l *domain.RateLimits) { l.Global = burst(3) }, request{method: http.MethodGet, path: "/v1/nothing"}},
		"other method": {func(l *domain.RateLimits) { l.Global = burst(3) }, request{method: http.MethodGet, path: "/v1/token"}},
		"email":        {func(l *domain.RateLimits) { l.Email = burst(3) }, post("/v1/user/password/reset", address("jane@example.com"))},
		"sms":          {func(l *domain.RateLimits) { l.SMS = burst(3) }, post("/v1/signin/passwordless/sms", `{"phoneNumber":"+4917612345678"}`)},
		"brute force":  {func(l *domain.RateLimits) { l.BruteForce = burst(3) }, post("/v1/signin/email-password", credentials("jane@example.com", kit.Password))},
		"bad requests": {func(l *domain.RateLimits) { l.BruteForce = burst(3) }, post("/v1/signin/email-password", `{`)},
		"sign-ups":     {func(l *domain.RateLimits) { l.SignUps = burst(3) }, post("/v1/signup/email-password", credentials("jane@example.com", kit.Password))},
		"token verify": {func(l *domain.RateLimits) { l.TokenVerify = burst(3) }, post("/v1/token/verify", `{}`)},
	} {
		limits := generous()
		row.limits(&limits)
		c := newLimited(t, limits, "/v1")
		for left := 2; left >= 0; left-- {
			got := c.from("198.51.100.1", row.r)
			require.NotEqual(t, http.StatusTooManyRequests, got.status, name)
			require.Equal(t, fmt.Sprint(left), got.header.Get("RateLimit-Remaining"), name)
			require.Equal(t, "3", got.header.Get("RateLimit-Limit"), name)
		}
		got := c.from("198.51.100.1", row.r)
		require.Equal(t, http.StatusTooManyRequests, got.status, name)
		failure := got.failure()
		require.Equal(t, string(domain.TooManyRequests), string(failure.Error), name)
		require.Equal(t, "0", got.header.Get("RateLimit-Remaining"), name)
		require.Equal(t, got.header.Get("Retry-After"), got.header.Get("RateLimit-Reset"), name)
		require.NotEqual(t, http.StatusTooManyRequests, c.from("198.51.100.2", row.r).status, name+": somebody else")

		wait, err := time.ParseDuration(got.header.Get("Retry-After") + "s")
		require.NoError(t, err)
		c.kit.Clock.Advance(wait)
		require.NotEqual(t, http.StatusTooManyRequests, c.from("198.51.100.1", row.r).status, name+": after the time that was told")
	}
}

func TestLimits_OneBucketDoesNotUseUpAnother(t *testing.T) {
	t.Parallel()
	limits := generous()
	limits.BruteForce, limits.SignUps, limits.TokenVerify, limits.Global = burst(1), burst(1), burst(1), burst(4)
	c := newLimited(t, limits, "")
	wrong := credentials("jane@example.com", kit.Password)
	session := sessionIn(c.post("/signup/email-password", wrong))
	require.Equal(t, http.StatusOK, c.post("/signin/email-password", wrong).status)
	for range 2 {
		require.Equal(t, http.StatusOK, c.post("/token", refresh(session.RefreshToken)).status)
	}
	require.Equal(t, http.StatusTooManyRequests, c.post("/token", refresh(session.RefreshToken)).status, "that was the fifth request")
	require.Equal(t, http.StatusOK, c.post("/token/verify", fmt.Sprintf(`{"token":%q}`, session.AccessToken)).status)
}

func TestLimits_AMailLimitCanBeForAllClientsTogether(t *testing.T) {
	t.Parallel()
	limits := generous()
	limits.Email, limits.EmailIsShared = burst(2), true
	c := newLimited(t, limits, "")
	r := request{method: http.MethodPost, path: "/user/password/reset", body: address("jane@example.com")}
	require.Equal(t, http.StatusOK, c.from("198.51.100.1", r).status)
	require.Equal(t, http.StatusOK, c.from("198.51.100.2", r).status)
	require.Equal(t, http.StatusTooManyRequests, c.from("198.51.100.3", r).status)
}

func TestLimits_ProbesAndPreflightsAreNotCounted(t *testing.T) {
	t.Parallel()
	limits := generous()
	limits.Global = burst(1)
	c := newLimited(t, limits, "/v1")
	require.Equal(t, http.StatusOK, c.get("/v1/version").status)
	require.Equal(t, http.StatusTooManyRequests, c.get("/v1/version").status)
	for _, r := range []request{
		{method: http.MethodGet, path: "/v1/healthz"}, {method: http.MethodHead, path: "/v1/healthz"}, {method: http.MethodGet, path: "/v1/readyz"},
		{method: http.MethodGet, path: "/healthz"}, {method: http.MethodHead, path: "/healthz"},
	} {
		got := c.do(r)
		require.Equal(t, http.StatusOK, got.status, r.path)
		require.Empty(t, got.header.Get("RateLimit-Limit"))
	}
	origin := http.Header{"Origin": {"https://app.example.com"}}
	require.Equal(t, http.StatusNoContent, c.do(request{method: http.MethodOptions, path: "/v1/version", header: origin}).status)
	refused := c.do(request{method: http.MethodGet, path: "/v1/version", header: origin})
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "https://app.example.com", refused.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, refused.header.Get("Access-Control-Expose-Headers"), "Retry-After")
}

func TestLimits_AnInventedAddressEvadesNothing(t *testing.T) {
	t.Parallel()
	limits := generous()
	limits.BruteForce = burst(5)
	sixth := func(name string, send func(c *client, i int, r request) response) {
		c := newLimited(t, limits, "")
		for i := range 6 {
			got := send(c, i, request{method: http.MethodPost, path: "/signin/email-password", body: credentials("jane@example.com", "wrong password")})
			require.Equal(t, i == 5, got.status == http.StatusTooManyRequests, "%s: %d", name, i)
		}
	}
	sixth("in front of the true one", func(c *client, i int, r request) response {
		return c.from(fmt.Sprintf("203.0.113.%d, 198.51.100.1", i), r)
	})
	sixth("without a proxy", func(c *client, i int, r request) response {
		r.header = http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i)}, "Forwarded": {fmt.Sprintf("for=203.0.113.%d", i)}, "X-Real-Ip": {fmt.Sprintf("203.0.113.%d", i)}}
		return c.do(r)
	})
	sixth("the same address in other clothes", func(c *client, i int, r request) response {
		return c.from([]string{"198.51.100.1", "::ffff:198.51.100.1", "[::ffff:c633:6401]:443", "198.51.100.1:80", "::FFFF:198.51.100.1%eth0", " 198.51.100.1 "}[i], r)
	})
	sixth("a network of IPv6", func(c *client, i int, r request) response {
		return c.from(fmt.Sprintf("2001:db8:1:2:%d::%d", i, i), r)
	})
	sixth("garbage", func(c *client, i int, r request) response { return c.from(fmt.Sprintf("garbage-%d", i), r) })
	sixth("paths with the prefix of another", func(c *client, i int, r request) response {
		r.path = []string{"/signin/email-password", "/signin/email-password?x=1", "/signin/email-password?", "/signin/pat", "/signin/anonymous", "/signin/email-password"}[i]
		return c.from("198.51.100.1", r)
	})
}

func TestLimits_AHundredCallersAtOnceAreAdmittedAsOftenAsTheLimitSays(t *testing.T) {
	t.Parallel()
	limits := generous()
	limits.Global = burst(40)
	c := newLimited(t, limits, "")
	var admitted atomic.Int64
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			if c.serve(request{method: http.MethodGet, path: "/version"}.http()).status == http.StatusOK {
				admitted.Add(1)
			}
		})
	}
	callers.Wait()
	require.Equal(t, int64(40), admitted.Load())
}

// broken is a limiter that knows nothing.
type broken struct{}

func (broken) Take(context.Context, string, []domain.Bucket) (domain.Usage, error) {
	return domain.Usage{}, errors.New("hidden cause")
}

var _ port.RateLimiter = broken{}

func TestLimits_ALimiterThatFailsIsADefect(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: func(o *rest.Options) { o.Limits = &rest.Limits{Limiter: broken{}, Limits: generous()} }})
	c.refused(request{method: http.MethodGet, path: "/version"}, http.StatusInternalServerError, domain.InternalServerError)
	require.Len(t, c.log.lines(t, "request failed"), 1)
}
