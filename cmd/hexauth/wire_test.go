package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/usecase"
)

// missing lists the ports and use cases below value that are nil. It looks into use cases and what they are made of, not
// into adapters.
func missing(value reflect.Value, path string) []string {
	switch value.Kind() {
	case reflect.Interface, reflect.Func:
		if value.IsNil() || value.Kind() == reflect.Interface && value.Elem().Kind() == reflect.Pointer && value.Elem().IsNil() {
			return []string{path}
		}
	case reflect.Pointer:
		if value.IsNil() {
			return []string{path}
		}
		return missing(value.Elem(), path)
	case reflect.Struct:
		var found []string
		for i := range value.NumField() {
			found = append(found, missing(value.Field(i), fmt.Sprintf("%s.%s", path, value.Type().Field(i).Name))...)
		}
		return found
	}
	return nil
}

func TestWire_LeavesNoPortNil(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{
		"keys of the database":         inFolder(t.TempDir()),
		"a captcha":                    inFolder(t.TempDir(), "AUTH_TURNSTILE_SECRET=secret-of-turnstile"),
		"limits in memory":             inFolder(t.TempDir(), "AUTH_RATE_LIMIT_ENABLE=true"),
		"limits in Redis":              inFolder(t.TempDir(), "AUTH_RATE_LIMIT_ENABLE=true", "AUTH_RATE_LIMIT_REDIS_URL=redis://127.0.0.1:1"),
		"a key of the configuration":   inFolder(t.TempDir(), `HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"hunter2-signs-everything-for-32-bytes"}`, "AUTH_DEV_MODE=true"),
		"bcrypt and everything closed": production("sqlite://"+filepath.Join(t.TempDir(), "hexauth.db"), "AUTH_PASSWORD_HASH=bcrypt", "AUTH_DISABLE_SIGNUP=true"),
	} {
		cfg, err := config.Load(config.FromEnviron(environ))
		require.NoError(t, err)
		log := slog.New(slog.DiscardHandler)
		app, err := prepare(t.Context(), cfg, nil, log)
		require.NoError(t, err, name)
		t.Cleanup(app.store.Close)
		require.NotNil(t, app.handler, name)
		require.NotContains(t, app.jobs, nil)

		key, clock := make([]byte, 32), newClock(cfg, app.store, log)
		tokens, _, err := newTokens(t.Context(), cfg, mustKey(t, cfg), app.store, clock, log)
		require.NoError(t, err, name)
		providers, err := newProviders(cfg, clock, nil, log)
		require.NoError(t, err, name)
		custom, err := newClaims(t.Context(), cfg, clock, nil, log)
		require.NoError(t, err, name)
		mail, err := newMail(cfg, clock, nil, log)
		require.NoError(t, err, name)
		useCases, err := newUseCases(cfg, key, app.store, clock, tokens, custom, providers, mail, metrics.New("test"), quietAudit(cfg, app.store, clock), nil, log)
		require.NoError(t, err, name)
		require.Empty(t, missing(reflect.ValueOf(useCases), "UseCases"), name)
		rotate, err := rotateSigningKey(cfg, app.store, clock)
		require.NoError(t, err)
		require.Empty(t, missing(reflect.ValueOf(rotate), "RotateSigningKey"), name)
		require.Empty(t, missing(reflect.ValueOf(listSigningKeys(cfg, app.store, clock)), "ListSigningKeys"), name)
	}
	require.Equal(t, []string{"SignOut.Store", "SignOut.Audit.Clock", "SignOut.Audit.Random", "SignOut.Audit.Witness"}, missing(reflect.ValueOf(&usecase.SignOut{}), "SignOut"))
}

func mustKey(t testing.TB, cfg config.Config) []byte {
	key, err := encryptionKey(cfg, nil) // the file exists by now
	require.NoError(t, err)
	return key
}
