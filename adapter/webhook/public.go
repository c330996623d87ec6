package webhook

import "net/netip"

// special are the ranges that are not global unicast, or lead somewhere else, and that netip does not name (IANA's registries of special
// purpose addresses).
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), // Teredo among them
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
	}
}

// Public tells whether an address is one of the public internet. An IPv4 address counts as itself however IPv6 wraps it: mapped,
// compatible, translated (64:ff9b::/96) or tunnelled (6to4).
func Public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if inner, wrapped := unwrapped(address); wrapped {
		return Public(inner)
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	for _, prefix := range special() {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

func unwrapped(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() {
		return address, false
	}
	b := address.As16()
	from := 12
	switch {
	case netip.MustParsePrefix("2002::/16").Contains(address):
		from = 2
	case netip.MustParsePrefix("64:ff9b::/96").Contains(address), netip.MustParsePrefix("::/96").Contains(address):
	default:
		return address, false
	}
	return netip.AddrFrom4([4]byte(b[from : from+4])), true
}
