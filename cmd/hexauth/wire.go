package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hexauth/hexauth/adapter/aesgcm"
	"github.com/hexauth/hexauth/adapter/audit"
	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/hibp"
	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/adapter/totp"
	"github.com/hexauth/hexauth/adapter/webauthn"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// app is the server, ready to run.
type app struct {
	store   *bunstore.Store
	handler http.Handler
	meter   *metrics.Metrics
	jobs    []func(context.Context) // run until the context ends
}

// tokens is what signs, verifies and publishes: one static key, or the keys of the database.
type tokens interface {
	port.AccessTokens
	port.PublicKeys
}

const (
	// keyMargin is added to an access token's life before its key is forgotten: clocks differ.
	keyMargin = 5 * time.Minute
	// legacyIssuer is who signed the tokens of hasura-auth before it had a server URL; they stay good after a take-over.
	legacyIssuer  = "hasura-auth"
	cleanUpPeriod = 10 * time.Minute
	cleanUpBatch  = 500
	anonymousName = "Anonymous User"
	bcryptMaximum = 72 // bytes that bcrypt reads
)

func openStore(ctx context.Context, cfg config.Config) (*bunstore.Store, error) {
	return openTracedStore(ctx, cfg, nil)
}

// openTracedStore is openStore with spans of statements, where there are traces.
func openTracedStore(ctx context.Context, cfg config.Config, tracing *telemetry.Telemetry) (*bunstore.Store, error) {
	cipher, err := newCipher(cfg)
	if err != nil {
		return nil, err
	}
	return bunstore.Open(ctx, cfg.DatabaseURL, bunstore.Options{
		PoolSize: cfg.DatabasePoolSize, Timeout: cfg.DatabaseTimeout, Unprepared: !cfg.DatabasePreparedStatements, Cipher: cipher,
		Trace: tracing.Statements(databaseSystem(cfg)),
	})
}

// databaseSystem is the database's name in OpenTelemetry's conventions.
func databaseSystem(cfg config.Config) string {
	if _, sqlite := cfg.SQLitePath(); sqlite {
		return "sqlite"
	}
	return "postgresql"
}

// newTelemetry returns what sends traces and metrics; nil when nothing is sent.
func newTelemetry(ctx context.Context, cfg config.Config, log *slog.Logger) (*telemetry.Telemetry, error) {
	return telemetry.Open(ctx, telemetry.Options{
		Traces: cfg.Traces(), Metrics: cfg.Metrics(), Headers: cfg.OTelHeaders, Service: cfg.OTelServiceName, Version: version,
		InstanceID: system.Random{}.UUID(), Attributes: cfg.OTelResourceAttributes, Sampler: cfg.OTelSampler, Ratio: cfg.OTelSamplerRatio,
		Interval: time.Duration(cfg.OTelInterval) * time.Millisecond, Log: log,
	})
}

// newCipher encrypts what rests in the database, with the key of the configuration or of the data directory.
func newCipher(cfg config.Config) (*aesgcm.Cipher, error) {
	key, err := encryptionKey(cfg, system.Random{})
	if err != nil {
		return nil, err
	}
	return aesgcm.New(key, system.Random{})
}

