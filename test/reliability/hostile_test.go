package reliability

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// answerTo sends text and returns what comes back until the server ends the connection, or goes quiet for a while.
func answerTo(t testing.TB, url, text string) string {
	t.Helper()
	conn := dial(t, url)
	_ = conn.SetDeadline(time.Now().Add(limit))
	_, _ = io.WriteString(conn, text) // the server may have hung up meanwhile
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

func TestHostileRequests_AreRefusedWithoutHarm(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	c := newClient(t, server.URL)
	s := mustSession(t)(c.signUp(address()))
	const end = "Connection: close\r\n\r\n"
	sized := func(body string) string { return head + fmt.Sprintf("Content-Length: %d\r\n", len(body)) + end + body }
	refresh := `{"refreshToken":"` + s.RefreshToken + `"}`
	for name, row := range map[string]struct {
		sends, wants string
	}{
		"a header of a megabyte":                {get + "X-Big: " + strings.Repeat("x", 1<<20) + "\r\n" + end, `^HTTP/1\.1 431 `},
		"fifty thousand headers":                {get + strings.Repeat("X-Many: y\r\n", 50_000) + end, `^HTTP/1\.1 431 `},
		"a URL of a megabyte":                   {"GET /healthz?" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: localhost\r\n" + end, `^HTTP/1\.1 431 `},
		"ten thousand parameters":               {"GET /verify?" + strings.Repeat("a&", 10_000) + " HTTP/1.1\r\nHost: localhost\r\n" + end, `^HTTP/1\.1 400 `},
		"thousands of cookies":                  {get + "Cookie: " + strings.Repeat("hexauth=x; ", 2_500) + "\r\n" + end, `^HTTP/1\.1 200 `},
		"no host":                               {"GET /healthz HTTP/1.1\r\n" + end, `^HTTP/1\.1 400 `},
		"two hosts":                             {get + "Host: evil.example\r\n" + end, `^HTTP/1\.1 400 `},
		"two lengths":                           {head + "Content-Length: 1\r\nContent-Length: 2\r\n" + end + "{}", `^HTTP/1\.1 400 `},
		"a length and chunks":                   {head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", `^HTTP/1\.1 4\d\d `},
		"a negative length":                     {head + "Content-Length: -1\r\n" + end, `^HTTP/1\.1 400 `},
		"a length beyond counting":              {head + "Content-Length: 99999999999999999999\r\n" + end, `^HTTP/1\.1 400 `},
		"a length of exabytes":                  {head + "Content-Length: 9223372036854775807\r\n" + end, `^HTTP/1\.1 413 `},
		"chunks that are none":                  {head + "Transfer-Encoding: chunked\r\n" + end + "zz\r\n{}\r\n", `^HTTP/1\.1 400 `},
		"a chunk beyond counting":               {head + "Transfer-Encoding: chunked\r\n" + end + "fffffffffffffffff\r\n", `^HTTP/1\.1 400 `},
		"chunk extensions without end":          {head + "Transfer-Encoding: chunked\r\n" + end + "1;" + strings.Repeat("x", 1<<20) + "\r\n", `^HTTP/1\.1 400 `},
		"an encoding that is not read":          {head + "Transfer-Encoding: gzip, chunked\r\n" + end + "0\r\n\r\n", `^HTTP/1\.1 501 `},
		"a compressed body":                     {head + "Content-Encoding: gzip\r\nContent-Length: 4\r\n" + end + "\x1f\x8b\x08\x00", `^HTTP/1\.1 400 `},
		"brackets without end":                  {sized(strings.Repeat("[", 500_000)), `^HTTP/1\.1 400 `},
		"a hundred thousand levels":             {sized(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), `^HTTP/1\.1 400 `},
		"a number of a hundred thousand digits": {sized(`{"refreshToken":1` + strings.Repeat("0", 100_003) + `}`), `^HTTP/1\.1 400 `},
		"a hundred thousand members":            {sized(members(80_000)), `^HTTP/1\.1 400 `},
		"an expectation that is unknown":        {head + "Expect: a miracle\r\nContent-Length: 2\r\n" + end + "{}", `^HTTP/1\.1 417 `},
		"HTTP/2 without being asked":            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00", 64), `^(HTTP/1\.1 [45]|$)`},
		"an upgrade to HTTP/2":                  {get + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\r\n", `^HTTP/1\.1 200 `},
		"HTTP/0.9":                              {"GET /healthz\r\n\r\n", `^(HTTP/1\.[01] 400 |$)`},
		"TLS":                                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 400) + "\r\n\r\n", `^(HTTP/1\.[01] 400 |$)`},
		"a proxy's request":                     {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n" + end, `^HTTP/1\.1 40[45] `},
		"a request smuggled into a body":        {sized(refresh) + get + end, `^HTTP/1\.1 200 `},
	} {
		got := answerTo(t, server.URL, row.sends)
		require.Regexp(t, row.wants, got, name)
		require.Equal(t, min(1, len(got)), strings.Count(got, "HTTP/1."), "%s: one request, one answer\n%s", name, got)
		require.NotContains(t, got, "panic", name)
	}
	mustSession(t)(c.signUp(address()))
	require.NotContains(t, server.Log(), "panic")
	require.NotContains(t, server.Log(), s.RefreshToken)
}

// members is an object of n members without a name twice.
func members(n int) string {
	var text strings.Builder
	text.WriteString("{\"\":1")
	for i := range n {
		fmt.Fprintf(&text, ",\"%04x\":1", i)
	}
	text.WriteByte('}')
	return text.String()
}

func TestPipelinedRequests_AreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	conn := dial(t, server.URL)
	const many = 500
	go func() {
		for i := range many {
			_, _ = fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r%d\r\n\r\n", i)
		}
	}()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(limit)))
	reader := bufio.NewReader(conn)
	for i := range many {
		res, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.Equal(t, "r"+strconv.Itoa(i), res.Header.Get("X-Request-Id"))
	}
}

