package captcha_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/captcha"
	"github.com/hexauth/hexauth/domain"
)

// provider is siteverify of one of the three. It holds questions to the form that the real one takes.
type provider struct {
	*httptest.Server
	asked   []map[string]string
	answers http.HandlerFunc
}

func newProvider(t *testing.T, kind captcha.Provider, answers http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{answers: answers}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.RawQuery != "" {
			http.Error(w, "only POST, and nothing in the URL", http.StatusMethodNotAllowed)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fields := map[string]string{}
		switch kind {
		case captcha.Turnstile:
			if r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &fields) != nil {
				http.Error(w, "JSON is wanted", http.StatusUnsupportedMediaType)
				return
			}
		default:
			form, err := url.ParseQuery(string(body))
			if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || err != nil {
				http.Error(w, "a form is wanted", http.StatusUnsupportedMediaType)
				return
			}
			for name := range form {
				fields[name] = form.Get(name)
			}
		}
		p.asked = append(p.asked, fields)
		p.answers(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func check(t *testing.T, o captcha.Options, answers http.HandlerFunc) (domain.CaptchaVerdict, error, *provider) {
	t.Helper()
	p := newProvider(t, o.Provider, answers)
	o.URL, o.Secret = p.URL, "secret-of-captcha"
	v, err := captcha.New(o)
	require.NoError(t, err)
	verdict, err := v.Check(t.Context(), `an answer "with" &signs=`, "198.51.100.1")
	return verdict, err, p
}

func TestCheck_JudgesWhatEachProviderAnswers(t *testing.T) {
	t.Parallel()
	const (
		turnstile = `{"success":true,"error-codes":[],"challenge_ts":"2026-05-04T03:02:01.000Z","hostname":"app.example.com","action":"signup","cdata":"","metadata":{"interactive":false}}`
		hcaptcha  = `{"success":true,"challenge_ts":"2026-05-04T03:02:01.000000Z","hostname":"app.example.com","credit":true,"error-codes":[],"score":0.9,"score_reason":[]}`
		version2  = `{"success":true,"challenge_ts":"2026-05-04T03:02:01Z","hostname":"app.example.com"}`
		version3  = `{"success":true,"challenge_ts":"2026-05-04T03:02:01Z","hostname":"app.example.com","score":0.5,"action":"signup"}`
	)
	failed := func(codes string) string { return `{"success":false,"error-codes":[` + codes + `]}` }
	passed, refused, expired := domain.CaptchaPassed, domain.CaptchaRefused, domain.CaptchaExpired
	for _, row := range []struct {
		name    string
		options captcha.Options
		answer  string
		want    domain.CaptchaVerdict
	}{
		{"Turnstile", captcha.Options{Provider: captcha.Turnstile}, turnstile, passed},
		{"hCaptcha", captcha.Options{Provider: captcha.HCaptcha, MinScore: 0.95}, hcaptcha, passed},
		{"reCAPTCHA 2", captcha.Options{Provider: captcha.ReCaptcha, MinScore: 0.9}, version2, passed},
		{"reCAPTCHA 3", captcha.Options{Provider: captcha.ReCaptcha, MinScore: 0.5}, version3, passed},
		{"reCAPTCHA 3, a robot", captcha.Options{Provider: captcha.ReCaptcha, MinScore: 0.51}, version3, refused},
		{"the action", captcha.Options{Provider: captcha.Turnstile, Action: "signup"}, turnstile, passed},
		{"another action", captcha.Options{Provider: captcha.Turnstile, Action: "login"}, turnstile, refused},
		{"another action, reCAPTCHA", captcha.Options{Provider: captcha.ReCaptcha, Action: "login"}, version3, refused},
		{"no action", captcha.Options{Provider: captcha.ReCaptcha, Action: "login"}, version2, refused},
		{"the page", captcha.Options{Provider: captcha.HCaptcha, Hostnames: []string{"example.com", "APP.example.com"}}, hcaptcha, passed},
		{"another page", captcha.Options{Provider: captcha.HCaptcha, Hostnames: []string{"example.com"}}, hcaptcha, refused},
		{"wrong", captcha.Options{Provider: captcha.Turnstile}, failed(`"invalid-input-response"`), refused},
		{"wrong without a reason", captcha.Options{Provider: captcha.ReCaptcha}, `{"success":false}`, refused},
		{"too late", captcha.Options{Provider: captcha.Turnstile}, failed(`"timeout-or-duplicate"`), expired},
		{"used, hCaptcha", captcha.Options{Provider: captcha.HCaptcha}, failed(`"invalid-or-already-seen-response"`), expired},
	} {
		verdict, err, p := check(t, row.options, says(row.answer))
		require.NoError(t, err, row.name)
		require.Equal(t, row.want, verdict, row.name)
		require.Equal(t, []map[string]string{{"secret": "secret-of-captcha", "response": `an answer "with" &signs=`}}, p.asked, row.name)
	}
}

func TestCheck_TellsTheAddressOnlyWhenItMay(t *testing.T) {
	t.Parallel()
	for _, kind := range []captcha.Provider{captcha.Turnstile, captcha.HCaptcha, captcha.ReCaptcha} {
		_, err, p := check(t, captcha.Options{Provider: kind, SendAddress: true}, says(`{"success":true}`))
		require.NoError(t, err)
		require.Equal(t, "198.51.100.1", p.asked[0]["remoteip"])
	}
}

func TestCheck_WhatIsNoOutcomePassesNobodyAndMayWorkLater(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = io.WriteString(w, body) }
	}
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	for name, answers := range map[string]http.HandlerFunc{
		"nothing": says(""), "no JSON": says("<html>"), "no success": says(`{"hostname":"x"}`), "null": says("null"), "success in words": says(`{"success":"true"}`),
		"trailing": says(`{"success":true} x`), "500": status(500, `{"success":true}`), "403": status(403, `{"success":true}`), "204": status(204, ""),
		"endless":        says(`{"success":true,"cdata":"` + strings.Repeat("x", 70_000) + `"}`),
		"internal-error": says(`{"success":false,"error-codes":["internal-error"]}`),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"a connection cut":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"silence for a while": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		verdict, err, p := check(t, captcha.Options{Provider: captcha.Turnstile, Timeout: 200 * time.Millisecond}, answers)
		require.ErrorIs(t, err, domain.Unavailable, name)
		require.Equal(t, domain.CaptchaRefused, verdict, name)
		for _, hidden := range []string{"secret-of-captcha", "an answer", p.URL} {
			require.NotContains(t, err.Error(), hidden, name)
		}
	}
	require.False(t, followed, "the secret went elsewhere")
}