// wire builds the server on an open store whose schema is up to date.
func wire(ctx context.Context, cfg config.Config, store *bunstore.Store, tracing *telemetry.Telemetry, log *slog.Logger) (*app, error) {
	key, err := encryptionKey(cfg, system.Random{})
	if err != nil {
		return nil, err
	}
	if err := store.Roles().Ensure(ctx, append(roles(cfg.AllowedRoles), domain.Role(cfg.DefaultRole), domain.AnonymousRole)); err != nil {
		return nil, err
	}
	clock := newClock(cfg, store, log)
	if err := clock.look(ctx); err != nil {
		return nil, err
	}
	tokens, jobs, err := newTokens(ctx, cfg, key, store, clock, log)
	if err != nil {
		return nil, err
	}
	providers, err := newProviders(cfg, clock, tracing, log)
	if err != nil {
		return nil, err
	}
	if err := store.ProviderLinks().Ensure(ctx, providers.names()); err != nil {
		return nil, err
	}
	custom, err := newClaims(ctx, cfg, clock, tracing, log)
	if err != nil {
		return nil, err
	}
	meter := metrics.New(version)
	recorder := audit.New(store.Events(), promptly(log), meter.EventHappened)
	meter.WatchEvents(recorder.Lost)
	mail, err := newMail(cfg, clock, tracing, log)
	if err != nil {
		return nil, err
	}
	mail.watch(meter, tracing)
	useCases, err := newUseCases(cfg, key, store, clock, tokens, custom, providers, mail, meter, newAudit(cfg, clock, recorder), tracing, log)
	if err != nil {
		return nil, err
	}
	useCases.GetReadiness.Stopping = ctx.Done()
	watch(meter, store, clock)
	proxies, err := domain.NewProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	visitors, err := newCaptcha(cfg, tracing)
	if err != nil {
		return nil, err
	}
	limits, limitJobs, err := newLimits(cfg, meter, tracing, log)
	if err != nil {
		return nil, err
	}
	handler, err := rest.New(useCases, rest.Options{
		Limits: limits, Captcha: visitors,
		Proxies: proxies, ProxyHeader: rest.ProxyHeader(cfg.ProxyHeader), Prefix: cfg.APIPrefix, ServerURL: cfg.ServerURL, MaxBodyBytes: cfg.MaxBodyBytes, ConcealErrors: cfg.ConcealErrors, Version: version,
		Mailbox: mail.page, Log: log, Meter: meter, Tracer: tracing.Tracer(), Clock: clock, Random: system.Random{},
	})
	if err != nil {
		return nil, err
	}
	jobs = append(append(append(jobs, limitJobs...), providers.jobs...), custom.jobs...)
	jobs = append(jobs, cleanUp(&usecase.DeleteExpired{Store: store, Clock: clock, Batch: cleanUpBatch, KeepEvents: cfg.AuditRetention}, log), deliver(mail.delivery(store, clock, log), deliveryPause, log))
	metadata, err := newMetadata(cfg, tracing, log)
	if err != nil {
		return nil, err
	}
	jobs = append(append(jobs, metadata...), clock.jobs()...)
	jobs = append(append(jobs, tellWebhooks(cfg, store, clock, meter, tracing, log)...), recorder.Run, encryptSecrets(&usecase.EncryptTOTPSecrets{Store: store, Batch: cleanUpBatch}, log))
	return &app{store: store, handler: handler, meter: meter, jobs: jobs}, nil
}

// watch has meter show what it can read at any time.
func watch(meter *metrics.Metrics, store *bunstore.Store, clock clock) {
	meter.WatchPools(store.Pools)
	meter.WatchOutbox(store.Outbox(), clock)
	meter.WatchClock(clock.Offset)
}

// watch has what is sent counted and followed.
func (m *mailing) watch(meter *metrics.Metrics, tracing *telemetry.Telemetry) {
	m.Mailer, m.SMS = tracing.Mailer(meter.Mailer(m.Mailer)), tracing.SMS(meter.SMS(m.SMS))
	m.Verifier = meter.Verifier(m.Verifier)
}

