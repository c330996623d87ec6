package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// scrape returns the samples of the product's own metrics, one a line, without help and types.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	return strings.Join(regexp.MustCompile(`(?m)^hexauth_.*$`).FindAllString(recorder.Body.String(), -1), "\n") + "\n"
}

func TestMetrics_CountRequestsAndTheSignInsAmongThem(t *testing.T) {
	m := metrics.New("1.2.3")
	for range 4 {
		m.RequestBegan()
	}
	m.RequestEnded(port.AnsweredRequest{Operation: "signInEmailPassword", Status: 200, Took: 30 * time.Millisecond})
	m.RequestEnded(port.AnsweredRequest{Operation: "signInEmailPassword", Status: 200, Challenged: true, Took: 30 * time.Millisecond})
	m.RequestEnded(port.AnsweredRequest{Operation: "signInEmailPassword", Status: 401, Error: domain.InvalidEmailPassword, Took: time.Millisecond})
	got := scrape(t, m)
	for _, want := range []string{
		`hexauth_build_info{goversion="go`,
		`hexauth_http_requests_in_flight 1` + "\n",
		`hexauth_http_requests_total{error="",operation="signInEmailPassword",status="200"} 2` + "\n",
		`hexauth_http_requests_total{error="invalid-email-password",operation="signInEmailPassword",status="401"} 1` + "\n",
		`hexauth_http_request_duration_seconds_bucket{operation="signInEmailPassword",le="0.001"} 1` + "\n",
		`hexauth_http_request_duration_seconds_bucket{operation="signInEmailPassword",le="0.05"} 3` + "\n",
		`hexauth_sign_ins_total{method="password",outcome="success"} 1` + "\n",
		`hexauth_sign_ins_total{method="password",outcome="second-factor"} 1` + "\n",
		`hexauth_sign_ins_total{method="password",outcome="invalid-email-password"} 1` + "\n",
		`hexauth_refreshes_total{outcome="reused"} 0` + "\n",
	} {
		require.Contains(t, got, want)
	}
}

func TestMetrics_HaveOneLabelForAllUnknownPaths(t *testing.T) {
	m := metrics.New("1.2.3")
	for range 3 {
		m.RequestBegan()
		m.RequestEnded(port.AnsweredRequest{Status: 404, Error: domain.NotFound})
	}
	require.Contains(t, scrape(t, m), `hexauth_http_requests_total{error="not-found",operation="unknown",status="404"} 3`)
}

func TestMetrics_EveryWayInIsASignIn(t *testing.T) {
	begins := map[string]bool{ // they send something, or ask a browser to come back
		"signInOTPEmail": true, "signInPasswordlessEmail": true, "signInPasswordlessSms": true, "signInProvider": true, "signInWebauthn": true,
	}
	doc, err := api.Load()
	require.NoError(t, err)
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			id := operation.OperationID
			wayIn := strings.HasPrefix(strings.ToLower(id), "signin") || strings.HasPrefix(id, "verifySignIn") || id == "verifyTicket"
			m := metrics.New("1.2.3")
			m.RequestBegan()
			m.RequestEnded(port.AnsweredRequest{Operation: id, Status: 200})
			require.Equal(t, wayIn && !begins[id], strings.Contains(scrape(t, m), "hexauth_sign_ins_total"), "decide whether %s completes a sign-in", id)
		}
	}
}

func TestMetrics_CostARequestNoAllocation(t *testing.T) {
	m := metrics.New("1.2.3")
	refused := port.AnsweredRequest{Operation: "signInEmailPassword", Status: 401, Error: domain.InvalidEmailPassword, Took: time.Millisecond}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		m.RequestBegan()
		m.RequestEnded(refused)
		m.Refreshed(domain.RefreshRotated)
	}))
}

