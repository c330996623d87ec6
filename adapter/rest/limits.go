package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Limits say how often a client may ask.
type Limits struct {
	Limiter         port.RateLimiter
	Limits          domain.RateLimits
	VerifiedIsAMust bool // addresses must be verified, so every sign-up sends a mail
}

// Names of the headers that tell a client where it stands, as many servers send them (IETF draft-ietf-httpapi-ratelimit-headers,
// up to version 06).
const (
	headerLimit     = "RateLimit-Limit"
	headerRemaining = "RateLimit-Remaining"
	headerReset     = "RateLimit-Reset"
)

// limiter refuses requests of clients that ask too often, before anything else is done for them.
type limiter struct {
	port    port.RateLimiter
	buckets map[string][]domain.Bucket // by method and Echo's route
	other   []domain.Bucket            // of everything else
}

func newLimiter(contract *openapi3.T, prefix string, l Limits) *limiter {
	limits := &limiter{port: l.Limiter, buckets: map[string][]domain.Bucket{}, other: []domain.Bucket{globalBucket(l.Limits)}}
	for path, item := range contract.Paths.Map() {
		for method := range item.Operations() {
			limits.buckets[method+" "+prefix+echoRoute(path)] = bucketsOf(path, l)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		limits.buckets[method+" /healthz"] = nil // without prefix
	}
	return limits
}

func globalBucket(l domain.RateLimits) domain.Bucket {
	return domain.Bucket{Name: "user-global", Limit: l.Global}
}

// bucketsOf says what an operation counts as, by its path in the contract, in the order in which it is counted. Paths that begin
// with /signin or /signup are limited without being named here.
func bucketsOf(path string, l Limits) []domain.Bucket {
	switch path {
	case "/healthz", "/readyz":
		return nil // a probe that is refused restarts a healthy instance
	case "/token/verify":
		return []domain.Bucket{{Name: "user-token-verify", Limit: l.Limits.TokenVerify}} // asked by services, for all their users
	}
	buckets := []domain.Bucket{globalBucket(l.Limits)}
	if sendsMail(path, l.VerifiedIsAMust) {
		if l.Limits.EmailIsShared {
			buckets = append(buckets, domain.Bucket{Name: "global-email", Limit: l.Limits.Email, Shared: true})
		} else {
			buckets = append(buckets, domain.Bucket{Name: "user-email", Limit: l.Limits.Email})
		}
	}
	if path == "/signin/passwordless/sms" || path == "/signup/passwordless/sms" {
		buckets = append(buckets, domain.Bucket{Name: "user-sms", Limit: l.Limits.SMS})
	}
	if canBeGuessed(path) {
		buckets = append(buckets, domain.Bucket{Name: "user-bruteforce", Limit: l.Limits.BruteForce})
	}
	if strings.HasPrefix(path, "/signup") || path == "/user/deanonymize" {
		buckets = append(buckets, domain.Bucket{Name: "user-signups", Limit: l.Limits.SignUps})
	}
	if path == "/oauth2/token" || path == "/oauth2/introspect" {
		buckets = append(buckets, domain.Bucket{Name: "user-oauth2-server", Limit: l.Limits.OAuth2Server})
	}
	return buckets
}

// sendsMail tells whether an operation sends a mail to an address of the caller's choice.
func sendsMail(path string, verifiedIsAMust bool) bool {
	switch path {
	case "/signin/passwordless/email", "/signup/passwordless/email", "/signin/otp/email", "/signup/otp/email",
		"/user/email/change", "/user/email/send-verification-email", "/user/password/reset", "/user/deanonymize":
		return true
	case "/signup/email-password", "/signup/webauthn/verify":
		return verifiedIsAMust
	}
	return false
}

// canBeGuessed tells whether an operation takes something that could be found by trying.
func canBeGuessed(path string) bool {
	return strings.HasPrefix(path, "/signin") || strings.HasSuffix(path, "/verify") || strings.HasSuffix(path, "/otp") ||
		slices.Contains([]string{"/elevate/totp", "/oauth2/authorize", "/oauth2/login", "/user/mfa", "/user/mfa/recovery-codes", "/user/provider/tokens"}, path)
}

// middleware counts a request and tells the client where it stands.
func (l *limiter) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		buckets, known := l.buckets[c.Request().Method+" "+c.Path()]
		if !known {
			buckets = l.other
		}
		if len(buckets) == 0 {
			return next(c)
		}
		ctx := c.Request().Context()
		usage, err := l.port.Take(ctx, domain.ClientKey(domain.DeviceOf(ctx).Address), buckets)
		if err != nil {
			return err
		}
		header, reset := c.Response().Header(), seconds(usage.Reset)
		header.Set(headerLimit, strconv.Itoa(usage.Limit.Burst))
		header.Set(headerRemaining, strconv.Itoa(usage.Left))
		header.Set(headerReset, reset)
		if !usage.Admitted {
			header.Set(echo.HeaderRetryAfter, reset)
			return domain.TooManyRequests
		}
		return next(c)
	}
}

// seconds writes a duration in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
