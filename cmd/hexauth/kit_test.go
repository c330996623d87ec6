package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	keyOne = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	keyTwo = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f"

	// patience is how long a test waits for what takes a moment: a start on a busy machine, a look into the database.
	patience = time.Minute
)

// output is what a command has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// execute runs one command to its end.
func execute(t testing.TB, environ []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out := &output{}
	err := run(ctx, args, environ, out)
	return out.String(), err
}

// mustExecute is execute for a command that must succeed.
func mustExecute(t testing.TB, environ []string, args ...string) string {
	t.Helper()
	out, err := execute(t, environ, args...)
	require.NoError(t, err, out)
	return out
}

// inFolder is the environment of development mode below a folder, on a free port.
func inFolder(dir string, more ...string) []string {
	return append([]string{"AUTH_PORT=0", "AUTH_DATA_DIR=" + filepath.Join(dir, "data")}, more...)
}

// production is the environment of production on a database, on a free port.
func production(database string, more ...string) []string {
	return append([]string{
		"AUTH_HOST=127.0.0.1", "AUTH_PORT=0", "AUTH_DATABASE_URL=" + database, "AUTH_ENCRYPTION_KEY=" + keyOne, "AUTH_SERVER_URL=https://auth.example.com",
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED=false",
	}, more...)
}

// server is `hexauth serve`, running in this process.
type server struct {
	t    testing.TB
	url  string
	out  *output
	stop context.CancelFunc
	done chan error
	once sync.Once
}

// serve starts a server and returns when it listens.
func serve(t testing.TB, environ []string) *server {
	t.Helper()
	s := begin(t, environ)
	s.await()
	return s
}

// begin starts a server and returns at once.
func begin(t testing.TB, environ []string) *server {
	ctx, stop := context.WithCancel(context.Background())
	s := &server{t: t, out: &output{}, stop: stop, done: make(chan error, 1)}
	go func() { s.done <- run(ctx, []string{"serve"}, environ, s.out) }()
	t.Cleanup(func() { _ = s.end() })
	return s
}

// await returns when the server listens.
func (s *server) await() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for line := range strings.Lines(s.out.String()) {
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "listening" {
				s.url = "http://" + entry.Address
				return true
			}
		}
		return len(s.done) > 0
	}, patience, 5*time.Millisecond)
	require.NotEmpty(s.t, s.url, s.out.String())
}

// end stops the server and returns what run returned.
func (s *server) end() (err error) {
	s.once.Do(func() {
		s.stop()
		err = <-s.done
	})
	return err
}

// call sends a request and decodes the answer, which must be a 200.
func (s *server) call(method, path, bearer, body string, answer any) {
	s.t.Helper()
	status, text := s.send(method, path, bearer, body)
	require.Equal(s.t, http.StatusOK, status, text)
	require.NoError(s.t, json.Unmarshal([]byte(text), answer), text)
}

// send sends a request on a connection of its own.
func (s *server) send(method, path, bearer, body string) (status int, text string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(data)
}

// session is what tests look at of a session.
type session struct {
	AccessToken  string
	RefreshToken string
	User         struct{ ID string }
}

// payload is an answer with a session.
type payload struct{ Session session }

func (s *server) signUp(email string) session {
	s.t.Helper()
	var payload payload
	s.call(http.MethodPost, "/signup/email-password", "", fmt.Sprintf(`{"email":%q,"password":"violet-otter-41"}`, email), &payload)
	require.NotEmpty(s.t, payload.Session.AccessToken)
	return payload.Session
}

func (s *server) refresh(token string) session {
	s.t.Helper()
	var next session
	s.call(http.MethodPost, "/token", "", fmt.Sprintf(`{"refreshToken":%q}`, token), &next)
	return next
}

// user returns the id that an access token is good for.
func (s *server) user(token string) string {
	s.t.Helper()
	var user struct{ ID string }
	s.call(http.MethodGet, "/user", token, "", &user)
	return user.ID
}

// published returns the kids of the JWKS.
func (s *server) published() []string {
	s.t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	s.call(http.MethodGet, "/.well-known/jwks.json", "", "", &set)
	kids := make([]string, len(set.Keys))
	for i, key := range set.Keys {
		kids[i] = key.Kid
	}
	return kids
}

// kidOf returns the kid in a token's header.
func kidOf(t testing.TB, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(head)
	require.NoError(t, err)
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(data, &header))
	require.NotEmpty(t, header.Kid)
	return header.Kid
}
