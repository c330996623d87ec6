package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

// FuzzArguments gives the command any arguments where the configuration can't be used, so that none gets further than its arguments
// and files. It ends at once, and says so without bytes that steer a terminal.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		"", "--help", "version", "user\ncreate\n--email\njane@example.com\n--role\nx", "user\nlist\n--search\n\xff", "audit\n--since\n24h\n--limit\n-1", "keys\nrotate\n--yes", "import\n/dev/null\n--dry-run",
		"check-redirect\n\x1b[31m://", "doctor\n--", "serve\n--port\n99999999999999999999", "-\x1b[2J", "user\nshow\n\x1b]0;x\x07", "user\nlist\n--limit=\x1b[31m", "help\n\x9b31m",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var out strings.Builder
		began := time.Now()
		err := runWith(ctx, strings.Split(text, "\n"), []string{"AUTH_DEV_MODE=false"}, strings.NewReader(""), &out)
		require.Less(t, time.Since(began), 10*time.Second)
		said := out.String()
		if err != nil {
			said += legible(err.Error()) // as main prints it
		}
		require.Equal(t, legible(said), said, "%q", text)
	})
}

// FuzzAuditFlags reads the flags of hexauth audit.
func FuzzAuditFlags(f *testing.F) {
	f.Add("jane@example.com", "sign_in", "24h", 100)
	f.Add("0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", "sign_in.failed", "2026-03-01T12:00:00Z", 1)
	f.Add("", "", "2562047h47m16.854775807s", 100_000)
	f.Add("", "x", "-1h", 0)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, user, event, since string, limit int) {
		who, q, err := auditCommand{User: user, Event: event, Since: since, Limit: limit}.query(now)
		if err != nil {
			return
		}
		require.True(t, user == "" || (who.ID == "") != (who.Email == ""))
		require.True(t, q.Limit >= 1 && q.Limit <= maxAudit)
		if age, err := time.ParseDuration(since); err == nil {
			require.False(t, q.Since.After(now), "%s ago", age)
		}
	})
}

// FuzzSuggestion suggests rules for targets of redirects. A rule that is suggested allows the target.
func FuzzSuggestion(f *testing.F) {
	for _, seed := range []string{"https://app.example.com:8080/x?y", "myapp://callback/x", "https://a*b.example.com", "http://[::1]:3000", "https://u:p@x", "javascript:alert(1)", "https://{a,b}.example.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		rule := suggestion(target)
		if rule == "" {
			return
		}
		policy, err := domain.NewRedirectPolicy("", []string{rule})
		require.NoError(t, err)
		require.NoError(t, policy.Check(target))
		require.ErrorIs(t, policy.Check("https://evil.example/x"), map[bool]error{true: nil, false: domain.RedirectToNotAllowed}[strings.Contains(rule, "evil.example")])
	})
}
