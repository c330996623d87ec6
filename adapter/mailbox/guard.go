package mailbox

import (
	"net/http"
	"net/netip"
	"strings"
)

// refusal says why a request is not answered at all, or "".
func refusal(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return "The mailbox answers only this machine"
	}
	// Somebody else may stand behind a proxy on this machine.
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if len(r.Header.Values(name)) > 0 {
			return "The mailbox does not answer through a proxy"
		}
	}
	if !isLocalHost(r.Host) {
		return "The mailbox answers only as localhost"
	}
	return ""
}

// isLocalHost tells whether a Host header names this machine in a way that no foreign DNS server decides: a page at a name of its
// owner's, pointed at 127.0.0.1, would otherwise be of the mailbox's origin. Names below localhost never leave the machine (RFC
// 6761 section 6.3).
func isLocalHost(host string) bool {
	name := strings.ToLower(withoutPort(host))
	switch name {
	case "localhost", "127.0.0.1", "[::1]":
		return true
	}
	return strings.HasSuffix(name, ".localhost")
}

// withoutPort cuts a port of digits from a Host header; anything else stays and matches no name.
func withoutPort(host string) string {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || strings.Trim(host[colon+1:], "0123456789") != "" {
		return host
	}
	return host[:colon]
}

// sameOrigin tells whether a request is from the mailbox's own page, or from no page at all: typed into the address bar, or sent by
// a program. Browsers say it in Sec-Fetch-Site; older ones send at least the Origin.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		origin := r.Header.Get("Origin")
		return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
	}
	return false
}
