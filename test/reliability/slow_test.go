package reliability

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// dial opens a connection of the test's own; net/http's client would be too well-behaved.
func dial(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
}

// dribble sends one byte a second until the connection is gone.
func dribble(conn net.Conn, b string) {
	for {
		if _, err := io.WriteString(conn, b); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// cutAfter reads what the server sends until it ends the connection, and tells how long that took.
func cutAfter(conn net.Conn) (sent string, after time.Duration) {
	started := time.Now()
	_ = conn.SetReadDeadline(started.Add(2 * time.Minute))
	text, _ := io.ReadAll(conn)
	return string(text), time.Since(started)
}

const head = "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

func TestSlowClients_AreCutOff(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	kinds := []struct {
		what    string
		begin   string
		dribble string
		limit   time.Duration // of the server
	}{
		{"silence", "", "", 5 * time.Second},
		{"half a header", head + "X-Sl", "", 5 * time.Second},
		{"header byte by byte", head + "X-Slow: ", "y", 5 * time.Second},
		{"half a body", head + "Content-Length: 64\r\n\r\n{\"refresh", "", 15 * time.Second},
		{"body byte by byte", head + "Content-Length: 64\r\n\r\n", " ", 15 * time.Second},
		{"chunked body byte by byte", head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 15 * time.Second},
	}
	conns := make([]net.Conn, len(kinds))
	for i := range conns {
		conns[i] = dial(t, server.URL)
	}
	answers, times := make([]string, len(kinds)), make([]time.Duration, len(kinds))
	parallel(len(kinds), func(i int) {
		conn := conns[i]
		_, _ = io.WriteString(conn, kinds[i].begin)
		var dribbling sync.WaitGroup
		if kinds[i].dribble != "" {
			dribbling.Go(func() { dribble(conn, kinds[i].dribble) })
		}
		answers[i], times[i] = cutAfter(conn)
		_ = conn.Close()
		dribbling.Wait()
	})
	for i, slow := range kinds {
		require.Greater(t, times[i], slow.limit-2*time.Second, slow.what)
		require.Less(t, times[i], slow.limit+10*time.Second, slow.what)
		if answers[i] != "" {
			require.Regexp(t, `^HTTP/1\.1 40[08] `, answers[i], slow.what)
		}
	}
}

func TestSlowClients_KeepNobodyFromBeingServed(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	c := newClient(t, server.URL)
	s := mustSession(t)(c.signUp(address()))
	for range 300 {
		send(t, dial(t, server.URL), head+"Content-Length: 64\r\n\r\n{")
		send(t, dial(t, server.URL), head+"X-Slow: ")
	}
	during(t, c, s, func() { mustSession(t)(c.signUp(address())) })
}

// Proxies keep connections for a minute at most, so the server, which waits a little longer, never closes one under a request.
//
// The connection is idle while other tests run, so that nobody has to wait for it.
func TestIdleConnection_IsClosedAfterMoreThanAMinute(t *testing.T) {
	conn := dial(t, proc.Start(t, nil).URL)
	send(t, conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	started := time.Now()
	require.NoError(t, conn.SetReadDeadline(started.Add(90*time.Second)))
	closed := make(chan error, 1)
	var idle time.Duration
	go func() {
		_, err := reader.ReadByte()
		idle = time.Since(started)
		closed <- err
	}()
	t.Parallel()
	require.ErrorIs(t, <-closed, io.EOF, "the server closed it")
	require.Greater(t, idle, time.Minute)
}

// readRefusal reads a 413 that closes the connection.
func readRefusal(t *testing.T, conn net.Conn) {
	t.Helper()
	started := time.Now()
	require.NoError(t, conn.SetReadDeadline(started.Add(limit)))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.True(t, res.Close, "what is left of the body is not read")
	require.NoError(t, answer{status: res.StatusCode, header: res.Header, body: text}.check(http.StatusRequestEntityTooLarge))
	require.Less(t, time.Since(started), 10*time.Second, "at once, not when the time to read is up")
}

func TestLargeBody_IsRefusedWithoutBeingSent(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, map[string]string{"AUTH_MAX_BODY_BYTES": "4096"})
	for _, more := range []string{"", "Expect: 100-continue\r\n"} {
		conn := dial(t, server.URL)
		send(t, conn, head+more+"Content-Length: 4097\r\n\r\n")
		readRefusal(t, conn)
	}
	c := newClient(t, proc.Start(t, map[string]string{"AUTH_ANONYMOUS_USERS_ENABLED": "true"}).URL)
	for size, want := range map[int]int{1 << 20: http.StatusOK, 1<<20 + 1: http.StatusRequestEntityTooLarge} { // the default
		filler := strings.Repeat("x", size-len(`{"metadata":{"m":""}}`))
		mustStatus(t, want)(c.post("/signin/anonymous", object{"metadata": object{"m": filler}}))
	}
}

func TestEndlessBody_IsRefusedAtTheLimit(t *testing.T) {
	t.Parallel()
	conn := dial(t, proc.Start(t, nil).URL)
	send(t, conn, head+"Transfer-Encoding: chunked\r\n\r\n")
	var sending sync.WaitGroup
	sent := 0
	sending.Go(func() {
		chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat(" ", 32<<10))
		for sent < 1<<30 {
			n, err := io.WriteString(conn, chunk)
			sent += n
			if err != nil {
				return
			}
		}
	})
	readRefusal(t, conn)
	_, err := conn.Read(make([]byte, 1))
	require.True(t, err != nil && !errors.Is(err, net.ErrClosed), "the server ends the connection: %v", err)
	require.NoError(t, conn.Close())
	sending.Wait()
	require.Less(t, sent, 32<<20, "more than the buffers of both sides hold was read")
}
