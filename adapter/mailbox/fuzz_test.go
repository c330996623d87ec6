package mailbox

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
)

// FuzzGuard reads addresses and the headers by which the mailbox knows its own page. A name that a stranger's DNS server decides is
// never this machine's.
func FuzzGuard(f *testing.F) {
	for _, host := range []string{"localhost:4000", "127.0.0.1", "[::1]:4000", "a.localhost", "localhost.evil.example", "evil.example:localhost", "localhost:x", "LOCALHOST:", "127.0.0.1.evil.example", "[::1]evil"} {
		f.Add("127.0.0.1:1234", host, "same-origin", "")
	}
	f.Add("192.0.2.1:1", "localhost", "", "http://localhost")
	f.Add("[::ffff:127.0.0.1]:1", "localhost", "cross-site", "null")
	f.Fuzz(func(t *testing.T, peer, host, site, origin string) {
		r := &http.Request{Method: http.MethodDelete, RemoteAddr: peer, Host: host, URL: &url.URL{Path: "/dev/mailbox/messages"}, Header: http.Header{}}
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Origin", origin)
		recorder := httptest.NewRecorder()
		New(system.Clock{}).Handler("/dev/mailbox").ServeHTTP(recorder, r)
		require.Contains(t, []int{http.StatusNoContent, http.StatusForbidden}, recorder.Code)
		if recorder.Code == http.StatusForbidden {
			return
		}
		from, err := netip.ParseAddrPort(peer)
		require.NoError(t, err)
		require.True(t, from.Addr().Unmap().IsLoopback())
		name := (&url.URL{Host: host}).Hostname()
		address, err := netip.ParseAddr(name)
		local := strings.EqualFold(name, "localhost") || strings.HasSuffix(strings.ToLower(name), ".localhost")
		require.True(t, local || err == nil && address.IsLoopback(), host)
		require.True(t, site == "same-origin" || site == "none" || site == "" && (origin == "" || strings.HasSuffix(origin, "://"+host)))
	})
}
