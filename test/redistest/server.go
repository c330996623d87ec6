package redistest

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
)

// startTimeout is how long a server may take to answer.
const startTimeout = 20 * time.Second

// Server is a Redis server that can be stopped and started again, on the same port and without its data.
type Server struct {
	Address string // host:port on this machine
	t       testing.TB
	start   func() (stop func())
	stop    func()
}

// URL is how clients name the server.
func (s *Server) URL() string { return "redis://" + s.Address + "/0" }

// Stop ends the server at once. Stopping twice does nothing.
func (s *Server) Stop() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Start starts the server again and returns when it takes connections.
func (s *Server) Start() {
	s.t.Helper()
	s.stop = s.start()
	require.Eventually(s.t, func() bool {
		connection, err := net.DialTimeout("tcp", s.Address, time.Second)
		return err == nil && connection.Close() == nil
	}, startTimeout, 5*time.Millisecond)
}

// Each runs a test on every kind of server there is on this machine.
func Each(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, begin(t, miniature(t))) })
	for _, path := range Programs() {
		t.Run(filepath.Base(path), func(t *testing.T) { test(t, begin(t, process(t, path))) })
	}
}

// Start returns a running server in this process.
func Start(t testing.TB) *Server {
	t.Helper()
	return begin(t, miniature(t))
}

func begin(t testing.TB, s *Server) *Server {
	t.Helper()
	s.t = t
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

func miniature(t testing.TB) *Server {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(pgtest.FreePort()))
	return &Server{Address: address, start: func() func() {
		m := miniredis.NewMiniRedis()
		require.NoError(t, m.StartAddr(address))
		return m.Close
	}}
}

func process(t testing.TB, path string) *Server {
	p := NewProcess(path, t.TempDir())
	return &Server{Address: p.Address, start: func() func() {
		require.NoError(t, p.Start())
		return p.Stop
	}}
}
