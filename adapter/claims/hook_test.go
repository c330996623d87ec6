package claims_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/kit"
)

const hookKey = "the key of the hook, as it is.."

// hookedApp answers a hook and checks it as Standard Webhooks says.
type hookedApp struct {
	*httptest.Server
	mu    sync.Mutex
	users map[domain.UserID]string
	asked []string // bodies
}

func newHookedApp(t *testing.T, now time.Time) *hookedApp {
	t.Helper()
	a := &hookedApp{users: map[domain.UserID]string{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
		mac := hmac.New(sha256.New, []byte(hookKey))
		mac.Write([]byte(id + "." + at + "." + string(body)))
		signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		var question struct {
			Type, Timestamp string
			UserID          domain.UserID
		}
		_ = json.Unmarshal(body, &question)
		sent, _ := time.Parse(time.RFC3339, question.Timestamp)
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(id, "msg_") || len(id) < 20 ||
			!hmac.Equal([]byte(signature), []byte(r.Header.Get("webhook-signature"))) || question.Type != "claims" || !sent.Equal(now) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asked = append(a.asked, id)
		_, _ = io.WriteString(w, a.users[question.UserID])
	}))
	t.Cleanup(a.Close)
	return a
}

func newHook(t *testing.T, url, key string) *claims.Hook {
	t.Helper()
	hook, err := claims.NewHook(claims.HookOptions{URL: url, Key: []byte(key), Clock: kit.NewClock(), Random: &kit.Random{}})
	require.NoError(t, err)
	return hook
}

func TestHook_IsASourceOfClaims(t *testing.T) {
	t.Parallel()
	porttest.CustomClaims(t, func(t *testing.T) porttest.ClaimsSource {
		app := newHookedApp(t, kit.NewClock().Now())
		return porttest.ClaimsSource{
			CustomClaims: newHook(t, app.URL, hookKey),
			Put: func(user domain.UserID, said string) {
				app.mu.Lock()
				defer app.mu.Unlock()
				app.users[user] = said
			},
			Away: app.Close,
		}
	})
}

func TestHook_EveryQuestionHasAnIDOfItsOwnAndTheRightKey(t *testing.T) {
	t.Parallel()
	app := newHookedApp(t, kit.NewClock().Now())
	app.users[anybody] = `{"plan":"gold"}`
	hook := newHook(t, app.URL, hookKey)
	for range 2 {
		found, err := hook.Of(t.Context(), anybody)
		require.NoError(t, err)
		require.Equal(t, domain.CustomClaims{"plan": "gold"}, found)
	}
	require.NotEqual(t, app.asked[0], app.asked[1])
	_, err := newHook(t, app.URL, "another key").Of(t.Context(), anybody)
	require.EqualError(t, err, "hook: status 401")
}

func TestHook_FailsOnWhateverElseIsAnswered(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	says := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	const noObject = "hook: the answer is not a JSON object"
	for name, c := range map[string]struct {
		answers http.HandlerFunc
		want    string
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
		}, "hook: status 308"},
		"an error":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "hook: status 500"},
		"nothing":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "hook: status 204"},
		"an empty text":  {says(""), noObject},
		"a list":         {says(`["a"]`), noObject},
		"null":           {says(`null`), noObject},
		"half an object": {says(`{"a":`), noObject},
		"two objects":    {says(`{"a":1}{"b":2}`), noObject},
		"too much":       {says(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`), "hook: the answer is longer than 65536 bytes"},
		"too slow":       {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, "hook: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answers)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // for the one that never answers
			defer cancel()
			_, err := newHook(t, server.URL+"/?key=hunter2", hookKey).Of(ctx, anybody)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestNewHook_RefusesWhatCanNotWork(t *testing.T) {
	t.Parallel()
	for _, o := range []claims.HookOptions{{}, {URL: "https://app.example.com"}, {URL: "app", Key: []byte("k")}, {URL: "ftp://app/x", Key: []byte("k")}} {
		_, err := claims.NewHook(o)
		require.Error(t, err)
	}
}
