package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/test/providers"
)

func TestRun_SaysWhereTheProvidersAreAndEndsWithItsInput(t *testing.T) {
	stdin, closeInput := io.Pipe()
	lines, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(stdin, stdout) }()
	line, err := bufio.NewReader(lines).ReadString('\n')
	require.NoError(t, err)
	var now running
	require.NoError(t, json.Unmarshal([]byte(line), &now))

	cfg, err := config.Load(now.Environment)
	require.NoError(t, err)
	names := []string{}
	for name := range cfg.Providers.Enabled() {
		names = append(names, name)
		require.Contains(t, now.URLs, name)
	}
	require.Equal(t, providers.Names(), names)

	for body, status := range map[string]int{`{"Email":"joe@example.com","Attested":"no"}`: http.StatusNoContent, `{"Attested":"maybe"}`: http.StatusBadRequest, `nobody`: http.StatusBadRequest} {
		put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, now.URLs["google"]+"/person", strings.NewReader(body))
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(put)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode)
	}
	require.NoError(t, closeInput.Close())
	require.NoError(t, <-ended)
}
