package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// post sends a request through the proxy.
func post(t *testing.T, p *proxy) (status int, body, mark string) {
	t.Helper()
	response, err := http.Post("http://"+p.address+"/token", "text/plain", strings.NewReader("hello"))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text), response.Header.Get(proxyHeader)
}

func startProxy(t *testing.T, addresses ...string) *proxy {
	t.Helper()
	p, err := newProxy(addresses)
	require.NoError(t, err)
	t.Cleanup(p.close)
	return p
}

// echo is an instance that answers with its name and what it was sent.
func echo(t *testing.T, name string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name)
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestProxy_TakesInstancesInTurnsAndLeavesOutThoseThatAreDown(t *testing.T) {
	p := startProxy(t, echo(t, "a "), echo(t, "b "), echo(t, "c "))
	p.backends[0].up.Store(true)
	p.backends[2].up.Store(true)
	counts := map[string]int{}
	for range 30 {
		_, body, _ := post(t, p)
		counts[body]++
	}
	require.Zero(t, counts["b hello"])
	require.Greater(t, counts["a hello"], 5)
	require.Equal(t, 30, counts["a hello"]+counts["c hello"])
}

func TestProxy_AsksAllWhenNoneIsUp(t *testing.T) {
	p := startProxy(t, echo(t, "a "))
	_, body, _ := post(t, p)
	require.Equal(t, "a hello", body)
}

func TestProxy_GoesToTheNextWhereAConnectionIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	p := startProxy(t, listener.Addr().String(), echo(t, "b "))
	p.backends[0].up.Store(true)
	p.backends[1].up.Store(true)
	for range 4 {
		_, body, _ := post(t, p)
		require.Equal(t, "b hello", body)
	}
	require.False(t, p.backends[0].up.Load())
}

func TestProxy_NeverRepeatsWhatAnInstanceMayHaveBegun(t *testing.T) {
	var begun atomic.Int64
	dying := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		begun.Add(1)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(dying.Close)
	p := startProxy(t, dying.Listener.Addr().String(), dying.Listener.Addr().String())
	status, _, mark := post(t, p)
	require.Equal(t, http.StatusBadGateway, status)
	require.NotEmpty(t, mark)
	require.EqualValues(t, 1, begun.Load())
}