// newUseCases hands every use case its ports and policies.
func newUseCases(
	cfg config.Config, key []byte, store port.Store, clock port.Clock, tokens tokens, custom customClaims, providers identityProviders, mail mailing, meter *metrics.Metrics,
	audit usecase.Audit, tracing *telemetry.Telemetry, log *slog.Logger,
) (rest.UseCases, error) {
	signUp, err := signUpPolicy(cfg)
	if err != nil {
		return rest.UseCases{}, err
	}
	signIn := domain.SignInPolicy{Emails: signUp.Emails, RequireVerified: cfg.EmailVerifiedRequired}
	passwords, err := password.New(password.Options{
		Algorithm: cfg.PasswordHash, Concurrency: cfg.PasswordHashConcurrency, Salt: system.Random{}, Clock: clock, Waited: meter.PasswordHashWaited,
	})
	if err != nil {
		return rest.UseCases{}, err
	}
	meter.WatchHashing(passwords.Stats)
	checks, err := passwordChecks(cfg, tracing)
	if err != nil {
		return rest.UseCases{}, err
	}
	refreshKey := domain.RefreshTokenKey(aesgcm.DeriveKey(key, "hexauth refresh tokens"))
	sessions := newSessions(cfg, refreshKey, clock, tokens, custom, audit)
	tickets := usecase.Tickets{
		Clock: clock, Random: system.Random{}, OTPKey: domain.OTPKey(aesgcm.DeriveKey(key, "hexauth one-time codes")), ServerURL: cfg.ServerURL,
	}
	ceremonies, err := newCeremonies(cfg, store, clock, audit, log)
	if err != nil {
		return rest.UseCases{}, err
	}
	elevation := domain.ElevationPolicy{Mode: domain.ElevationMode(cfg.RequireElevatedClaim), MFA: cfg.ElevationMFA}
	visit := usecase.ProviderVisit{
		Store: store, Providers: providers.byRedirect, Tokens: tokens, Clock: clock, Random: system.Random{}, SignUp: signUp, SignIn: signIn,
		Elevation: elevation, ServerURL: cfg.ServerURL,
	}
	arrive := usecase.ProviderSignIn{
		Store: store, Sessions: sessions, Tickets: tickets, SignUp: signUp, SignIn: signIn, AutoOff: cfg.DisableAutoSignUp,
	}
	authenticator, err := totp.New(totp.Options{Issuer: cfg.MFATOTPIssuer, Entropy: system.Random{}})
	if err != nil {
		return rest.UseCases{}, err
	}
	factor := usecase.SecondFactor{
		Audit: audit, Store: store, TOTP: authenticator, Clock: clock, Key: domain.RecoveryKey(aesgcm.DeriveKey(key, "hexauth recovery codes")),
	}
	byLink := usecase.EmailSignIn{
		Audit: audit, Store: store, Random: system.Random{}, Tickets: tickets, SignUp: signUp, SignIn: signIn,
		Enabled: cfg.EmailPasswordlessEnabled, AutoOff: cfg.DisableAutoSignUp,
	}
	byCode := byLink
	byCode.Enabled = cfg.OTPEmailEnabled
	policy, err := smsPolicy(cfg)
	if err != nil {
		return rest.UseCases{}, err
	}
	bySMS := usecase.SMSSignIn{
		Audit: audit, Store: store, Random: system.Random{}, Numbers: phone.Numbers{}, Journal: system.Journal{Log: log}, Dispatch: mail.Dispatch, Tickets: tickets,
		SignUp: signUp, SignIn: signIn, Policy: policy, Enabled: cfg.SMSPasswordlessEnabled, AutoOff: cfg.DisableAutoSignUp, GatewayCodes: mail.gatewayCodes,
	}
	p := parts{
		cfg: cfg, key: key, store: store, clock: clock, keyring: tokens, signUp: signUp, signIn: signIn, passwords: passwords, checks: checks, refreshKey: refreshKey,
		sessions: sessions, tickets: tickets, ceremonies: ceremonies, elevation: elevation, visit: visit, arrive: arrive, authenticator: authenticator,
		factor: factor, byLink: byLink, byCode: byCode, bySMS: bySMS, audit: audit, mail: mail, providers: providers, meter: meter, log: log,
	}
	useCases := p.useCases()
	administer(&useCases, cfg, store, clock, passwords, checks, signUp, audit)
	return useCases, nil
}

