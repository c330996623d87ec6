package cost

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// Proxy stands between a server and PostgreSQL, passes everything on and notes what the server asks for. Its methods may be
// called from any goroutine.
type Proxy struct {
	url      string
	target   string
	listener net.Listener
	passing  sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	record Record
	last   time.Time // when something was last asked for
}

// NewProxy starts a proxy to the PostgreSQL that a URL names (host and port, no socket, no TLS).
func NewProxy(databaseURL string) (*Proxy, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("cost: the database URL has no host")
	}
	target := u.Host
	if u.Port() == "" {
		target = net.JoinHostPort(u.Hostname(), "5432")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cost: %w", err)
	}
	query := u.Query()
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	p := &Proxy{url: u.String(), target: target, listener: listener, open: map[net.Conn]bool{}}
	p.passing.Go(p.accept)
	return p, nil
}

// URL is that of the database, by way of the proxy.
func (p *Proxy) URL() string { return p.url }

// Take returns what was asked for since the last Take. When a server has answered an HTTP request, everything that it had to
// ask for that is in.
func (p *Proxy) Take() Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	record := p.record
	p.record = Record{}
	return record
}

// Settle returns when nothing was asked for quiet long: what a server does at its start is over.
func (p *Proxy) Settle(quiet time.Duration) {
	for {
		p.mu.Lock()
		wait := quiet - time.Since(p.last)
		p.mu.Unlock()
		if wait <= 0 {
			return
		}
		time.Sleep(wait)
	}
}

// Close cuts all connections and returns when nothing of the proxy runs any more.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.open {
		_ = conn.Close() // it may have ended by itself
	}
	p.mu.Unlock()
	p.passing.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.passing.Go(func() { p.serve(client) })
	}
}

// serve passes one connection on until either side ends it.
func (p *Proxy) serve(client net.Conn) {
	if !p.hold(client) {
		return
	}
	defer p.release(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.hold(server) {
		return
	}
	defer p.release(server)
	code, first, err := readFirst(client)
	if err != nil {
		return
	}
	if _, err := server.Write(first); err != nil {
		return
	}
	talk := newConversation()
	if code != cancelRequest {
		p.note(func(r *Record) { r.Connections++ })
	}
	p.passing.Go(func() {
		p.answer(client, server, talk)
		_, _ = client.Close(), server.Close() // so that the other direction ends too
	})
	p.ask(server, client, talk)
}

// ask passes on and notes what the client sends. A message is noted before the server can answer it.
func (p *Proxy) ask(server io.Writer, client io.Reader, talk *conversation) {
	in, out := bufio.NewReader(client), bufio.NewWriter(server)
	for {
		kind, err := in.ReadByte()
		if err != nil {
			return
		}
		body, err := readBody(in)
		if err != nil {
			return
		}
		asked := talk.read(kind, body)
		p.note(func(r *Record) { r.add(asked) })
		head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
		if _, err := out.Write(append(head, body...)); err != nil {
			return
		}
		if in.Buffered() > 0 {
			continue
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}

// answer passes on what the server sends.
func (p *Proxy) answer(client io.Writer, server io.Reader, talk *conversation) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 {
			talk.answered.Store(true)
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) note(add func(*Record)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add(&p.record)
	p.last = time.Now()
}

// hold keeps a connection for Close to cut; false, and the connection is closed, when that has happened already.
func (p *Proxy) hold(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.open[conn] = true
	return true
}

func (p *Proxy) release(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}
