package domain_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func proxies(t testing.TB, list ...string) domain.Proxies {
	t.Helper()
	p, err := domain.NewProxies(list)
	require.NoError(t, err)
	return p
}

// private are the networks that are trusted unless something else is configured.
func private() []string {
	return []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}
}

func TestProxies_TheNearestAddressThatIsNotTrustedIsTheClient(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, peer, header, want string }{
		{"connected directly", "203.0.113.9", "", "203.0.113.9"},
		{"a stranger is not believed", "203.0.113.9", "198.51.100.1", "203.0.113.9"},
		{"one proxy", "10.0.0.1", "198.51.100.1", "198.51.100.1"},
		{"what the client invents stands farther away", "10.0.0.1", "1.1.1.1, 127.0.0.1, 198.51.100.1", "198.51.100.1"},
		{"two proxies", "10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"a proxy that is not trusted is the client", "10.0.0.1", "1.1.1.1, 203.0.113.50, 10.0.0.2", "203.0.113.50"},
		{"everybody is trusted", "10.0.0.1", "192.168.1.7, 10.0.0.2", "192.168.1.7"},
		{"a proxy that notes nothing", "10.0.0.1", "", "10.0.0.1"},
		{"unknown ends the chain", "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"},
		{"garbage ends the chain", "10.0.0.1", "198.51.100.1, 999.1.1.1, 10.0.0.2", "10.0.0.2"},
		{"a host name ends the chain", "10.0.0.1", "localhost", "10.0.0.1"},
		{"with port", "10.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
		{"IPv6", "::1", "2001:db8::7", "2001:db8::7"},
		{"IPv6 in brackets", "::1", "[2001:db8::7]", "2001:db8::7"},
		{"IPv6 in brackets with port", "::1", "[2001:DB8:0:0::7]:443", "2001:db8::7"},
		{"IPv6 with zone", "fd00::1%eth0", "fe80::7%en0", "fe80::7"},
		{"IPv4 as IPv6", "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
		{"IPv4 as IPv6 in hexadecimal", "10.0.0.1", "::ffff:c633:6401", "198.51.100.1"},
		{"brackets around IPv4", "10.0.0.1", "[198.51.100.1]", "10.0.0.1"},
		{"octal", "10.0.0.1", "0198.051.100.001", "10.0.0.1"},
		{"one bracket", "::1", "[2001:db8::7", "::1"},
	} {
		var hops []string
		if row.header != "" {
			hops = strings.Split(row.header, ",")
			slices.Reverse(hops)
		}
		got := proxies(t, private()...).Client(netip.MustParseAddr(row.peer), slices.Values(hops))
		require.Equal(t, row.want, got.String(), row.name)
	}
}

func TestProxies_NobodyIsTrustedByTheZeroValue(t *testing.T) {
	t.Parallel()
	got := domain.Proxies{}.Client(netip.MustParseAddr("127.0.0.1"), slices.Values([]string{"198.51.100.1"}))
	require.Equal(t, "127.0.0.1", got.String())
	require.False(t, proxies(t, private()...).Client(netip.Addr{}, slices.Values([]string{"198.51.100.1"})).IsValid())
}

func TestNewProxies_ReadsNetworksAndAddresses(t *testing.T) {
	t.Parallel()
	p := proxies(t, "192.0.2.1", "2001:db8::/32", "::ffff:198.51.100.0/120", "10.9.8.7/8")
	for address, trusted := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": false, "2001:db8:ffff::1": true, "2001:db9::1": false, "198.51.100.255": true, "198.51.101.0": false, "10.0.0.1": true,
	} {
		got := p.Client(netip.MustParseAddr(address), slices.Values([]string{"203.0.113.1"}))
		require.Equal(t, trusted, got.String() == "203.0.113.1", address)
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "10.0.0", "*", "10.0.0.0/8,", "fe80::%eth0/64"} {
		_, err := domain.NewProxies([]string{"127.0.0.1", bad})
		require.EqualError(t, err, "entry 2 must be a network such as 10.0.0.0/8 or an address such as 192.0.2.1", bad)
	}
}

func TestClientKey_CountsIPv6ByNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"198.51.100.1": "198.51.100.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64",
		"2001:db8:1:3::1": "2001:db8:1:3::/64", "::1": "::/64", "": "unknown", "no:address": "unknown",
	} {
		require.Equal(t, want, domain.ClientKey(address), address)
	}
}

// FuzzProxies reads addresses that proxies note.
func FuzzProxies(f *testing.F) {
	for _, seed := range []string{"198.51.100.1", "[2001:db8::7]:443", "::ffff:1.2.3.4", "a,b,,c", "fe80::1%eth0,unknown", `"[::1]:_x"`} {
		f.Add("10.0.0.1", seed)
	}
	trusting := proxies(f, private()...)
	f.Fuzz(func(t *testing.T, peer, header string) {
		from, err := netip.ParseAddr(peer)
		if err != nil {
			return
		}
		hops := strings.Split(header, ",")
		slices.Reverse(hops)
		client := trusting.Client(from, slices.Values(hops))
		require.True(t, client.IsValid())
		require.Equal(t, client, client.Unmap().WithZone(""), "canonical")
		require.NotEqual(t, "unknown", domain.ClientKey(client.String()))
		// Whatever a client invents, a proxy notes the true address behind it.
		spoofed := append([]string{"203.0.113.7"}, hops...)
		require.Equal(t, "203.0.113.7", trusting.Client(netip.MustParseAddr("10.0.0.1"), slices.Values(spoofed)).String())
		require.Equal(t, from.Unmap().WithZone(""), domain.Proxies{}.Client(from, slices.Values(hops)))
	})
}
