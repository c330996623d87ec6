package redis_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// relay passes connections on to a server, counts what is sent to it, and can swallow the answers.
type relay struct {
	address  string
	requests atomic.Int64 // pieces that clients have sent, each one a round trip as long as nobody pipelines
	silent   atomic.Bool
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	r := &relay{address: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go r.pass(client, server)
		}
	}()
	return r
}

func (r *relay) pass(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		defer client.Close()
		r.copy(client, upstream, func() bool { return !r.silent.Load() })
	}()
	r.copy(upstream, client, func() bool { r.requests.Add(1); return true })
}

func (r *relay) copy(to io.Writer, from io.Reader, pass func() bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if pass() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}
