package hostile

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Misdeed is something that a server does instead of answering.
type Misdeed struct {
	Name    string
	Answers http.HandlerFunc
	// Sent is how many bytes of bodies it has got rid of, for those that send without end.
	Sent *atomic.Int64
}

// hour is longer than anybody waits.
const hour = time.Hour

// wait ends with the request, or with the test server.
func wait(r *http.Request, d time.Duration) {
	select {
	case <-r.Context().Done():
	case <-time.After(d):
	}
}

// Slow are servers that take their time.
func Slow() []Misdeed {
	return []Misdeed{
		{Name: "says nothing", Answers: func(_ http.ResponseWriter, r *http.Request) { wait(r, hour) }},
		{Name: "stops after the header", Answers: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = http.NewResponseController(w).Flush()
			wait(r, hour)
		}},
		{Name: "sends a byte now and then", Answers: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				wait(r, 10*time.Millisecond)
			}
		}},
		{Name: "sends a header byte by byte", Answers: raw("HTTP/1.1 400 Bad Request\r\nX-Slow: ", "y", 10*time.Millisecond)},
		{Name: "never stops to promise an answer", Answers: raw("", "HTTP/1.1 103 Early Hints\r\n\r\n", 10*time.Millisecond)},
	}
}

// Huge are servers that send more than anybody wants.
func Huge() []Misdeed {
	endless := func(name, contentType string, status int) Misdeed {
		sent := &atomic.Int64{}
		return Misdeed{name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			pour(w, []byte(strings.Repeat("[", 32<<10)), sent)
		}, sent}
	}
	unpacked := &atomic.Int64{}
	return []Misdeed{
		endless("a body without end", "application/json", http.StatusOK),
		endless("a refusal without end", "text/html", http.StatusBadRequest),
		endless("a failure without end", "application/x-www-form-urlencoded", http.StatusInternalServerError),
		{"a small answer that unpacks to gigabytes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusBadRequest)
			pour(w, bomb(), unpacked)
		}, unpacked},
		{Name: "a header without end", Answers: raw("HTTP/1.1 400 Bad Request\r\n", "X-More: "+strings.Repeat("y", 32<<10)+"\r\n", 0)},
		{Name: "a header line without end", Answers: raw("HTTP/1.1 400 Bad Request\r\nX-More: ", strings.Repeat("y", 32<<10), 0)},
		{Name: "a promise that is not kept", Answers: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "{")
		}},
	}
}

// pour writes until nobody reads any more.
func pour(w io.Writer, piece []byte, sent *atomic.Int64) {
	for {
		n, err := w.Write(piece)
		sent.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// bomb is a member of a gzip stream (RFC 1952 §2.2) that unpacks to a megabyte of blanks. A stream may have any number of members.
func bomb() []byte {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = writer.Close()
	return packed.Bytes()
}

// raw writes to the bare connection: first once, and again without end.
func raw(first, again string, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, first)
		for err == nil {
			time.Sleep(every)
			_, err = io.WriteString(conn, again)
		}
	}
}

// Serve starts a server that answers everything with a misdeed. It ends with the test, whoever is still connected.
func Serve(t testing.TB, m Misdeed) *httptest.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewUnstartedServer(m.Answers)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	t.Cleanup(func() {
		cancel()
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// String implements fmt.Stringer.
func (m Misdeed) String() string { return fmt.Sprintf("a server: %s", m.Name) }
