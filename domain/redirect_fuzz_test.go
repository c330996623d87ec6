package domain

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRedirectPolicy reads targets of redirects and the patterns that allow them. Accepted targets are held against net/url: whatever the patterns
// are, the parsed URL has a listed scheme and no user-info, and where the pattern's
// host is literal it has exactly that host. Patterns are fuzzed too; they may be
// refused, but neither they nor any target may make the policy panic or hang.
func FuzzRedirectPolicy(f *testing.F) {
	for _, target := range redirectTricks {
		f.Add(target, "https://**.example.com")
	}
	for _, target := range []string{"https://app.example.com:443/x?y#z", "HTTPS://A.example.com", "myapp://callback", "http://[::1]:3000/"} {
		for _, pattern := range []string{"https://app.example.com", "{http,https}://*.example.com/[!a-c]?", "myapp://", "http://[::1]:*", `x:/\*{a,{b,c}}`} {
			f.Add(target, pattern)
		}
	}
	literal := mustRedirectPolicy(f, "https://app.example.com", "http://127.0.0.1:3000")
	wild := mustRedirectPolicy(f, "", "https://**.example.com", "https://pr-*.example.org:*", "myapp://")
	f.Fuzz(func(t *testing.T, target, pattern string) {
		if u := acceptedURL(t, literal, target); u != nil {
			require.Contains(t, []string{"https://app.example.com", "https://app.example.com:443", "http://127.0.0.1:3000"},
				strings.ToLower(u.Scheme+"://"+u.Host))
		}
		if u := acceptedURL(t, wild, target); u != nil && u.Scheme != "myapp" {
			host := strings.ToLower(u.Hostname())
			require.Equal(t, "https", u.Scheme)
			require.True(t, strings.HasSuffix(host, ".example.com") || strings.HasPrefix(host, "pr-") && strings.HasSuffix(host, ".example.org"), host)
		}
		p, err := NewRedirectPolicy("", []string{pattern})
		if err != nil {
			return
		}
		if u := acceptedURL(t, p, target); u != nil {
			require.NotContains(t, []string{"javascript", "data", "vbscript", "file", "blob"}, u.Scheme)
		}
		require.Len(t, p.Explain(target), 1)
		if p, err := NewRedirectPolicy(target, nil); err == nil && p.Default() != "" {
			require.NoError(t, p.Check(p.Default()), "a client URL must be allowed by itself")
		}
	})
}

// acceptedURL returns target as net/url sees it when p accepts it, otherwise nil.
func acceptedURL(t *testing.T, p RedirectPolicy, target string) *url.URL {
	if p.Check(target) != nil {
		return nil
	}
	u, err := url.Parse(target)
	require.NoError(t, err)
	require.Nil(t, u.User)
	require.Empty(t, u.Opaque)
	require.NotContains(t, target, `\`)
	require.NotContains(t, u.Path, "//")
	require.NotContains(t, u.Path+"/", "/../")
	return u
}