// newSessions builds what every way in ends with.
func newSessions(cfg config.Config, key domain.RefreshTokenKey, clock port.Clock, tokens tokens, custom customClaims, audit usecase.Audit) usecase.Sessions {
	return usecase.Sessions{
		Audit: audit, Tokens: tokens, Clock: clock, Random: system.Random{}, Key: key,
		Policy: domain.SessionPolicy{
			AccessTokenTTL: cfg.AccessTokenExpiresIn, RefreshTokenTTL: cfg.RefreshTokenExpiresIn, Grace: cfg.RefreshTokenGrace,
		},
		MFA:          domain.MFAPolicy{AllMethods: cfg.MFAAllMethods},
		CustomClaims: custom.source, ClaimsPolicy: custom.policy,
	}
}

// newCeremonies makes what asks for passkeys and security keys, in the name of the app.
func newCeremonies(cfg config.Config, store port.Store, clock port.Clock, audit usecase.Audit, log *slog.Logger) (usecase.Ceremonies, error) {
	ceremonies := usecase.Ceremonies{
		Enabled: cfg.WebAuthnEnabled, Store: store, WebAuthn: webauthn.None{}, Clock: clock, Journal: system.Journal{Log: log}, Audit: audit,
	}
	if !cfg.WebAuthnEnabled {
		return ceremonies, nil
	}
	party, err := webauthn.New(webauthn.Options{
		RPID: cfg.WebAuthnRPID, RPName: cfg.WebAuthnRPName, Origins: cfg.WebAuthnRPOrigins,
		Timeout: time.Duration(cfg.WebAuthnTimeout) * time.Millisecond, Random: system.Random{},
	})
	ceremonies.WebAuthn = party
	return ceremonies, err
}

// waysIn says which ways to sign in are switched on.
func waysIn(cfg config.Config, providers identityProviders) domain.WaysInPolicy {
	return domain.WaysInPolicy{
		Mail: cfg.EmailPasswordlessEnabled || cfg.OTPEmailEnabled, SMS: cfg.SMSPasswordlessEnabled,
		SecurityKeys: cfg.WebAuthnEnabled, Providers: providers.opens,
	}
}

func signUpPolicy(cfg config.Config) (domain.SignUpPolicy, error) {
	redirects, err := domain.NewRedirectPolicy(cfg.ClientURL, cfg.AllowedRedirectURLs)
	if err != nil {
		return domain.SignUpPolicy{}, err
	}
	return domain.SignUpPolicy{
		Disabled: cfg.DisableSignUp, NewUsersDisabled: cfg.DisableNewUsers, AnonymousEnabled: cfg.AnonymousUsersEnabled,
		RequireVerified: cfg.EmailVerifiedRequired, DefaultRole: domain.Role(cfg.DefaultRole), AllowedRoles: roles(cfg.AllowedRoles),
		DefaultLocale: cfg.DefaultLocale, Locales: cfg.AllowedLocales, Redirects: redirects, AnonymousName: anonymousName,
		Emails:  domain.NewEmailAccessPolicy(cfg.AllowedEmails, cfg.AllowedEmailDomains, cfg.BlockedEmails, cfg.BlockedEmailDomains),
		Avatars: domain.AvatarPolicy{Gravatar: cfg.GravatarEnabled, Default: cfg.GravatarDefault, Rating: cfg.GravatarRating},
	}, nil
}

func passwordChecks(cfg config.Config, tracing *telemetry.Telemetry) (usecase.PasswordChecks, error) {
	checks := usecase.PasswordChecks{Policy: domain.PasswordPolicy{MinLength: cfg.PasswordMinLength}, FailOpen: cfg.HIBPFailOpen}
	if cfg.PasswordHash == "bcrypt" {
		checks.Policy.MaxLength = bcryptMaximum
	}
	if !cfg.HIBPEnabled {
		checks.Breached = hibp.None{}
		return checks, nil
	}
	breached, err := hibp.New(hibp.Options{BaseURL: cfg.HIBPURL, Client: tracing.Client("hibp")})
	checks.Breached = breached
	return checks, err
}

