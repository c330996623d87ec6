package reliability

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire is a network between a server and its database that can freeze: connections stay open and new ones are accepted, but
// nothing comes through any more, as when a machine hangs or a firewall drops packets.
type wire struct {
	address string
	target  string

	mu     sync.Mutex
	frozen chan struct{} // closed while the wire works
	conns  []net.Conn
}

func newWire(t testing.TB, target string) *wire {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{address: listener.Addr().String(), target: target, frozen: make(chan struct{})}
	close(w.frozen)
	var copies sync.WaitGroup
	copies.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			w.keep(near)
			copies.Go(func() { w.join(near, &copies) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.thaw()
		w.cut()
		copies.Wait()
	})
	return w
}

// freeze lets nothing through from now on.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = make(chan struct{})
}

// thaw ends a freeze; what was under way arrives.
func (w *wire) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.frozen:
	default:
		close(w.frozen)
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

func (w *wire) keep(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
}

func (w *wire) wait() {
	w.mu.Lock()
	frozen := w.frozen
	w.mu.Unlock()
	<-frozen
}

func (w *wire) join(near net.Conn, copies *sync.WaitGroup) {
	w.wait()
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		_ = near.Close()
		return
	}
	w.keep(far)
	copies.Go(func() { w.copy(near, far) })
	w.copy(far, near)
}

func (w *wire) copy(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.wait()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				_ = from.Close()
			}
			return
		}
	}
}
