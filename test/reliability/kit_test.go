package reliability

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	password = "correct horse battery"
	// limit is for what happens at once unless something is broken; machines that run tests can be very busy.
	limit = 30 * time.Second
)

// environment is what a server needs in production on that database; more are pairs of names and values on top of it.
func environment(database string, more ...string) map[string]string {
	env := map[string]string{
		"AUTH_DATABASE_URL":                         database,
		"AUTH_ENCRYPTION_KEY":                       "6f1d5a0c9e83b2477d10f4c8a95be36214c07fd9386be1520a9d4e7cb3f82165",
		"AUTH_SERVER_URL":                           "http://127.0.0.1:4000", // the issuer, the same for all instances
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "false",
		"AUTH_ANONYMOUS_USERS_ENABLED":              "true",
	}
	for pair := range slices.Chunk(more, 2) {
		env[pair[0]] = pair[1]
	}
	return env
}

// client calls one server.
type client struct {
	url  string
	http *http.Client
}

func newClient(t testing.TB, url string) client {
	transport := &http.Transport{MaxIdleConnsPerHost: 512}
	t.Cleanup(transport.CloseIdleConnections)
	return client{url: url, http: &http.Client{Transport: transport, Timeout: 40 * time.Second}}
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// call sends body, JSON when it is not nil, and reads the answer. It may be used in any goroutine.
func (c client) call(ctx context.Context, method, path, bearer string, body any) (answer, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	started := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, header: res.Header, body: text, took: time.Since(started)}, err
}

func (c client) get(path, bearer string) (answer, error) {
	return c.call(context.Background(), http.MethodGet, path, bearer, nil)
}

func (c client) post(path string, body any) (answer, error) {
	return c.call(context.Background(), http.MethodPost, path, "", body)
}

type object map[string]any

func (c client) anonymous() (answer, error) { return c.post("/signin/anonymous", object{}) }

func (c client) refresh(token string) (answer, error) {
	return c.post("/token", object{"refreshToken": token})
}

func (c client) signUp(email string) (answer, error) {
	return c.post("/signup/email-password", object{"email": email, "password": password})
}

func (c client) signIn(email string) (answer, error) {
	return c.post("/signin/email-password", object{"email": email, "password": password})
}

func address() string { return uuid.NewString() + "@example.com" }

// session is what a client keeps.
type session struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ID           string `json:"refreshTokenId"`
}

// session reads the session of a 200, be it the body or its member "session".
func (a answer) session() (session, error) {
	var body struct {
		session
		Session *session `json:"session"`
	}
	if a.status != http.StatusOK {
		return session{}, fmt.Errorf("no session but %s", a)
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return session{}, err
	}
	if body.Session != nil {
		body.session = *body.Session
	}
	if body.RefreshToken == "" || body.AccessToken == "" || body.ID == "" {
		return session{}, errors.New("a session without tokens or id")
	}
	return body.session, nil
}

// check is nil when the answer is an error of the product with that status: JSON with all its members, and when to come back
// if it is a 503.
func (a answer) check(status int) error {
	var body struct {
		Status    int    `json:"status"`
		Error     string `json:"error"`
		Message   string `json:"message"`
		RequestID string `json:"requestId"`
	}
	switch err := json.Unmarshal(a.body, &body); {
	case a.status != status:
		return fmt.Errorf("want status %d, got %s", status, a)
	case err != nil:
		return fmt.Errorf("the body of %s: %w", a, err)
	case body.Status != status || body.Error == "" || body.Message == "" || body.RequestID == "":
		return fmt.Errorf("members are missing or wrong: %s", a)
	case body.RequestID != a.header.Get("X-Request-Id"):
		return fmt.Errorf("requestId is not that of the header: %s", a)
	case status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "":
		return fmt.Errorf("no Retry-After: %s", a)
	}
	return nil
}

func mustSession(t testing.TB) func(answer, error) session {
	return func(a answer, err error) session {
		t.Helper()
		require.NoError(t, err)
		s, err := a.session()
		require.NoError(t, err)
		return s
	}
}

func mustStatus(t testing.TB, status int) func(answer, error) answer {
	return func(a answer, err error) answer {
		t.Helper()
		require.NoError(t, err)
		if status >= 400 {
			require.NoError(t, a.check(status))
		}
		require.Equal(t, status, a.status, "%s", a)
		return a
	}
}

// complaints collects what goroutines find wrong, for the test's own goroutine to report.
type complaints struct {
	mu    sync.Mutex
	texts []string
}

func (c *complaints) add(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts = append(c.texts, fmt.Sprintf(format, values...))
}

func (c *complaints) requireNone(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(t, c.texts[:min(10, len(c.texts))], "the first of %d complaints", len(c.texts))
}

// parallel runs do n times at once and waits for all.
func parallel(n int, do func(i int)) {
	var workers sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		workers.Go(func() {
			<-begin
			do(i)
		})
	}
	close(begin)
	workers.Wait()
}

// eventually waits until holds, and fails the test when it does not within the limit.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(t, "not within "+limit.String()+": "+what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
