package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mailboxStatus asks a server for a path under a Host header.
func mailboxStatus(t *testing.T, s *server, path, host string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(t, err)
	if host != "" {
		request.Host = host
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestMailbox_InDevelopmentShowsMailsToThisMachineAlone(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/v1"} {
		s := serve(t, inFolder(t.TempDir(), "AUTH_API_PREFIX="+prefix, "AUTH_EMAIL_PASSWORDLESS_ENABLED=true"))
		require.Contains(t, s.out.String(), prefix+"/dev/mailbox")
		status, text := s.send(http.MethodPost, prefix+"/signin/passwordless/email", "", `{"email":"jane@example.com"}`)
		require.Equal(t, http.StatusOK, status, text)
		var messages []struct{ To, Template, Link, Ticket string }
		require.Eventually(t, func() bool {
			status, text := s.send(http.MethodGet, prefix+"/dev/mailbox/messages", "", "")
			require.Equal(t, http.StatusOK, status, text)
			require.NoError(t, json.Unmarshal([]byte(text), &messages))
			return len(messages) == 1
		}, patience, 20*time.Millisecond)
		require.Equal(t, "jane@example.com", messages[0].To)
		require.Equal(t, "signin-passwordless", messages[0].Template)
		require.True(t, strings.HasPrefix(messages[0].Ticket, "passwordlessEmail:"))
		require.NotContains(t, s.out.String(), strings.TrimPrefix(messages[0].Ticket, "passwordlessEmail:"))

		for _, path := range []string{"/dev/mailbox", "/dev/mailbox/", "/dev/mailbox/messages"} {
			require.Equal(t, http.StatusOK, mailboxStatus(t, s, prefix+path, ""), path)
			require.Equal(t, http.StatusOK, mailboxStatus(t, s, prefix+path, "localhost:4000"), path)
			for _, host := range []string{"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:4000", "192.0.2.1"} {
				require.Equal(t, http.StatusForbidden, mailboxStatus(t, s, prefix+path, host), "%s of %s", path, host)
			}
		}
		if prefix != "" {
			require.Equal(t, http.StatusNotFound, mailboxStatus(t, s, "/dev/mailbox", ""))
		}
	}
}

func TestMailbox_IsNotThereInProductionOrBesideAMailServer(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{
		"production": production("sqlite://" + t.TempDir() + "/hexauth.db"),
		"with SMTP":  inFolder(t.TempDir(), "AUTH_SMTP_HOST=127.0.0.1", "AUTH_SMTP_PORT=1", "AUTH_SMTP_SENDER=noreply@example.com"),
	} {
		s := serve(t, environ)
		for _, path := range []string{"/dev/mailbox", "/dev/mailbox/", "/dev/mailbox/messages"} {
			require.Equal(t, http.StatusNotFound, mailboxStatus(t, s, path, ""), "%s: %s", name, path)
		}
		require.NotContains(t, s.out.String(), "/dev/mailbox", name)
	}
}
