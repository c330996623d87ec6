package proc

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hexauth/hexauth/test/pgtest"
)

const (
	// startTimeout is how long a server may take to answer, migrations included.
	startTimeout = 60 * time.Second
	// stopTimeout is a little more than the 30 s the server gives requests under way.
	stopTimeout = 40 * time.Second
)

// Server is a running hexauth. Its methods may be called from any goroutine.
type Server struct {
	// URL is where it listens, without a path: http://127.0.0.1:PORT. AUTH_API_PREFIX is the caller's to add.
	URL string

	t    testing.TB
	cmd  *exec.Cmd
	log  *buffer
	done chan struct{}
}

// Start runs `hexauth serve` with exactly the variables of env, and beside them PATH, AUTH_HOST (127.0.0.1) and AUTH_PORT (a
// free one) where env has none. The working folder is empty and the test's own, so ./data is too. It returns when /healthz
// answers; a server that ends before fails the test with its log. What still runs at the end of the test is killed; the
// log of a failed test is printed.
func Start(t testing.TB, env map[string]string) *Server {
	t.Helper()
	return StartIn(t, t.TempDir(), env)
}

// StartIn is Start in a folder of the caller's choice, so that a server can follow another on the same files.
func StartIn(t testing.TB, dir string, env map[string]string) *Server {
	t.Helper()
	binary := Build(t)
	vars := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "AUTH_HOST": "127.0.0.1", "AUTH_PORT": strconv.Itoa(pgtest.FreePort()),
	}
	for name, value := range env {
		vars[name] = value
	}
	s := &Server{
		URL: "http://" + net.JoinHostPort("127.0.0.1", vars["AUTH_PORT"]), t: t,
		cmd: exec.Command(binary, "serve"), log: &buffer{}, done: make(chan struct{}),
	}
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	for name, value := range vars {
		s.cmd.Env = append(s.cmd.Env, name+"="+value)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start hexauth: %v", err)
	}
	go s.reap()
	t.Cleanup(s.cleanup)
	s.awaitAlive()
	return s
}

// Log is all that the server has written so far.
func (s *Server) Log() string { return s.log.String() }

// Stop asks the server to end (SIGTERM), waits for it and returns its exit code.
func (s *Server) Stop() int {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails only when it is gone
	return s.Wait()
}

// Kill ends the server without warning (SIGKILL) and returns when it is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // fails only when it is gone
	<-s.done
}

// Wait returns the exit code once the server has ended, -1 after a signal. After 40 s it fails the test.
func (s *Server) Wait() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		s.t.Errorf("hexauth did not end within %s", stopTimeout)
		s.Kill()
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *Server) reap() {
	_ = s.cmd.Wait() // the exit code is in ProcessState
	close(s.done)
}

func (s *Server) cleanup() {
	s.Kill()
	if s.t.Failed() {
		s.t.Logf("log of %s:\n%s", s.URL, s.Log())
	}
}

func (s *Server) awaitAlive() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for !alive(ctx, s.URL) {
		select {
		case <-s.done:
			s.t.Fatalf("hexauth ended with exit code %d before it was alive:\n%s", s.cmd.ProcessState.ExitCode(), s.Log())
		case <-ctx.Done():
			s.t.Fatalf("hexauth was not alive after %s:\n%s", startTimeout, s.Log())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// alive asks on a connection of its own, so that nothing is left open for a test that counts goroutines or connections.
func alive(ctx context.Context, url string) bool {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// buffer is a strings.Builder for one writer and any number of readers.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
