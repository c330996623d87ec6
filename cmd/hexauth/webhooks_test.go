package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const hookKey = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// told is a request that a receiver got.
type told struct {
	id, body string
	genuine  bool
}

// receiver takes requests, each with the status that answers gives.
func receiver(t *testing.T, answers func(n int) int) (url string, got chan told) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(hookKey)
	require.NoError(t, err)
	got = make(chan told, 100)
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		got <- told{r.Header.Get("webhook-id"), string(body), r.Header.Get("webhook-signature") == want}
		n++
		w.WriteHeader(answers(n))
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func next(t *testing.T, got chan told) told {
	t.Helper()
	select {
	case request := <-got:
		return request
	case <-time.After(patience):
		require.Fail(t, "the receiver got nothing")
		return told{}
	}
}

func TestWebhooks_AreToldOfWhatHappenedAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, func(int) int { return http.StatusNoContent })
	hook := `AUTH_WEBHOOKS=[{"url":"` + url + `/path-secret","secret":"whsec_` + hookKey + `","events":["user","sign_in"]}]`
	environ := inFolder(t.TempDir(), hook)
	mustExecute(t, environ, "migrate", "up")
	mustExecute(t, environ, "user", "create", "--email", "before@example.com") // no server runs that could send it
	listed := mustExecute(t, environ, "outbox", "list")
	require.Contains(t, listed, "webhook")
	require.NotContains(t, listed, "path-secret")
	s := serve(t, environ)
	first := next(t, got)
	require.True(t, first.genuine)
	require.Contains(t, first.body, `{"type":"user.created","timestamp":"`)
	require.Contains(t, first.body, `"actor":"administrator"`)
	s.signUp("jane@example.com")
	require.Contains(t, next(t, got).body, `"actor":"user"`)
	_, _ = s.send(http.MethodPost, "/signin/email-password", "", `{"email":"jane@example.com","password":"not the password"}`)
	require.Contains(t, next(t, got).body, `"type":"sign_in.failed"`)
	require.NoError(t, s.end())
	require.NotContains(t, mustExecute(t, environ, "outbox", "list"), "webhook", "all are delivered")
}

func TestWebhooks_AReceiverThatFailsIsToldAgainAndTheOutboxSaysSo(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, func(n int) int { return map[bool]int{true: 503, false: 200}[n == 1] })
	environ := inFolder(t.TempDir(), `AUTH_WEBHOOKS=[{"url":"`+url+`","secret":"whsec_`+hookKey+`"}]`)
	s := serve(t, environ)
	s.signUp("jane@example.com")
	first := next(t, got)
	require.Eventually(t, func() bool {
		return strings.Contains(mustExecute(t, environ, "outbox", "list"), "the receiver answered with status 503")
	}, patience, 50*time.Millisecond)
	id := strings.Fields(strings.Split(mustExecute(t, environ, "outbox", "list"), "\n")[1])[0]
	require.Equal(t, id, first.id)
	mustExecute(t, environ, "outbox", "retry", id)
	require.Equal(t, first, next(t, got), "the same id and body")
	require.NoError(t, s.end())
}

func TestWebhooks_ThatAreNoLongerThereAreGivenUpInTime(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, func(int) int { return http.StatusNoContent })
	environ := inFolder(t.TempDir())
	queue := append(environ, `AUTH_WEBHOOKS=[{"url":"`+url+`","secret":"whsec_`+hookKey+`"}]`)
	mustExecute(t, queue, "migrate", "up")
	mustExecute(t, queue, "user", "create", "--email", "jane@example.com") // no server runs that could send it
	s := serve(t, environ)
	require.Eventually(t, func() bool {
		return strings.Contains(mustExecute(t, environ, "outbox", "list"), "the receiver is not, or no longer, in AUTH_WEBHOOKS")
	}, patience, 50*time.Millisecond)
	require.Contains(t, s.out.String(), `"event":"message_not_sent"`)
	require.NoError(t, s.end())
	require.Empty(t, got)
}

func TestWebhooks_AReceiverThatIsSilentHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	finish := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-finish }))
	defer silent.Close()
	defer close(finish)
	url, got := receiver(t, func(int) int { return http.StatusNoContent })
	environ := inFolder(t.TempDir(), `AUTH_WEBHOOKS=[{"url":"`+silent.URL+`","secret":"whsec_`+hookKey+`"},{"url":"`+url+`","secret":"whsec_`+hookKey+`"}]`)
	mustExecute(t, environ, "migrate", "up")
	const users = webhookWorkers*webhookBatch + 1
	for i := range users {
		mustExecute(t, environ, "user", "create", "--email", fmt.Sprintf("jane-%d@example.com", i))
	}
	serve(t, environ)
	began := time.Now()
	for range users {
		next(t, got)
	}
	require.Less(t, time.Since(began), 10*time.Second, "that is what a silent receiver is given for one event")
}

func TestDeliver_GoesOnAtOnceAsLongAsThereIsMore(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, func(int) int { return http.StatusNoContent })
	environ := inFolder(t.TempDir(), `AUTH_WEBHOOKS=[{"url":"`+url+`","secret":"whsec_`+hookKey+`"}]`)
	cfg, err := config.Load(config.FromEnviron(environ))
	require.NoError(t, err)
	mustExecute(t, environ, "migrate", "up")
	store, err := openStore(t.Context(), cfg)
	require.NoError(t, err)
	defer store.Close()
	const events = 12 * webhookBatch
	noted := port.Noted{}
	for range events {
		id := system.Random{}.UUID()
		event := domain.Event{ID: id, Kind: domain.UserUpdated, At: time.Now()}
		noted.Webhooks = append(noted.Webhooks, webhooks(cfg)[0].Message(id, event))
	}
	require.NoError(t, store.Events().Add(t.Context(), noted))
	jobs := tellWebhooks(cfg, store, system.Clock{}, metrics.New("1.2.3"), nil, slog.New(slog.DiscardHandler))
	require.Len(t, jobs, webhookWorkers+1)
	ctx, stop := context.WithCancel(t.Context())
	done, began := make(chan struct{}), time.Now()
	go func() {
		defer close(done)
		jobs[0](ctx) // one of them, alone
	}()
	for range events {
		next(t, got)
	}
	require.Less(t, time.Since(began), events/webhookBatch*deliveryPause/2, "it must not pause after each batch")
	stop()
	<-done
}

func TestWebhooks_InProductionReachNothingInside(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, func(int) int { return http.StatusOK })
	dir := t.TempDir()
	environ := production("sqlite://"+dir+"/hexauth.db", `AUTH_WEBHOOKS=[{"url":"`+url+`","secret":"whsec_`+hookKey+`"}]`)
	s := serve(t, environ)
	mustExecute(t, environ, "user", "create", "--email", "jane@example.com")
	require.Eventually(t, func() bool {
		return strings.Contains(mustExecute(t, environ, "outbox", "list"), "the address is not a public one")
	}, patience, 50*time.Millisecond)
	require.NoError(t, s.end())
	require.Empty(t, got)
}