func TestCheck_AWrongSecretIsTheOperatorsToMend(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid-input-secret", "missing-input-secret", "sitekey-secret-mismatch", "invalid-keys"} {
		verdict, err, _ := check(t, captcha.Options{Provider: captcha.ReCaptcha}, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"success":false,"error-codes":["timeout-or-duplicate","`+code+`"]}`)
		})
		require.EqualError(t, err, "captcha: the provider refuses the question, is the secret right? ("+code+")")
		require.NotErrorIs(t, err, domain.Unavailable)
		require.Equal(t, domain.CaptchaRefused, verdict)
	}
}

func TestCheck_AsksNobodyAboutAnswersThatCantBeGood(t *testing.T) {
	t.Parallel()
	p := newProvider(t, captcha.Turnstile, says(`{"success":true}`))
	v, err := captcha.New(captcha.Options{Provider: captcha.Turnstile, Secret: "s", URL: p.URL})
	require.NoError(t, err)
	for _, answer := range []string{"", strings.Repeat("x", 20_000)} {
		verdict, err := v.Check(t.Context(), answer, "")
		require.NoError(t, err)
		require.Equal(t, domain.CaptchaRefused, verdict)
	}
	require.Empty(t, p.asked)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	_, err = v.Check(gone, "x", "")
	require.ErrorIs(t, err, context.Canceled)
}

func TestNew_RefusesWhatCantWork(t *testing.T) {
	t.Parallel()
	for _, o := range []captcha.Options{
		{}, {Provider: "somebody", Secret: "s"}, {Provider: captcha.Turnstile}, {Provider: captcha.Turnstile, Secret: "s", URL: "ftp://x"}, {Provider: captcha.HCaptcha, Secret: "s", URL: "https://"},
	} {
		_, err := captcha.New(o)
		require.Error(t, err)
	}
	for _, kind := range []captcha.Provider{captcha.Turnstile, captcha.HCaptcha, captcha.ReCaptcha} {
		v, err := captcha.New(captcha.Options{Provider: kind, Secret: "s"})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(v.URL, "https://") && strings.HasSuffix(v.URL, "/siteverify"))
	}
}
