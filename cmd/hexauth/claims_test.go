package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// claimsApp is an app that answers questions for claims.
type claimsApp struct {
	plan  atomic.Value // string; "" while the app is away
	asked atomic.Int64
	env   []string
}

func newClaimsApp(t *testing.T, plan string) *claimsApp {
	a := &claimsApp{}
	a.plan.Store(plan)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.asked.Add(1)
		if plan := a.plan.Load(); plan != "" {
			fmt.Fprintf(w, `{"plan":%q}`, plan)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	a.env = []string{"AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL=" + server.URL, "AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET=whsec_" + hookKey}
	return a
}

// planIn returns the claim of an access token, "" without one.
func planIn(t *testing.T, token string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(payload, &claims))
	var own map[string]any
	require.NoError(t, json.Unmarshal(claims["https://hasura.io/jwt/claims"], &own))
	require.NotEmpty(t, own["x-hasura-user-id"])
	plan, _ := own["x-hasura-plan"].(string)
	return plan
}

func TestClaims_AreAskedForOnceWhileTheyAreKept(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{true, false} {
		app := newClaimsApp(t, "silver")
		environ := inFolder(t.TempDir(), app.env...)
		if kept {
			environ = append(environ, "AUTH_JWT_CUSTOM_CLAIMS_CACHE=1h")
		}
		s := serve(t, environ)
		session := s.signUp("jane@example.com")
		require.Equal(t, "silver", planIn(t, session.AccessToken))
		app.plan.Store("gold")
		for range 3 {
			session = s.refresh(session.RefreshToken)
			require.Equal(t, map[bool]string{true: "silver", false: "gold"}[kept], planIn(t, session.AccessToken))
		}
		require.Equal(t, "gold", planIn(t, s.signUp("joe@example.com").AccessToken), "nobody gets what was kept for another")
		require.Equal(t, map[bool]int64{true: 2, false: 5}[kept], app.asked.Load())
		require.NoError(t, s.end())
	}
}

func TestClaims_WhereTheyAreAMustNobodyGetsATokenWithoutThem(t *testing.T) {
	t.Parallel()
	app := newClaimsApp(t, "gold")
	s := serve(t, inFolder(t.TempDir(), append(app.env, "AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE=refuse")...))
	session := s.signUp("jane@example.com")
	app.plan.Store("")
	const credentials = `{"email":"%s","password":"violet-otter-41"}`
	for path, body := range map[string]string{
		"/token":                 fmt.Sprintf(`{"refreshToken":%q}`, session.RefreshToken),
		"/signin/email-password": fmt.Sprintf(credentials, "jane@example.com"),
		"/signup/email-password": fmt.Sprintf(credentials, "joe@example.com"),
	} {
		answer, err := http.Post(s.url+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		var failure map[string]any
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&failure))
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, path)
		require.Equal(t, "service-unavailable", failure["error"])
		require.Equal(t, "2", answer.Header.Get("Retry-After"))
		require.NotContains(t, failure, "session")
	}
	require.Equal(t, 1, strings.Count(s.out.String(), `"event":"custom_claims_lost"`))
	app.plan.Store("platinum")
	require.Equal(t, "platinum", planIn(t, s.refresh(session.RefreshToken).AccessToken), "the refused refresh token is as good as before")
	var signedIn payload
	s.call(http.MethodPost, "/signin/email-password", "", fmt.Sprintf(credentials, "joe@example.com"), &signedIn)
	require.Equal(t, "platinum", planIn(t, signedIn.Session.AccessToken), "the account of the refused sign-up is there")
}

func TestClaims_WhereTheyAreNoMustTokensComeWithoutThem(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{"omit": "", "defaults": "free"} {
		app := newClaimsApp(t, "")
		s := serve(t, inFolder(t.TempDir(), append(app.env, "AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE="+policy, `AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS={"plan":"free"}`)...))
		session := s.signUp("jane@example.com")
		require.Equal(t, want, planIn(t, session.AccessToken))
		require.Equal(t, want, planIn(t, s.refresh(session.RefreshToken).AccessToken))
		require.NoError(t, s.end())
	}
}