func roles(names []string) []domain.Role {
	list := make([]domain.Role, len(names))
	for i, name := range names {
		list[i] = domain.Role(name)
	}
	return list
}

// newTokens returns what signs access tokens, and the jobs that keep it up to date.
func newTokens(ctx context.Context, cfg config.Config, key []byte, store port.Store, clock port.Clock, log *slog.Logger) (tokens, []func(context.Context), error) {
	options := jwt.Options{Issuer: cfg.Issuer(), ClaimsNamespace: cfg.ClaimsNamespace(), Clock: clock}
	if secret := cfg.JWTSecret; secret != nil {
		if secret.Issuer == "" {
			options.LegacyIssuers = []string{legacyIssuer}
		}
		static, err := jwt.NewStatic(jwt.Key{
			ID: secret.KeyID, Algorithm: secret.Algorithm, HMAC: secret.HMAC, Private: secret.Private, Public: secret.Public,
		}, options)
		return static, nil, err
	}
	cipher, err := aesgcm.New(key, system.Random{})
	if err != nil {
		return nil, nil, err
	}
	keyring, err := jwt.NewKeyring(store.SigningKeys(), cipher, options, jwt.KeyringOptions{
		Maker: jwt.Maker{Cipher: cipher, Random: system.Random{}}, Algorithm: cfg.SigningAlgorithm, Lifetime: keyLifetime(cfg), Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	if err := keyring.Load(ctx); err != nil {
		return nil, nil, err
	}
	return keyring, []func(context.Context){keyring.Run}, nil
}

// keyLifetime is how long a key is published after another has taken over.
func keyLifetime(cfg config.Config) time.Duration { return cfg.AccessTokenExpiresIn + keyMargin }

func listSigningKeys(cfg config.Config, store port.Store, clock port.Clock) *usecase.ListSigningKeys {
	return &usecase.ListSigningKeys{Keys: store.SigningKeys(), Clock: clock, Lifetime: keyLifetime(cfg)}
}

func rotateSigningKey(cfg config.Config, store port.Store, clock port.Clock) (*usecase.RotateSigningKey, error) {
	cipher, err := newCipher(cfg)
	if err != nil {
		return nil, err
	}
	return &usecase.RotateSigningKey{
		Store: store, Audit: quietAudit(cfg, store, clock), Maker: jwt.Maker{Cipher: cipher, Random: system.Random{}}, Clock: clock, Algorithm: cfg.SigningAlgorithm,
	}, nil
}

// cleanUp removes what has expired now and then.
func cleanUp(expired *usecase.DeleteExpired, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticker := time.NewTicker(cleanUpPeriod)
		defer ticker.Stop()
		for {
			if deleted, err := expired.Do(ctx); err != nil && ctx.Err() == nil {
				log.Warn("what has expired could not be removed; the next try follows", "cause", err.Error(), "period", cleanUpPeriod.String())
			} else if deleted > 0 {
				log.Info("removed what has expired", "rows", deleted)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}
}

// encryptSecrets encrypts, once, what an old hasura-auth server has left in clear.
func encryptSecrets(clear *usecase.EncryptTOTPSecrets, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		for {
			encrypted, err := clear.Do(ctx)
			if encrypted > 0 {
				log.Info("encrypted TOTP secrets that were kept in clear", "secrets", encrypted)
			}
			if err == nil || ctx.Err() != nil {
				return
			}
			log.Warn("TOTP secrets could not be encrypted; the next try follows", "cause", err.Error(), "period", cleanUpPeriod.String())
			select {
			case <-ctx.Done():
				return
			case <-time.After(cleanUpPeriod):
			}
		}
	}
}
