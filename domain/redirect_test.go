package domain

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func mustRedirectPolicy(t testing.TB, clientURL string, patterns ...string) RedirectPolicy {
	t.Helper()
	p, err := NewRedirectPolicy(clientURL, patterns)
	require.NoError(t, err)
	return p
}

func TestRedirectPolicy_MatchesEveryPartOfThePattern(t *testing.T) {
	for _, row := range []struct {
		pattern          string
		accepts, refuses []string
	}{
		{
			"https://app.example.com",
			[]string{
				"https://app.example.com", "https://app.example.com/", "https://app.example.com/x/y",
				"https://app.example.com?q", "https://app.example.com?next=%2Fa%2Fb&x=https://evil.org",
				"https://app.example.com#f", "https://app.example.com/x?q#f?g", "https://app.example.com#/route?x=1",
				"https://app.example.com:443/x", "https://app.example.com:443",
				"HTTPS://APP.Example.com/x", "https://app.example.com/a.b/c@d:e", "https://app.example.com/caf\u00e9",
				"https://app.example.com/100%25", "https://app.example.com/a%20b/file%2ehtml",
			},
			[]string{
				"https://app.example.com.evil.org", "https://app.example.com.evil.org/app.example.com",
				"http://app.example.com", "https://app.example.com:80", "https://app.example.com:8443",
				"https://example.com", "https://evil-app.example.com", "https://x.app.example.com", "myapp://app.example.com",
			},
		},
		{
			"https://*.example.com",
			[]string{"https://a.example.com/x", "https://a.example.com", "https://a.example.com:443/x"},
			[]string{
				"https://a.b.example.com", "https://example.com", "https://.example.com", "https://evil.org/.example.com",
				"https://evil.org/a.example.com", "https://a.example.com:444",
			},
		},
		{
			"https://**.example.com",
			[]string{"https://a.example.com", "https://a.b.example.com", "https://a.b.c.example.com/x"},
			[]string{
				"https://example.com", "https://.example.com", "https://evil.org/.example.com",
				"https://evil.org?.example.com", "https://evil.org#.example.com", "https://evil.org:443/.example.com",
				"https://evil.org@a.example.com", "https://a.example.com.evil.org", "https://evil.org:80.example.com",
			},
		},
		{
			"https://*-acme.vercel.app",
			[]string{"https://pr-7-acme.vercel.app/cb"},
			[]string{"https://evil.org/-acme.vercel.app", "https://a.b-acme.vercel.app", "https://acme.vercel.app"},
		},
		{
			"myapp://",
			[]string{"myapp://", "myapp://callback", "myapp://callback/a?b#c", "myapp:///callback", "MyApp://callback", "myapp://42/item", "myapp://host:8081/x"},
			[]string{"yourapp://callback", "myapp:callback", "myapp:/callback", "https://callback", "myappx://callback", "myapp", "myapp://me@callback"},
		},
		{"myapp://callback", []string{"myapp://callback", "myapp://callback/x", "myapp://callback?x=1"}, []string{"myapp://other", "myapp://callback2", "myapp://callback:80"}},
		{"com.example.app:/oauth", []string{"com.example.app:/oauth", "com.example.app:/oauth/x?y"}, []string{"com.example.app://oauth", "com.example.app:/oauthx", "com.example.app:oauth"}},
		{"com.example.app:/", []string{"com.example.app:/", "com.example.app:/x"}, []string{"com.example.app://x"}},
		{"exp://192.168.1.5:19000", []string{"exp://192.168.1.5:19000/--/cb"}, []string{"exp://192.168.1.5", "exp://192.168.1.6:19000"}},
		{"http://localhost:3000", []string{"http://localhost:3000", "http://localhost:3000/x"}, []string{"http://localhost", "http://localhost:30000", "http://localhost:80", "http://localhost:3000.evil.org"}},
		{"http://localhost:*", []string{"http://localhost:3000/x", "http://localhost:5173"}, []string{"http://localhost", "http://localhost:", "http://localhost:0", "http://localhost:65536", "http://localhost:03000", "http://localhost:3000@evil.org"}},
		{"http://localhost:30[0-9]?", []string{"http://localhost:3000", "http://localhost:3099"}, []string{"http://localhost:3100", "http://localhost:30000"}},
		{"http://localhost", []string{"http://localhost", "http://localhost:80/x"}, []string{"http://localhost:443", "http://localhost:3000"}},
		{"https://app.example.com:443", []string{"https://app.example.com:443/x"}, []string{"https://app.example.com/x"}},
		{"https://app.example.com/cb", []string{"https://app.example.com/cb", "https://app.example.com/cb/", "https://app.example.com/cb/x", "https://app.example.com/cb?x"}, []string{"https://app.example.com", "https://app.example.com/", "https://app.example.com/cbx", "https://app.example.com/CB", "https://app.example.com/x?/cb"}},
		{"https://app.example.com/cb/", []string{"https://app.example.com/cb", "https://app.example.com/cb/x/y"}, []string{"https://app.example.com/cbx"}},
		{"https://app.example.com/cb/*", []string{"https://app.example.com/cb", "https://app.example.com/cb/x/y"}, []string{"https://app.example.com/cbx"}},
		{"https://app.example.com/cb/**", []string{"https://app.example.com/cb", "https://app.example.com/cb/x/y.z"}, []string{"https://app.example.com/cbx"}},
		{"https://app.example.com/*/cb", []string{"https://app.example.com/t1/cb", "https://app.example.com/t1/cb/x"}, []string{"https://app.example.com/t1/t2/cb", "https://app.example.com/a.b/cb", "https://app.example.com/cb"}},
		{"https://app.example.com/**/cb", []string{"https://app.example.com/t1/cb", "https://app.example.com/t1/t.2/cb/x"}, []string{"https://app.example.com/cb", "https://app.example.com/t1"}},
		{"https://app.example.com/v?/[a-c][!0-9]", []string{"https://app.example.com/v1/bx", "https://app.example.com/v2/a-"}, []string{"https://app.example.com/v/bx", "https://app.example.com/v./bx", "https://app.example.com/v1/dx", "https://app.example.com/v1/b7", "https://app.example.com/v1/b."}},
		{`https://app.example.com/\*\[x\]/y`, []string{"https://app.example.com/*[x]/y"}, []string{"https://app.example.com/a[x]/y", "https://app.example.com/*x/y"}},
		{"https://pr-[0-9]*.example.com", []string{"https://pr-1.example.com", "https://pr-12-x.example.com"}, []string{"https://pr-.example.com", "https://pr-x.example.com", "https://pr-1.x.example.com"}},
		{"https://PR-[A-C].Example.com/X", []string{"https://pr-a.example.com/X", "https://PR-B.EXAMPLE.COM/X"}, []string{"https://pr-d.example.com/X", "https://pr-a.example.com/x"}},
		{"https://a[!x]b.example.com", []string{"https://ayb.example.com"}, []string{"https://axb.example.com", "https://a.b.example.com"}},
		{"https://a[+-9]b.example.com", []string{"https://a5b.example.com", "https://a-b.example.com"}, []string{"https://a.b.example.com"}},
		{"https://app.example.com/[{,}]/x", []string{"https://app.example.com/{/x", "https://app.example.com/,/x"}, []string{"https://app.example.com/a/x"}},
		{"https://app[.]example.com", []string{"https://app.example.com"}, []string{"https://appxexample.com"}},
		{"{http,https}://{app,admin{1,2}}.example.com/{a/b,c}", []string{"http://app.example.com/a/b", "https://admin2.example.com/c/x"}, []string{"https://admin.example.com/c", "https://app.example.com/a", "ftp://app.example.com/c"}},
		{"https://{a.org/x/,b.org:8443}", []string{"https://a.org/x", "https://b.org:8443/y"}, []string{"https://a.org/y", "https://b.org/y", "https://b.org:443/y"}},
		{"https://**", []string{"https://anything.org:8443/x", "https://192.168.1.1/x"}, []string{"http://anything.org", "https://", "https:///x", "https://me@anything.org", "https://2130706433", "https://[::1]/"}},
		{"http://192.168.1.*:3000", []string{"http://192.168.1.7:3000"}, []string{"http://192.168.1.0x7:3000", "http://192.168.1.07:3000", "http://192.168.1.7.evil.org:3000"}},
		{"http://0x7f.1", []string{"http://0x7f.1/x", "http://0X7F.1"}, []string{"http://127.0.0.1"}},
		{"http://[::1]:3000", []string{"http://[::1]:3000/x"}, []string{"http://[::1]", "http://[0:0:0:0:0:0:0:1]:3000", "http://[::1%25eth0]:3000", "http://[::2]:3000"}},
		{"http://[fe80::1]", []string{"http://[FE80::1]", "http://[fe80::1]:80/"}, []string{"http://[fe80::1%25en0]", "http://[fe80::1]x"}},
		{"https://xn--mnchen-3ya.de", []string{"https://xn--mnchen-3ya.de/x", "https://XN--MNCHEN-3YA.de"}, []string{"https://m\u00fcnchen.de"}},
	} {
		p := mustRedirectPolicy(t, "", row.pattern)
		for _, target := range row.accepts {
			require.NoError(t, p.Check(target), "%q must be accepted by %q", target, row.pattern)
		}
		for _, target := range row.refuses {
			require.ErrorIs(t, p.Check(target), RedirectToNotAllowed, "%q must be refused by %q", target, row.pattern)
		}
	}
}

