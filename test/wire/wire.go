package wire

import (
	"io"
	"net"
	"sync"
)

// Wire is a network that can freeze: connections stay open and new ones are accepted, but nothing comes through any more, as when a
// machine hangs or a firewall drops packets. Its methods may be called from any goroutine.
type Wire struct {
	Address string // where the near side connects, host:port
	target  string

	listener net.Listener
	copies   sync.WaitGroup

	mu     sync.Mutex
	frozen chan struct{} // closed while the wire works
	conns  []net.Conn
}

// New returns a wire to target, host:port. The caller closes it.
func New(target string) (*Wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &Wire{Address: listener.Addr().String(), target: target, listener: listener, frozen: make(chan struct{})}
	close(w.frozen)
	w.copies.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			w.keep(near)
			w.copies.Go(func() { w.join(near) })
		}
	})
	return w, nil
}

// Close cuts all connections and takes no new ones.
func (w *Wire) Close() {
	_ = w.listener.Close()
	w.Thaw()
	w.cut()
	w.copies.Wait()
}

// Freeze lets nothing through from now on.
func (w *Wire) Freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = make(chan struct{})
}

// Thaw ends a freeze; what was under way arrives.
func (w *Wire) Thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.frozen:
	default:
		close(w.frozen)
	}
}

func (w *Wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

func (w *Wire) keep(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
}

func (w *Wire) wait() {
	w.mu.Lock()
	frozen := w.frozen
	w.mu.Unlock()
	<-frozen
}

func (w *Wire) join(near net.Conn) {
	w.wait()
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		_ = near.Close()
		return
	}
	w.keep(far)
	w.copies.Go(func() { w.copy(near, far) })
	w.copy(far, near)
}

func (w *Wire) copy(to, from net.Conn) {
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
