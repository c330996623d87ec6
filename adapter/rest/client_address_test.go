package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
)

// behindProxies makes an API that believes 10.0.0.0/8.
func behindProxies(t *testing.T, header rest.ProxyHeader) *client {
	t.Helper()
	trusted, err := domain.NewProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	return newClientWith(t, setup{options: func(o *rest.Options) { o.Proxies, o.ProxyHeader = trusted, header }})
}

// addressOf returns the client's address that the log has of a request.
func (c *client) addressOf(peer string, header http.Header) string {
	c.t.Helper()
	r := request{method: http.MethodGet, path: "/version", header: header}.http()
	r.RemoteAddr = peer
	require.Equal(c.t, http.StatusOK, c.serve(r).status)
	lines := c.log.lines(c.t, "request")
	last := lines[len(lines)-1]
	require.Equal(c.t, peer, last["remote_addr"])
	return last["client_addr"].(string)
}

func TestClientAddress_IsReadFromTheHeadersOfProxies(t *testing.T) {
	t.Parallel()
	const proxy = "10.0.0.1:1234"
	forwardedFor := func(lines ...string) http.Header { return http.Header{"X-Forwarded-For": lines} }
	forwarded := func(lines ...string) http.Header { return http.Header{"Forwarded": lines} }
	both := http.Header{"X-Forwarded-For": {"198.51.100.1"}, "Forwarded": {"for=203.0.113.1"}}
	for _, row := range []struct {
		name, peer string
		which      rest.ProxyHeader
		header     http.Header
		want       string
	}{
		{"a stranger", "192.0.2.1:1234", "", both, "192.0.2.1"},
		{"a stranger with IPv6", "[2001:db8::1%eth0]:1234", "", both, "2001:db8::1"},
		{"no peer", "@", "", both, ""},
		{"a proxy", proxy, "", forwardedFor("198.51.100.1"), "198.51.100.1"},
		{"several lines are one list", proxy, "", forwardedFor("1.1.1.1", "198.51.100.1, 10.0.0.3", "10.0.0.2"), "198.51.100.1"},
		{"empty members don't count", proxy, "", forwardedFor(",, 198.51.100.1 ,, 10.0.0.3,", "", " , "), "198.51.100.1"},
		{"an empty header", proxy, "", forwardedFor(""), "10.0.0.1"},
		{"a long invented list", proxy, "", forwardedFor(strings.Repeat("1.1.1.1,", 2000) + "198.51.100.1"), "198.51.100.1"},
		{"Forwarded", proxy, "", forwarded(`proto=https; For="[2001:db8::7]:4711";by=_x`), "2001:db8::7"},
		{"Forwarded in several lines", proxy, "", forwarded("for=1.1.1.1", "for=198.51.100.1;host=a, for=10.0.0.2"), "198.51.100.1"},
		{"Forwarded with an open quote in front", proxy, "", forwarded(`for="1.1.1.1, for=198.51.100.1`), "198.51.100.1"},
		{"Forwarded without for", proxy, "", forwarded("for=198.51.100.1, by=10.0.0.2"), "10.0.0.1"},
		{"Forwarded with two for", proxy, "", forwarded("for=198.51.100.1;for=198.51.100.2"), "10.0.0.1"},
		{"Forwarded that hides the client", proxy, "", forwarded("for=_hidden, for=unknown"), "10.0.0.1"},
		{"X-Forwarded-For comes first", proxy, "", both, "198.51.100.1"},
		{"only Forwarded is believed", proxy, rest.ProxyHeaderForwarded, both, "203.0.113.1"},
		{"only Forwarded is believed, and there is none", proxy, rest.ProxyHeaderForwarded, forwardedFor("198.51.100.1"), "10.0.0.1"},
		{"only X-Forwarded-For is believed", proxy, rest.ProxyHeaderForwardedFor, forwarded("for=203.0.113.1"), "10.0.0.1"},
		{"other headers are not looked at", proxy, "", http.Header{"X-Real-Ip": {"203.0.113.1"}, "Client-Ip": {"203.0.113.1"}}, "10.0.0.1"},
	} {
		require.Equal(t, row.want, behindProxies(t, row.which).addressOf(row.peer, row.header), row.name)
	}
}

func TestClientAddress_IsShownWithTheSession(t *testing.T) {
	t.Parallel()
	c := behindProxies(t, rest.ProxyHeaderAny)
	r := request{method: http.MethodPost, path: "/signin/anonymous", header: http.Header{"X-Forwarded-For": {"1.1.1.1, ::ffff:198.51.100.1"}}}.http()
	r.RemoteAddr = "10.0.0.1:1234"
	session := sessionIn(c.serve(r))
	got := c.do(request{method: http.MethodGet, path: "/user/sessions", bearer: session.AccessToken})
	require.Contains(t, got.body, `"address":"198.51.100.1"`)
}

func TestUserAgent_IsShownWithTheSessionAsFarAsItTellsBrowsersApart(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	const browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	session := sessionIn(c.do(request{method: http.MethodPost, path: "/signin/anonymous", header: http.Header{"User-Agent": {browser + "\u202e"}}}))
	c.do(request{method: http.MethodPost, path: "/signin/anonymous", header: http.Header{"User-Agent": {strings.Repeat("é", 200)}}})
	got := c.do(request{method: http.MethodGet, path: "/user/sessions", bearer: session.AccessToken})
	require.Contains(t, got.body, `"userAgent":"`+browser+`"`)
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.hexauth_events WHERE user_agent = '"+strings.Repeat("é", 128)+"'"))
}