// redirectTricks are targets meant to be read differently by a matcher, a browser
// and a server. No policy but one listing the odd host itself may accept any.
var redirectTricks = []string{
	// user-info
	"https://app.example.com@evil.org", "https://app.example.com:443@evil.org/", "https://good@app.example.com",
	"https://u:p@app.example.com/", "https://@app.example.com", "https://app.example.com%40evil.org", "myapp://a@b",
	// back-slashes
	`https://evil.org\.example.com`, `https://evil.org\@app.example.com`, `https:\\app.example.com`, `https:/\evil.org`,
	`\\evil.org`, `/\evil.org`, `https://app.example.com\evil`, `https://app.example.com/?x=\`,
	// encoded slashes and back-slashes, once, twice and mixed
	"https://app.example.com/%2fevil.org", "https://app.example.com/%2F..", "https://app.example.com/%5cevil.org",
	"https://app.example.com/%5C", "https://app.example.com/%252f", "https://app.example.com/%255C", "https://app.example.com/%25252f",
	"https://app.example.com/%25%32%66", "https://app.example.com/%2525252525252541", "https://evil.org%2f.example.com",
	"https://evil.org%5c.example.com", "https://evil.org%252f.example.com",
	// dot segments
	"https://app.example.com/../x", "https://app.example.com/a/..", "https://app.example.com/./x", "https://app.example.com/a/.",
	"https://app.example.com/%2e%2e/x", "https://app.example.com/.%2E/x", "https://app.example.com/%2e/x",
	"https://app.example.com/%252e%252e/x", "https://app.example.com/..;/x", "https://app.example.com/..?x", "https://app.example.com/..#x",
	// empty segments, relative and protocol-relative URLs
	"https://app.example.com//evil.org", "https://app.example.com/a//b", "//evil.org", "//app.example.com", "///evil.org", "/", "/x", "x", "", "?x", "#x", ".",
	"app.example.com", "app.example.com/x", "app.example.com:443", "://app.example.com", ":", "https:", "https:/", "https://", "https:///",
	"https:app.example.com", "https:/app.example.com", "https:///app.example.com", "https:////app.example.com", "https://:443", "https://?app.example.com",
	// white space, control and invisible characters
	" https://app.example.com", "https://app.example.com ", "https://app.example.com/a b", "ht\ttps://app.example.com",
	"https://app.example.com/\n", "https://app.example.com/\r\nX: y", "https://app.example.com\x00.evil.org", "https://app.example.com/?a=\x00",
	"https://app.example.com/#\x1b", "https://app.example.com/\x7f", "https://app.example.com/\u0085", "https://app.example.com/\u00a0",
	"https://app.example.com/\u2028", "https://app.example.com/\u202e", "https://app.example.com/\u200b", "\ufeffhttps://app.example.com",
	"https://app.example.com/\xff", "\x01https://app.example.com", "https://app.example.com/%00", "https://app.example.com/%0d%0aX:y", "https://app.example.com/%250a",
	// hosts
	"https://app.example.com.", "https://app.example.com./x", "https://app.example.com..", "https://app..example.com", "https://.app.example.com",
	"https://app%2eexample.com", "https://app\u3002example.com", "https://app\uff0eexample.com", "https://\u0430pp.example.com", "https://app.example.com\uff0fevil.org",
	"https://app.e\u00ADxample.com", "https://app.example.\u212Aom", "https://app*.example.com", "https://*.example.com", "https://app!.example.com",
	"https://app.example.com;evil.org", "https://app.example.com,evil.org", "https://app.example.com&evil.org", "https://[app.example.com]",
	"https://" + strings.Repeat("a", 250) + ".org",
	// odd addresses: decimal, octal, hexadecimal, short, zones, mapped, malformed
	"https://2130706433", "https://0x7f000001", "https://0x7f.0.0.1", "https://127.0x1", "https://0177.0.0.1", "https://127.1", "https://127.0.0.01", "https://0x",
	"https://1.2.3.4.5", "https://256.1.1.1", "https://127.0.0.1.", "https://[::1]", "https://[::1%25eth0]", "https://[::1%eth0]", "https://[::ffff:127.0.0.1]",
	"https://[::1", "https://::1", "https://[]", "https://[127.0.0.1]", "https://\u2460.0.0.1",
	// ports
	"https://app.example.com:", "https://app.example.com:/", "https://app.example.com:0443", "https://app.example.com:0", "https://app.example.com:65536",
	"https://app.example.com:x", "https://app.example.com:-1", "https://app.example.com:443:443", "https://app.example.com:%34%34%33",
	// schemes
	"javascript:alert(1)", "JavaScript:alert(1)", "javascript://app.example.com/%0aalert(1)", "java\nscript:alert(1)", "data:text/html,x", "data://x/y",
	"vbscript:x", "file:///etc/passwd", "file://app.example.com/x", "blob:https://app.example.com/x", "filesystem:https://app.example.com/x",
	"1https://app.example.com", "h%74tps://app.example.com", "view-source:https://app.example.com", "mailto:jane@example.com",
	// malformed escapes
	"https://app.example.com/%", "https://app.example.com/%zz", "https://app.example.com/#%zz",
	"https://app.example.com/" + strings.Repeat("a", maxRedirectTarget),
}

func TestRedirectPolicy_RefusesRedirectTricksUnderEveryPolicy(t *testing.T) {
	policies := map[string]RedirectPolicy{
		"literal":     mustRedirectPolicy(t, "https://app.example.com"),
		"label":       mustRedirectPolicy(t, "", "https://*.example.com"),
		"deep":        mustRedirectPolicy(t, "", "https://**.example.com", "http://**.example.com"),
		"any":         mustRedirectPolicy(t, "", "https://**", "http://**", "myapp://**"),
		"any by port": mustRedirectPolicy(t, "", "https://**:*/**", "https://**/**"),
		"path":        mustRedirectPolicy(t, "", "https://app.example.com/**/x", "https://app.example.com/?*"),
	}
	for name, p := range policies {
		for _, target := range redirectTricks {
			require.ErrorIs(t, p.Check(target), RedirectToNotAllowed, "policy %s, target %q", name, target)
		}
	}
}

func TestRedirectPolicy_RefusesForeignHostsThatLookLikeListedOnes(t *testing.T) {
	p := mustRedirectPolicy(t, "https://app.example.com", "https://**.example.com", "myapp://")
	for _, target := range []string{
		"https://example.com.evil.org", "https://evil.org/app.example.com", "https://evil.org?app.example.com", "https://evil.org#app.example.com",
		"https://evil.org#@app.example.com", "https://evil.org?@app.example.com", "https://evil.org/@app.example.com", "https://appexample.com",
		"https://notexample.com", "https://app-example.com", "https://app.example.co", "https://app.example.com.au", "http://app.example.com",
		"https://evil.org/https://app.example.com", "myappx://", "https://127.0.0.1", "https://localhost",
	} {
		require.ErrorIs(t, p.Check(target), RedirectToNotAllowed, "target %q", target)
	}
}

func TestRedirectPolicy_WithoutAnyEntryRefusesEverything(t *testing.T) {
	for _, p := range []RedirectPolicy{{}, mustRedirectPolicy(t, ""), mustRedirectPolicy(t, " ", "", "  ")} {
		require.Empty(t, p.Default())
		for _, target := range []string{"", "/", "https://app.example.com", "myapp://x"} {
			require.ErrorIs(t, p.Check(target), RedirectToNotAllowed, "target %q", target)
		}
		require.Equal(t, []string{"refused: neither a client URL nor an allowed redirect URL is configured"}, p.Explain("https://app.example.com"))
	}
}

func TestRedirectPolicy_TakesTheClientURLLiterally(t *testing.T) {
	for _, row := range []struct {
		clientURL        string
		accepts, refuses string
	}{
		{"https://app.example.com/", "https://app.example.com/x", "https://example.com/x"},
		{"https://app.example.com/{a,b}/*", "https://app.example.com/{a,b}/*/x", "https://app.example.com/a/x"},
		{"https://app.example.com/x?tab=1#/home", "https://app.example.com/x/y", "https://app.example.com/y"},
		{"http://[::1]:3000/", "http://[::1]:3000/x", "http://[::1]/x"},
		{"myapp://", "myapp://callback", "https://callback"},
		{" https://app.example.com ", "https://app.example.com", "https://app.example.org"},
	} {
		p := mustRedirectPolicy(t, row.clientURL)
		require.Equal(t, strings.TrimSpace(row.clientURL), p.Default())
		require.NoError(t, p.Check(p.Default()), "client URL %q", row.clientURL)
		require.NoError(t, p.Check(row.accepts))
		require.ErrorIs(t, p.Check(row.refuses), RedirectToNotAllowed)
	}
}

func TestNewRedirectPolicy_NamesTheFaultyEntryAndTheFault(t *testing.T) {
	for pattern, fault := range map[string]string{
		"app.example.com":                           "it must start with a scheme, such as https:// or myapp://",
		"/**":                                       "it must start with a scheme, such as https:// or myapp://",
		"*":                                         "it must start with a scheme, such as https:// or myapp://",
		"*://app.example.com":                       "it must start with a scheme, such as https:// or myapp://",
		"h?tps://app.example.com":                   "it must start with a scheme, such as https:// or myapp://",
		"localhost:3000":                            `scheme "localhost" must be followed by "://"`,
		"https:/app.example.com":                    `scheme "https" must be followed by "://"`,
		"https://":                                  "the host is missing",
		"https:///":                                 "the host is missing",
		"https://:443":                              "the host is missing",
		"{http,https}://":                           "the host is missing",
		"javascript:alert(1)":                       `scheme "javascript" is never allowed`,
		"JavaScript://x":                            `scheme "javascript" is never allowed`,
		"java{script,}://x":                         `scheme "javascript" is never allowed`,
		"data:text/html":                            `scheme "data" is never allowed`,
		"vbscript://x":                              `scheme "vbscript" is never allowed`,
		"file:///":                                  `scheme "file" is never allowed`,
		"blob:https://app.example.com":              `scheme "blob" is never allowed`,
		"https://jane@app.example.com":              "user-info (name@host) is not allowed",
		"https://m\u00fcnchen.de":                   "the host has a character outside a-z, 0-9, '-', '_' (write international names in their xn-- form)",
		"https://app.example.com.":                  "the host has an empty label (a dot too many)",
		"https://a:b:80":                            "the host has a character outside a-z, 0-9, '-', '_' (write international names in their xn-- form)",
		"https://[fe80::1%25en0]":                   "host: a [ without its ]",
		"https://a.org:":                            "the port is not a number from 1 to 65535",
		"https://a.org:999??":                       "the port is not a number from 1 to 65535",
		"https://a.org:https":                       "the port is not a number from 1 to 65535",
		"https://a.org:[0":                          "port: a [ without its ]",
		"https://a.org/../x":                        "the path has a dot segment",
		"https://a.org//x":                          "the path has an empty segment (//)",
		"https://a.org/%2f":                         "the path has an encoded '/'",
		"https://a.org/#/x":                         "it must not contain a fragment (#), fragments are not compared",
		"https://a.org/a b":                         "character U+0020 is not allowed",
		"https://a.org/\x00":                        "character U+0000 is not allowed",
		"https://a.org/\xff":                        "it is not valid UTF-8",
		"https://a.org/[a":                          "path: a [ without its ]",
		"https://a.org/[]":                          "path: a [ ] that matches nothing",
		"https://a.org/[!]":                         "path: a [ ] that matches nothing",
		"https://a.org/[.-/]":                       "path: a [ ] that matches nothing",
		"https://a.org/[z-a]":                       "path: a range in [ ] runs backwards",
		`https://a.org\/x`:                          `host: a \ without the character it escapes`,
		"https://{a,b.org":                          "a { without its }",
		"https://a}.org":                            "a } without its {",
		"https://a.org/" + strings.Repeat("a", 512): "it is longer than 512 bytes",
		"https://a.org/" + strings.Repeat("{a,b}", 7):  "its { } groups make more than 64 alternatives",
		"https://a.org/" + strings.Repeat("{a,b}", 90): "its { } groups make more than 64 alternatives",
	} {
		_, err := NewRedirectPolicy("https://app.example.com", []string{"https://fine.example.com", pattern})
		require.Error(t, err, "pattern %q", pattern)
		require.Equal(t, fault, errors.Unwrap(unjoin(t, err)[0]).Error(), "pattern %q", pattern)
	}
}

