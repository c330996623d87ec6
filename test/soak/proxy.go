package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"
)

const (
	healthInterval = time.Second
	// proxyHeader marks answers that the proxy gives itself.
	proxyHeader = "X-Soak-Proxy"
)

// backend is an instance as the proxy sees it.
type backend struct {
	address string
	up      atomic.Bool
}

// proxy is an ordinary load balancer: it sends requests to the instances in turns, asks each for its readiness every second and
// leaves out those that do not answer 200. When none does it asks them all, as cloud balancers do. A connection that is refused, and one
// that breaks before anything was sent, leads to the next instance; what may have been begun is never repeated but answered with 502.
type proxy struct {
	backends []*backend
	next     atomic.Uint64
	through  *http.Transport
	server   *http.Server
	address  string
}

// errDial says that an instance could not be reached at all.
var errDial = errors.New("no connection")

func newProxy(addresses []string) (*proxy, error) {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	p := &proxy{through: &http.Transport{
		MaxIdleConnsPerHost: 128, IdleConnTimeout: 60 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, errors.Join(errDial, err)
			}
			return conn, nil
		},
	}}
	for _, address := range addresses {
		p.backends = append(p.backends, &backend{address: address})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.address = listener.Addr().String()
	p.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", p.address
			r.SetXForwarded()
		},
		Transport: p,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set(proxyHeader, err.Error())
			w.WriteHeader(http.StatusBadGateway)
		},
	}}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// watch asks for readiness until ctx ends.
func (p *proxy) watch(ctx context.Context) {
	for _, b := range p.backends {
		go func() {
			for ctx.Err() == nil {
				p.look(ctx, b)
				select {
				case <-ctx.Done():
				case <-time.After(healthInterval):
				}
			}
		}()
	}
}

func (p *proxy) look(ctx context.Context, b *backend) {
	ctx, cancel := context.WithTimeout(ctx, healthInterval)
	defer cancel()
	status, _, err := fetch(ctx, "http://"+b.address+"/v1/readyz")
	b.up.Store(err == nil && status == http.StatusOK)
}

// choose returns the instances in the order in which they are to be tried.
func (p *proxy) choose() []*backend {
	first := int(p.next.Add(1) % uint64(len(p.backends)))
	var up, down []*backend
	for n := range p.backends {
		b := p.backends[(first+n)%len(p.backends)]
		if b.up.Load() {
			up = append(up, b)
		} else {
			down = append(down, b)
		}
	}
	return append(up, down...)
}

// RoundTrip implements http.RoundTripper.
func (p *proxy) RoundTrip(r *http.Request) (response *http.Response, err error) {
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for _, b := range p.choose() {
		out := r.Clone(r.Context())
		out.URL.Host = b.address
		if out.Body = http.NoBody; len(body) > 0 {
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
			out.Body, _ = out.GetBody()
		}
		response, err = p.through.RoundTrip(out)
		if err == nil {
			return response, nil
		}
		if !errors.Is(err, errDial) {
			return nil, err
		}
		b.up.Store(false) // until the next look
	}
	return nil, err
}

func (p *proxy) close() { _ = p.server.Close() }

// rest closes the connections that nobody uses.
func (p *proxy) rest() { p.through.CloseIdleConnections() }
