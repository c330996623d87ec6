package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/hexauth/hexauth/adapter/captcha"
	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/adapter/ratelimit"
	"github.com/hexauth/hexauth/adapter/redis"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
)

// newLimits returns the limits of clients, nil where there are none, and the jobs they need.
func newLimits(cfg config.Config, meter *metrics.Metrics, tracing *telemetry.Telemetry, log *slog.Logger) (*rest.Limits, []func(context.Context), error) {
	if !cfg.RateLimitEnabled {
		return nil, nil, nil
	}
	limits := &rest.Limits{Limiter: ratelimit.NewMemory(system.Clock{}), VerifiedIsAMust: cfg.EmailVerifiedRequired, Limits: domain.RateLimits{
		Global:        domain.Limit{Burst: cfg.RateLimitGlobalBurst, Interval: cfg.RateLimitGlobalInterval},
		Email:         domain.Limit{Burst: cfg.RateLimitEmailBurst, Interval: cfg.RateLimitEmailInterval},
		SMS:           domain.Limit{Burst: cfg.RateLimitSMSBurst, Interval: cfg.RateLimitSMSInterval},
		BruteForce:    domain.Limit{Burst: cfg.RateLimitBruteForceBurst, Interval: cfg.RateLimitBruteForceInterval},
		SignUps:       domain.Limit{Burst: cfg.RateLimitSignUpsBurst, Interval: cfg.RateLimitSignUpsInterval},
		OAuth2Server:  domain.Limit{Burst: cfg.RateLimitOAuth2ServerBurst, Interval: cfg.RateLimitOAuth2ServerInterval},
		TokenVerify:   domain.Limit{Burst: cfg.RateLimitTokenVerifyBurst, Interval: cfg.RateLimitTokenVerifyInterval},
		EmailIsShared: cfg.RateLimitEmailIsGlobal,
	}}
	if cfg.RateLimitRedisURL == "" {
		return limits, nil, nil
	}
	shared, err := redis.New(redis.Options{
		URL: cfg.RateLimitRedisURL, Prefix: cfg.RateLimitRedisPrefix, Trace: tracing.Statements("redis"),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("AUTH_RATE_LIMIT_REDIS_URL: %w", err)
	}
	fallback := ratelimit.NewFallback(shared, limits.Limiter, system.Clock{}, log)
	limits.Limiter = fallback
	meter.WatchRateLimits(fallback.Shared)
	closing := func(ctx context.Context) { // requests under way have finished when jobs end
		<-ctx.Done()
		_ = shared.Close()
	}
	return limits, []func(context.Context){closing}, nil
}

// newCaptcha returns the captcha that visitors must solve, nil for none.
func newCaptcha(cfg config.Config, tracing *telemetry.Telemetry) (*rest.Captcha, error) {
	if cfg.CaptchaSecret == "" {
		return nil, nil
	}
	provider := captcha.Provider(cfg.CaptchaProvider)
	verifier, err := captcha.New(captcha.Options{
		Provider: provider, Secret: cfg.CaptchaSecret, URL: cfg.CaptchaURL, Timeout: cfg.CaptchaTimeout, MinScore: cfg.CaptchaMinScore,
		Hostnames: cfg.CaptchaHostnames, Action: cfg.CaptchaAction, SendAddress: cfg.CaptchaSendAddress,
		Client: tracing.Client("captcha"),
	})
	if err != nil {
		return nil, err
	}
	header := "x-captcha-response"
	if provider == captcha.Turnstile {
		header = "x-cf-turnstile-response" // the peer's
	}
	return &rest.Captcha{Port: verifier, Header: header}, nil
}
