package rest

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/domain"
)

func trusting(t testing.TB) domain.Proxies {
	proxies, err := domain.NewProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	return proxies
}

// FuzzForwarded reads X-Forwarded-For, Forwarded and User-Agent. Whatever a client sends, what a trusted proxy adds behind it counts.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{
		"198.51.100.1", "1.1.1.1, 10.0.0.3,,", `for="[2001:db8::7]:4711";proto=https`, `for="1.1.1.1`, "for=_x;for=2.2.2.2", "unknown", strings.Repeat(",", 300), "Mozilla/5.0 (X11; Linux) \u202e\xff",
	} {
		f.Add(seed, seed)
	}
	proxies := trusting(f)
	f.Fuzz(func(t *testing.T, one, two string) {
		at := func(peer string, which ProxyHeader, header http.Header) domain.Device {
			return origin{proxies, which}.deviceOf(&http.Request{RemoteAddr: peer, Header: header})
		}
		for _, which := range []ProxyHeader{ProxyHeaderAny, ProxyHeaderForwardedFor, ProxyHeaderForwarded} {
			all := http.Header{"X-Forwarded-For": {one, two}, "Forwarded": {two, one}, "User-Agent": {one}}
			require.Equal(t, "192.0.2.1", at("192.0.2.1:1", which, all).Address, "a stranger is believed nothing")
			device := at("10.0.0.1:1", which, all)
			address, err := netip.ParseAddr(device.Address)
			require.NoError(t, err)
			require.Equal(t, address, address.Unmap().WithZone(""))
			require.True(t, utf8.ValidString(device.UserAgent))
			require.False(t, strings.ContainsFunc(device.UserAgent, unicode.IsControl))
		}
		for name, added := range map[string]string{"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"} {
			for _, lines := range [][]string{{one, two, added}, {one, two + ", " + added}, {one + "," + two + "," + added}} {
				require.Equal(t, "203.0.113.7", at("10.0.0.1:1", "", http.Header{name: lines}).Address, "%s: %q", name, lines)
			}
		}
	})
}

var goodTraceparent = regexp.MustCompile(`\A00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\z`)

// FuzzTraceparent reads the headers of W3C Trace Context. A trusted proxy's trace goes on, a stranger's never does.
func FuzzTraceparent(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
	f.Add("00-00000000000000000000000000000000-00f067aa0ba902b7-01", "a=b,a=b")
	f.Add("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like", strings.Repeat("a=b,", 40))
	f.Add("", "\xff=")
	s := spans{tracer: sdk.NewTracerProvider().Tracer("test"), proxies: trusting(f)}
	f.Fuzz(func(t *testing.T, parent, state string) {
		begin := func(peer string) trace.SpanContext {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = peer
			r.Header.Set("Traceparent", parent)
			r.Header.Set("Tracestate", state)
			ctx, span := s.begin(r)
			defer span.End()
			require.True(t, span.SpanContext().IsValid())
			require.Equal(t, span.SpanContext(), trace.SpanContextFromContext(ctx))
			return span.SpanContext()
		}
		strange, trusted := begin("192.0.2.1:1"), begin("10.0.0.1:1")
		require.NotContains(t, parent, strange.TraceID().String())
		require.Zero(t, strange.TraceState().Len())
		if found := goodTraceparent.FindStringSubmatch(parent); found != nil {
			id, _ := hex.DecodeString(found[1])
			span, _ := hex.DecodeString(found[2])
			if trace.TraceID(id).IsValid() && trace.SpanID(span).IsValid() {
				require.Equal(t, found[1], trusted.TraceID().String())
			}
		}
	})
}

// FuzzCookie reads the header Cookie where a browser comes back from a provider.
func FuzzCookie(f *testing.F) {
	good := string(domain.NewBrowserSecret([16]byte{1}, [16]byte{2}))
	f.Add("__Host-hexauth="+good, "auth.example.com")
	f.Add("a=b; __Host-hexauth=\""+good+"\"; __Host-hexauth=x", "[::1]:80")
	f.Add("__Host-hexauth="+good+"=", "")
	f.Add(strings.Repeat("a=b; ", 500)+"hexauth="+good, "a b:c:d")
	f.Fuzz(func(t *testing.T, header, host string) {
		for _, address := range []string{"https://auth.example.com", "http://localhost:4000"} {
			server, err := url.Parse(address)
			require.NoError(t, err)
			seen := browsers{server}.see(&http.Request{Host: host, Header: http.Header{"Cookie": {header}}})
			if seen.secret != "" {
				require.Regexp(t, `\A[A-Za-z0-9_-]{43}\z`, string(seen.secret))
				require.Contains(t, header, string(seen.secret))
			}
			require.True(t, seen.returns || server.Scheme == "http")
		}
	})
}

// FuzzRequestID reads the header X-Request-Id, which gets into logs and answers.
func FuzzRequestID(f *testing.F) {
	for _, seed := range []string{"", "a", "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", "a b", "a\nb", strings.Repeat("x", 65), "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if saneRequestID.MatchString(id) {
			require.LessOrEqual(t, len(id), 64)
			require.Empty(t, strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"))
		}
		require.Equal(t, id, domain.RequestIDOf(domain.WithRequestID(context.Background(), id)))
	})
}