func unjoin(t *testing.T, err error) []error {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	return joined.Unwrap()
}

func TestNewRedirectPolicy_ReportsAllFaultyEntriesAtOnceWithoutPasswords(t *testing.T) {
	_, err := NewRedirectPolicy("https://*.example.com", []string{"example.org", "https://jane:secret@example.org/x"})
	require.EqualError(t, err, strings.Join([]string{
		`client URL "https://*.example.com": the host has a character outside a-z, 0-9, '-', '_' (write international names in their xn-- form)`,
		`redirect pattern "example.org": it must start with a scheme, such as https:// or myapp://`,
		`redirect pattern "https://…@example.org/x": user-info (name@host) is not allowed`,
	}, "\n"))
}

func TestRedirectPolicy_CheckNamesTheRuleThatCameClosest(t *testing.T) {
	p := mustRedirectPolicy(t, "http://localhost:3000", "https://*.example.com/{a,b}", "myapp://")
	for target, reason := range map[string]string{
		"ftp://x.org":                     `closest pattern: http://localhost:3000: scheme "ftp" is not "http"`,
		"https://example.org":             `closest pattern: https://*.example.com/{a,b}: host "example.org" does not match "*.example.com"`,
		"http://localhost:4000":           `closest pattern: http://localhost:3000: port "4000" does not match`,
		"https://x.example.com/secret?t=": `closest pattern: https://*.example.com/{a,b}: path does not match "/a/**"`,
		"https://0x7f.1/a":                `closest pattern: https://*.example.com/{a,b}: host "0x7f.1" is an address that must be listed literally`,
		"myapp:/x":                        `closest pattern: http://localhost:3000: scheme "myapp" is not "http"`,
		"https://jane:pw@x.example.com":   "user-info (name@host) is not allowed",
		"/x":                              "it must start with a scheme, such as https:// or myapp://",
	} {
		err := p.Check(target)
		require.ErrorIs(t, err, RedirectToNotAllowed)
		require.EqualError(t, err, RedirectToNotAllowed.Error()+": "+reason, "target %q", target)
	}
}

