package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/redistest"
	"github.com/hexauth/hexauth/test/wire"
)

const (
	encryptionKey = "6f1d5a0c9e83b2477d10f4c8a95be36214c07fd9386be1520a9d4e7cb3f82165"
	adminSecret   = "soak-soak-soak-soak-soak-soak-soak"
	poolSize      = 10
	// drain is AUTH_SHUTDOWN_DELAY: longer than the proxy takes to notice.
	drain = 2500 * time.Millisecond
)

// world is everything that runs.
type world struct {
	dir       string
	cluster   *pgtest.Cluster
	redis     *redistest.Process
	network   *wire.Wire // between the second instance and PostgreSQL
	mails     *mailServer
	instances []*instance // the last one has a clock that is off
	proxy     *proxy
	postgres  string // version
	limits    string // name and version of what Redis is here
	closers   []func()
}

// newWorld starts everything. The caller closes it, also after an error.
func newWorld(ctx context.Context, binary string) (w *world, err error) {
	w = &world{}
	if w.dir, err = os.MkdirTemp("", "hexauth-soak-"); err != nil {
		return w, err
	}
	skewed, err := buildSkewed(filepath.Dir(binary))
	if err != nil {
		return w, err
	}
	if err := w.startServices(ctx); err != nil {
		return w, err
	}
	database, err := url.Parse(w.cluster.URL())
	if err != nil {
		return w, err
	}
	near := *database
	near.Host = w.network.Address
	for n, name := range []string{"a", "b", "c"} {
		from, program := database, binary
		switch n {
		case 1:
			from = &near
		case 2:
			program = skewed
		}
		w.instances = append(w.instances, newInstance(name, program, w.dir, w.environment(from.String()+"&application_name="+name)))
	}
	w.skew("3600")
	return w, w.startInstances(ctx)
}

// skew sets by how many seconds the last instance's clock is ahead from its next start on.
func (w *world) skew(seconds string) { w.instances[len(w.instances)-1].env[clockVariable] = seconds }

func (w *world) startServices(ctx context.Context) (err error) {
	if w.cluster, err = pgtest.Create(pgtest.Options{Durable: true}); err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = w.cluster.Close() })
	if w.postgres, err = query[string](ctx, w, "SHOW server_version"); err != nil {
		return err
	}
	programs := redistest.Programs()
	if len(programs) == 0 {
		return errors.New("neither redis-server nor valkey-server is installed: make redis installs one")
	}
	version, err := exec.CommandContext(ctx, programs[0], "--version").Output()
	if err != nil {
		return err
	}
	w.limits = filepath.Base(programs[0]) + " " + regexp.MustCompile(`[0-9]+(\.[0-9]+)+`).FindString(string(version))
	w.redis = redistest.NewProcess(programs[0], w.dir)
	if err := w.redis.Start(); err != nil {
		return err
	}
	w.closers = append(w.closers, w.redis.Stop)
	if w.mails, err = startMailServer(); err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = w.mails.inner.Close() })
	database, err := url.Parse(w.cluster.URL())
	if err != nil {
		return err
	}
	w.network, err = wire.New(database.Host)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.network.Close)
	return nil
}

func (w *world) startInstances(ctx context.Context) error {
	var addresses []string
	for _, i := range w.instances {
		if err := i.start(ctx); err != nil {
			return err
		}
		w.closers = append(w.closers, i.kill)
		addresses = append(addresses, i.address)
	}
	var err error
	if w.proxy, err = newProxy(addresses); err != nil {
		return err
	}
	w.closers = append(w.closers, w.proxy.close)
	return nil
}

// environment is that of a production server with everything in use that the load touches. The limits count and refuse nothing.
func (w *world) environment(database string) map[string]string {
	env := map[string]string{
		"AUTH_DATABASE_URL": database, "AUTH_DATABASE_POOL_SIZE": strconv.Itoa(poolSize),
		"AUTH_ENCRYPTION_KEY": encryptionKey, "AUTH_ADMIN_SECRET": adminSecret,
		"AUTH_SERVER_URL": "https://auth.example.com/v1", "AUTH_API_PREFIX": "/v1", "AUTH_CLIENT_URL": "https://app.example.com",
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "false", "AUTH_ANONYMOUS_USERS_ENABLED": "true",
		"AUTH_EMAIL_PASSWORDLESS_ENABLED": "true", "AUTH_OTP_EMAIL_ENABLED": "true",
		"AUTH_SMTP_HOST": "127.0.0.1", "AUTH_SMTP_PORT": strconv.Itoa(w.mails.address.Port), "AUTH_SMTP_SENDER": "Example <noreply@example.com>",
		"AUTH_SHUTDOWN_DELAY":    drain.String(),
		"AUTH_RATE_LIMIT_ENABLE": "true", "AUTH_RATE_LIMIT_REDIS_URL": "redis://" + w.redis.Address + "/0",
		"AUTH_RATE_LIMIT_EMAIL_IS_GLOBAL": "false",
	}
	for _, bucket := range []string{"GLOBAL", "EMAIL", "SMS", "BRUTE_FORCE", "SIGNUPS", "TOKEN_VERIFY"} {
		env["AUTH_RATE_LIMIT_"+bucket+"_BURST"] = "1000000"
	}
	return env
}

// close ends everything. What was logged is kept where something failed.
func (w *world) close(keep bool) {
	for n := len(w.closers) - 1; n >= 0; n-- {
		w.closers[n]()
	}
	if keep {
		fmt.Fprintln(os.Stderr, "logs:", filepath.Join(w.dir, "*.log"))
		return
	}
	_ = os.RemoveAll(w.dir)
}

// query returns the only value of a statement's only row.
func query[T any](ctx context.Context, w *world, text string, arguments ...any) (value T, err error) {
	conn, err := pgx.Connect(ctx, w.cluster.URL())
	if err != nil {
		return value, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, text, arguments...).Scan(&value)
	return value, err
}

// databaseAnswers waits until PostgreSQL takes a connection and answers, and returns when it did.
func (w *world) databaseAnswers(ctx context.Context) (time.Time, error) {
	for {
		try, cancel := context.WithTimeout(ctx, time.Second)
		_, err := query[int](try, w, "SELECT 1")
		cancel()
		if err == nil {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// redisAnswers waits until Redis takes a connection.
func (w *world) redisAnswers(ctx context.Context) (time.Time, error) {
	for {
		conn, err := net.DialTimeout("tcp", w.redis.Address, time.Second)
		if err == nil {
			return time.Now(), conn.Close()
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("redis does not answer: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
