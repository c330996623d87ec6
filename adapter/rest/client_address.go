package rest

import (
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// ProxyHeader is the header in which proxies say for whom they ask.
type ProxyHeader string

// The headers. ProxyHeaderAny reads X-Forwarded-For where there is one, and Forwarded otherwise.
const (
	ProxyHeaderAny          ProxyHeader = "any"
	ProxyHeaderForwardedFor ProxyHeader = "x-forwarded-for"
	ProxyHeaderForwarded    ProxyHeader = "forwarded"
)

// origin finds out where a request comes from. Nothing else looks at addresses of clients.
type origin struct {
	proxies domain.Proxies
	header  ProxyHeader
}

// deviceOf tells where a request comes from, as far as it can be kept: addresses without port, text without what a database
// refuses.
func (o origin) deviceOf(r *http.Request) domain.Device {
	device := domain.Device{UserAgent: visible(strings.ToValidUTF8(r.UserAgent(), ""))}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil {
		device.Address = o.proxies.Client(peer.Addr(), o.hops(r.Header)).String()
	}
	return device
}

// hops are the entries of the header, the last first.
func (o origin) hops(header http.Header) iter.Seq[string] {
	forwardedFor := header.Values("X-Forwarded-For")
	if o.header == ProxyHeaderForwarded || o.header != ProxyHeaderForwardedFor && len(forwardedFor) == 0 {
		return func(yield func(string) bool) {
			for element := range backward(header.Values("Forwarded")) {
				if !yield(nodeOf(element)) {
					return
				}
			}
		}
	}
	return backward(forwardedFor)
}

// backward returns the members of a header's list, however many lines it has, from its end. Empty members don't count (RFC 9110
// §5.6.1). It only looks at what is asked for: the front of the list is the client's and may be long.
func backward(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				comma := strings.LastIndexByte(line, ',')
				member := strings.TrimSpace(line[comma+1:])
				more = comma >= 0
				line = line[:max(comma, 0)]
				if member != "" && !yield(member) {
					return
				}
			}
		}
	}
}

// nodeOf returns the address in an element of a Forwarded header (RFC 7239 §4), "" where there is none or more than one. A comma or
// semicolon within quotes is taken for a separator: the pieces then hold no address, whereas an open quote in the client's part
// could swallow what a proxy has added.
func nodeOf(element string) string {
	node := ""
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if node != "" {
			return ""
		}
		node = value
		if inner, quoted := strings.CutPrefix(value, `"`); quoted {
			node, _ = strings.CutSuffix(inner, `"`)
		}
	}
	return node
}