func TestRedirectPolicy_ExplainSaysForEachPatternWhichPartFailed(t *testing.T) {
	p := mustRedirectPolicy(t, "https://app.example.com/cb?x=1", "https://*.example.com", "https://app.example.com:8443", "http://app.example.com", "https://example.org")
	require.Equal(t, []string{
		`https://app.example.com/cb: path does not match "/cb/**"`,
		"https://*.example.com: allowed",
		`https://app.example.com:8443: port "" does not match`,
		`http://app.example.com: scheme "https" is not "http"`,
		`https://example.org: host "app.example.com" does not match "example.org"`,
	}, p.Explain("https://app.example.com/x"))
	require.Equal(t, []string{"refused: the path has a dot segment"}, p.Explain("https://app.example.com/../x"))
}

func TestRedirectPolicy_IsNotChangedThroughTheCallersSlice(t *testing.T) {
	patterns := []string{"https://a.example.com"}
	p := mustRedirectPolicy(t, "", patterns...)
	before := slices.Clone(p.Explain("https://a.example.com"))
	patterns[0] = "https://evil.org"
	require.Equal(t, before, p.Explain("https://a.example.com"))
	require.Error(t, p.Check("https://evil.org"))
}

func TestRedirectPolicy_MatchesHostileWildcardsInBoundedTime(t *testing.T) {
	p := mustRedirectPolicy(t, "",
		"https://a.org/"+strings.Repeat("*a", 200)+"b",
		"https://a.org/"+strings.Repeat("**a", 150)+"b",
		"https://a.org/"+strings.Repeat("{a*,**b}", 6)+"c",
		"https://"+strings.Repeat("*", 400)+".org",
	)
	target := "https://a.org/" + strings.Repeat("a", 1000)
	start := time.Now()
	require.NoError(t, p.Check(target))
	p = RedirectPolicy{rules: p.rules[:3]}
	require.Error(t, p.Check(target))
	require.Less(t, time.Since(start), 5*time.Second)
}