// Whoever asks for more and more and never reads an answer has the server wait for one answer, for its time to write.
func TestSlowReaders_AreCutOff(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	conn := dial(t, server.URL)
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	began, sent := time.Now(), 0
	request := "GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for time.Since(began) < 75*time.Second {
		require.NoError(t, conn.SetWriteDeadline(time.Now().Add(time.Second)))
		n, err := io.WriteString(conn, request)
		sent += n
		if err != nil && !os.IsTimeout(err) {
			break // the server is gone
		}
	}
	require.Less(t, time.Since(began), 75*time.Second, "the server cuts off who does not read for 30 s")
	require.Less(t, sent, 64<<20)
	mustSession(t)(newClient(t, server.URL).signUp(address()))
}

func TestThousandsOfIdleConnections_KeepNobodyFromBeingServed(t *testing.T) {
	t.Parallel()
	server := proc.Start(t, nil)
	pid := pidOf(t, server)
	c := newClient(t, server.URL)
	s := mustSession(t)(c.signUp(address()))
	before := memory(t, pid)
	for range 2000 {
		conn := dial(t, server.URL)
		send(t, conn, get+"\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
	}
	during(t, c, s, func() { mustSession(t)(c.signUp(address())) })
	require.Less(t, memory(t, pid)-before, 128<<20, "an idle connection costs little")
}

// memory is what a process has in memory, in bytes.
func memory(t testing.TB, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// Operators' listeners have limits, too.
func TestSlowClients_OfMetricsAreCutOff(t *testing.T) {
	t.Parallel()
	address := "127.0.0.1:" + strconv.Itoa(pgtest.FreePort())
	proc.Start(t, map[string]string{"AUTH_METRICS_ADDR": address})
	url := "http://" + address
	require.Regexp(t, `^HTTP/1\.1 200 `, answerTo(t, url, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
	require.Regexp(t, `^HTTP/1\.1 431 `, answerTo(t, url, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Big: "+strings.Repeat("x", 64<<10)+"\r\n\r\n"))
	conn := dial(t, url)
	send(t, conn, "GET /metrics HTTP/1.1\r\nX-Sl")
	_, after := cutAfter(conn)
	require.Greater(t, after, 3*time.Second)
	require.Less(t, after, 15*time.Second)
}
