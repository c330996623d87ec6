package hibp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/hibp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The SHA-1 of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
const suffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"

const others = "003D68EB55068C33ACE09247EE4C639306B:3\r\n012C192B2F16F82EA0EB9EF18D9D539B0DD:0\r\n"

type pauses []time.Duration

func (p *pauses) sleep(_ context.Context, pause time.Duration) error {
	*p = append(*p, pause)
	return nil
}

func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, hibp.Options) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Client().CloseIdleConnections()
		server.Close()
	})
	return server, hibp.Options{BaseURL: server.URL, Client: server.Client(), Sleep: new(pauses).sleep}
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func contains(t *testing.T, o hibp.Options, password string) (bool, error) {
	t.Helper()
	passwords, err := hibp.New(o)
	require.NoError(t, err)
	return passwords.Contains(t.Context(), password)
}

func TestContains_AsksForTheFirstFiveCharactersOnly(t *testing.T) {
	var requests []string
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.String()+" "+r.Header.Get("Add-Padding")+" "+r.Header.Get("User-Agent"))
		_, _ = io.WriteString(w, others+suffix+":10434004\r\n")
	})
	found, err := contains(t, o, "password")
	require.NoError(t, err)
	require.True(t, found)
	o.BaseURL += "/mirror/"
	found, err = contains(t, o, "Another one")
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, []string{"GET /range/5BAA6 true hexauth", "GET /mirror/range/700DE true hexauth"}, requests)
}

func TestContains_ReadsAnswers(t *testing.T) {
	for body, want := range map[string]bool{
		others + suffix + ":1":             true,
		suffix + ":1\n" + others:           true,
		strings.ToLower(suffix) + ":2\r\n": true,
		others + suffix + ":0\r\n":         false, // padding
		others:                             false,
		others + "\r\n":                    false,
		"":                                 false,
		strings.Repeat(others, 6000) + suffix + ":7": true, // half a megabyte
	} {
		_, o := serve(t, answering(200, body))
		found, err := contains(t, o, "password")
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
}

func TestContains_AnswersItDoesNotUnderstandAreErrors(t *testing.T) {
	const garbled = "hibp: the answer is not a list of hashes and counts"
	for body, want := range map[string]string{
		"<html>Please sign in to the hotel's network</html>": garbled,
		others + suffix:                      garbled,
		others + suffix + ":many":            garbled,
		suffix + ":1\r\n" + others + "x:1":   garbled,
		strings.Repeat(others, 15000) + "\n": "hibp: the answer has more than 1048576 bytes",
	} {
		_, o := serve(t, answering(200, body))
		found, err := contains(t, o, "password")
		require.EqualError(t, err, want)
		require.False(t, found)
	}
	for _, status := range []int{201, 400, 403, 404, 500, 503} {
		_, o := serve(t, answering(status, others+suffix+":1"))
		found, err := contains(t, o, "password")
		require.EqualError(t, err, fmt.Sprintf("hibp: status %d", status))
		require.False(t, found)
	}
	_, o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, others)
	})
	_, err := contains(t, o, "password")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestContains_WaitsAsLongAsItIsTold(t *testing.T) {
	calls := 0
	answers := []string{"2", "0", "Wed, 21 Oct 2026 07:28:00 GMT"}
	_, o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls <= len(answers) {
			w.Header().Set("Retry-After", answers[calls-1])
			w.WriteHeader(429)
			return
		}
		_, _ = io.WriteString(w, suffix+":1")
	})
	var waited pauses
	o.Sleep = waited.sleep
	found, err := contains(t, o, "password")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, pauses{2 * time.Second, 0, 3 * time.Second}, waited)
}

func TestContains_GivesUpAfterThreeRetries(t *testing.T) {
	for header, pause := range map[string]time.Duration{"": time.Second, "1": time.Second, "3600": 3 * time.Second, "-1": 3 * time.Second} {
		calls := 0
		_, o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(429)
		})
		var waited pauses
		o.Sleep = waited.sleep
		_, err := contains(t, o, "password")
		require.EqualError(t, err, "hibp: status 429")
		require.Equal(t, 4, calls)
		require.Equal(t, pauses{pause, pause, pause}, waited)
	}
}

func TestContains_FollowsRedirectsOnTheSameHostOnly(t *testing.T) {
	asked := 0
	elsewhere, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked++; _, _ = io.WriteString(w, suffix+":1") })
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/away/"):
			http.Redirect(w, r, elsewhere.URL+"/range/5BAA6", http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/loop/"):
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/moved/"):
			http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/moved"), http.StatusMovedPermanently)
		default:
			_, _ = io.WriteString(w, suffix+":1")
		}
	})
	base := o.BaseURL
	for _, path := range []string{"/away", "/loop"} {
		o.BaseURL = base + path
		_, err := contains(t, o, "password")
		require.EqualError(t, err, "hibp: a redirect to elsewhere")
	}
	o.BaseURL = base + "/moved"
	found, err := contains(t, o, "password")
	require.NoError(t, err)
	require.True(t, found)
	require.Zero(t, asked)
}

func TestContains_AnUnreachableServiceIsAnErrorWithoutTheHash(t *testing.T) {
	server, o := serve(t, answering(200, ""))
	server.Close()
	_, err := contains(t, o, "password")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "5BAA6")
}

func TestContains_EndsWithTheTimeoutRetriesIncluded(t *testing.T) {
	release := make(chan struct{})
	_, slow := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	_, busy := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	busy.Sleep = nil
	for _, o := range []hibp.Options{slow, busy} {
		o.Timeout = 100 * time.Millisecond
		began := time.Now()
		_, err := contains(t, o, "password")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(began), 2900*time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	passwords, err := hibp.New(slow)
	require.NoError(t, err)
	_, err = passwords.Contains(ctx, "password")
	require.ErrorIs(t, err, context.Canceled)
}

func TestContains_RealPausesEnd(t *testing.T) {
	calls := 0
	_, o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
			return
		}
		_, _ = io.WriteString(w, suffix+":1")
	})
	o.Sleep = nil
	found, err := contains(t, o, "password")
	require.NoError(t, err)
	require.True(t, found)
}

func TestNew_RefusesBaseURLsThatAreNoHTTP(t *testing.T) {
	for _, base := range []string{"ftp://example.com", "example.com", "://", "https://"} {
		_, err := hibp.New(hibp.Options{BaseURL: base})
		require.EqualError(t, err, "hibp: the base URL is not an http URL")
	}
	_, err := hibp.New(hibp.Options{})
	require.NoError(t, err)
}
