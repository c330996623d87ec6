package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// auditLines are what hexauth audit --json prints.
func auditLines(t *testing.T, environ []string, args ...string) []api.AdminEvent {
	t.Helper()
	var events []api.AdminEvent
	for line := range strings.Lines(mustExecute(t, environ, append([]string{"audit", "--json"}, args...)...)) {
		var event api.AdminEvent
		require.NoError(t, json.Unmarshal([]byte(line), &event), line)
		events = append(events, event)
	}
	return events
}

func typesOf(events []api.AdminEvent) []string {
	var types []string
	for _, event := range events {
		types = append(types, event.Type)
	}
	return types
}

func TestAudit_ShowsWhatHappenedOverHTTPAndOnTheCommandLine(t *testing.T) {
	t.Parallel()
	environ := inFolder(t.TempDir())
	s := serve(t, environ)
	jane := s.signUp("jane@example.com")
	status, _ := s.send(http.MethodPost, "/signin/email-password", "", `{"email":"jane@example.com","password":"not the password"}`)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = s.send(http.MethodPost, "/signin/email-password", "", `{"email":"typed.by.mistake@example.com","password":"whatever it is"}`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.NoError(t, s.end(), "a server that is stopped has kept everything")
	mustExecute(t, environ, "user", "disable", "jane@example.com")

	events := auditLines(t, environ)
	require.Equal(t, []string{"user.created", "sign_in.failed", "sign_in.failed", "user.disabled", "sessions.ended"}, typesOf(events))
	failed := events[1]
	require.Equal(t, api.AdminEvent{
		ID: failed.ID, Type: "sign_in.failed", Timestamp: failed.Timestamp, Actor: "client", UserID: jane.User.ID, Method: "password",
		Reason: "invalid-email-password", Address: "127.0.0.1", UserAgent: failed.UserAgent, RequestID: failed.RequestID,
	}, failed)
	require.NotEmpty(t, failed.RequestID)
	require.Empty(t, events[2].UserID)
	require.Equal(t, []any{api.AdminEventActor("administrator"), "command line"}, []any{events[3].Actor, events[3].UserAgent})

	require.Equal(t, []string{"sign_in.failed", "sign_in.failed"}, typesOf(auditLines(t, environ, "--event", "sign_in", "--since", "1h")))
	require.Equal(t, []string{"user.created", "sign_in.failed", "user.disabled", "sessions.ended"}, typesOf(auditLines(t, environ, "--user", "jane@example.com")))
	require.Equal(t, []string{"sessions.ended"}, typesOf(auditLines(t, environ, "--limit", "1")))
	require.Empty(t, auditLines(t, environ, "--since", "2999-01-01T00:00:00Z"))
	table := mustExecute(t, environ, "audit")
	require.Contains(t, table, "sign_in.failed")
	require.NotContains(t, table, "typed.by.mistake")
}

func TestAudit_SaysWhatIsWrongWithItsFlags(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	for arguments, message := range map[string]string{
		"--event nonsense": "--event must be one of administration.refused", "--since yesterday": "--since must be a time", "--since -1h": "--since must be a time",
		"--limit 0": "--limit must be 1 to", "--user nobody@example.com": "there is no such user",
	} {
		_, err := execute(t, environ, append([]string{"audit"}, strings.Fields(arguments)...)...)
		require.ErrorContains(t, err, message, arguments)
	}
}

func TestAudit_FollowsUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, done := &output{}, make(chan error)
	go func() { done <- runWith(ctx, []string{"audit", "--follow"}, environ, strings.NewReader(""), out) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "TIME") }, patience, 20*time.Millisecond)
	mustExecute(t, environ, "user", "create", "--email", "jane@example.com")
	require.Eventually(t, func() bool { return strings.Count(out.String(), "user.created") == 1 }, patience, 20*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, 1, strings.Count(out.String(), "user.created"))
}

func TestPrintable_KeepsWhatAClientSentFromSteeringTheTerminal(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a[31mb ümlaut", printable("a\x1b[31mb\r\n ümlaut\u202e\u009b"))
}