func TestMetrics_ShowWhatOthersKeep(t *testing.T) {
	m, k := metrics.New("1.2.3"), kit.New(t)
	m.WatchHashing(func() port.HashingStats {
		return port.HashingStats{Hashes: 9, Running: 2, Waiting: 3, QueueFull: 4, TimedOut: 5}
	})
	m.PasswordHashWaited(300 * time.Millisecond)
	m.WatchPools(func() []port.PoolStats {
		return []port.PoolStats{{Name: "all", InUse: 7, Idle: 2, Max: 10, Waits: 11, Waited: 1500 * time.Millisecond}}
	})
	m.WatchOutbox(k.Store.Outbox(), k.Clock)
	shared := true
	m.WatchRateLimits(func() bool { return shared })
	_, err := k.Store.Outbox().Retry(t.Context(), "", k.Clock.Now())
	require.NoError(t, err)
	got := scrape(t, m)
	for _, want := range []string{
		`hexauth_password_hashes_total 9`, `hexauth_password_hashes_running 2`, `hexauth_password_hashes_waiting 3`,
		`hexauth_password_hashes_refused_total{reason="queue-full"} 4`, `hexauth_password_hashes_refused_total{reason="timeout"} 5`,
		`hexauth_password_hash_wait_seconds_sum 0.3`, `hexauth_password_hash_wait_seconds_count 1`,
		`hexauth_database_connections{pool="all",state="in-use"} 7`, `hexauth_database_connections{pool="all",state="idle"} 2`,
		`hexauth_database_connections_max{pool="all"} 10`, `hexauth_database_waits_total{pool="all"} 11`, `hexauth_database_wait_seconds_total{pool="all"} 1.5`,
		`hexauth_outbox_messages{state="due"} 0`, `hexauth_outbox_messages{state="waiting"} 0`, `hexauth_outbox_messages{state="parked"} 0`,
		`hexauth_outbox_oldest_age_seconds 0`, `hexauth_outbox_readable 1`, `hexauth_rate_limits_shared 1`,
	} {
		require.Contains(t, got, want+"\n")
	}
	shared = false
	k.Store.Close()
	got = scrape(t, m)
	require.Contains(t, got, "hexauth_rate_limits_shared 0\n")
	require.Contains(t, got, "hexauth_outbox_readable 0\n")
	require.NotContains(t, got, "hexauth_outbox_messages")
	require.Contains(t, got, "hexauth_password_hashes_total 9\n", "the rest is there all the same")
}

func TestMailer_CountsWhatIsSentAndClosesWhatIsBehindIt(t *testing.T) {
	m, behind := metrics.New("1.2.3"), &box{}
	mailer := m.Mailer(behind)
	mail := domain.Mail{Message: domain.Message{Template: domain.TemplateEmailVerify}}
	require.NoError(t, mailer.Send(t.Context(), mail))
	behind.Fail = errors.New("no route to host")
	require.ErrorIs(t, mailer.Send(context.Background(), mail), behind.Fail)
	got := scrape(t, m)
	require.Contains(t, got, `hexauth_messages_total{outcome="sent",template="email-verify"} 1`+"\n")
	require.Contains(t, got, `hexauth_messages_total{outcome="failed",template="email-verify"} 1`+"\n")
	require.NoError(t, mailer.(interface{ Close() error }).Close())
	require.True(t, behind.closed)
	phones := &kit.Phones{}
	require.NoError(t, m.SMS(phones).SendSMS(t.Context(), domain.Mail{Message: domain.Message{Template: domain.TemplateSignInSMS}}))
	require.Len(t, phones.Received(), 1)
	require.Contains(t, scrape(t, m), `hexauth_messages_total{outcome="sent",template="signin-passwordless-sms"} 1`+"\n")
	gateway := &verifier{}
	require.NoError(t, m.Verifier(gateway).StartVerification(t.Context(), "+12025550123", "en"))
	gateway.fail = errors.New("no route to host")
	require.ErrorIs(t, m.Verifier(gateway).StartVerification(t.Context(), "+12025550123", "en"), gateway.fail)
	approved, err := m.Verifier(gateway).CheckVerification(t.Context(), "+12025550123", "123456")
	require.NoError(t, err)
	require.True(t, approved)
	got = scrape(t, m)
	require.Contains(t, got, `hexauth_messages_total{outcome="sent",template="signin-passwordless-sms"} 2`+"\n", "the gateway's own codes count, too")
	require.Contains(t, got, `hexauth_messages_total{outcome="failed",template="signin-passwordless-sms"} 1`+"\n")
	require.NoError(t, m.Mailer(&kit.Mailbox{}).(interface{ Close() error }).Close(), "not every mailer has a connection")
}

// verifier is a gateway that makes its codes by itself.
type verifier struct{ fail error }

func (v *verifier) StartVerification(context.Context, string, string) error { return v.fail }

func (v *verifier) CheckVerification(_ context.Context, _, code string) (bool, error) {
	return code == "123456", nil
}

// box is a mailer that can be closed.
type box struct {
	kit.Mailbox
	closed bool
}

func (b *box) Close() error {
	b.closed = true
	return nil
}

func TestHandler_AnswersNothingButMetrics(t *testing.T) {
	handler := metrics.New("1.2.3").Handler(slog.New(slog.DiscardHandler))
	for _, path := range []string{"/", "/metrics/", "/debug/pprof/", "/healthz"} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusNotFound, recorder.Code, path)
	}
}
