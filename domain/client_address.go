package domain

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses of the proxies in front of the server. They alone are believed when they say for whom they ask. The
// zero value trusts nobody.
type Proxies struct{ trusted []netip.Prefix }

// NewProxies reads networks (10.0.0.0/8, fc00::/7) and single addresses. An error names the entry by its number, counted from 1.
func NewProxies(list []string) (Proxies, error) {
	p := Proxies{trusted: make([]netip.Prefix, 0, len(list))}
	for i, text := range list {
		prefix, err := parseNetwork(text)
		if err != nil {
			return Proxies{}, fmt.Errorf("entry %d must be a network such as 10.0.0.0/8 or an address such as 192.0.2.1", i+1)
		}
		p.trusted = append(p.trusted, prefix)
	}
	return p, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = canonicalAddress(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	const mapped = 96 // bits in front of an IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2)
	switch {
	case err != nil || !prefix.Addr().Is4In6():
		return prefix, err
	case prefix.Bits() < mapped:
		return netip.Prefix{}, errors.New("it is neither a network of IPv4 nor one of IPv6")
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped), nil
}

// Client returns who asks: of the chain that ends with peer, who is connected, the nearest address that is no trusted proxy. hops
// are the entries that proxies have noted, the nearest, which is the last of a header, first. An entry that is no address ends the chain: what
// stands before it was not confirmed by anybody. Where everybody is trusted the farthest address counts. The result is
// canonical; it is invalid exactly when peer is.
func (p Proxies) Client(peer netip.Addr, hops iter.Seq[string]) netip.Addr {
	client := canonicalAddress(peer)
	if !p.Trusts(client) {
		return client
	}
	for hop := range hops {
		next, ok := ParseHop(hop)
		if !ok {
			return client
		}
		client = next
		if !p.Trusts(client) {
			return client
		}
	}
	return client
}

// Trusts tells whether an address is that of a proxy.
func (p Proxies) Trusts(addr netip.Addr) bool {
	addr = canonicalAddress(addr)
	return slices.ContainsFunc(p.trusted, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// ParseHop reads an address as proxies write it: 192.0.2.1, 192.0.2.1:443, 2001:db8::1, [2001:db8::1], [2001:db8::1]:443. The
// result is canonical: without port and zone, and IPv4 where it was an IPv4 address in IPv6 clothes.
func ParseHop(text string) (addr netip.Addr, ok bool) {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return canonicalAddress(addr), true
	}
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return canonicalAddress(withPort.Addr()), true
	}
	inner, found := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	addr, err := netip.ParseAddr(inner)
	if !found || !closed || err != nil || addr.Is4() {
		return netip.Addr{}, false
	}
	return canonicalAddress(addr), true
}

func canonicalAddress(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// clientNetwork is how many bits of an IPv6 address stand for one client: whoever has one address usually has a /64 of them
// (RFC 6177, RFC 7421).
const clientNetwork = 64

// ClientKey names the client behind a canonical address for counting: an IPv4 address itself, the /64 of an IPv6 one, and one name for
// all whose address is not known.
func ClientKey(address string) string {
	if address != "" && !strings.Contains(address, ":") {
		return address
	}
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	network, err := addr.Prefix(clientNetwork)
	if err != nil {
		return "unknown"
	}
	return network.String()
}
