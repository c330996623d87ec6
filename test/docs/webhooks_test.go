package docs_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/webhook"
	"github.com/hexauth/hexauth/domain"
)

func TestWebhooks_TheReceiverOfTheGuideTakesWhatIsGenuine(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "webhooks.md"))
	require.NoError(t, err)
	code := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(document)
	require.NotNil(t, code)
	file := filepath.Join(t.TempDir(), "receiver.js")
	require.NoError(t, os.WriteFile(file, code[1], 0o600))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)

	node := exec.CommandContext(t.Context(), "node", file)
	node.Env = append(os.Environ(), "PORT="+port, "WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
	var out strings.Builder
	node.Stdout, node.Stderr = &out, &out
	require.NoError(t, node.Start())
	stop := func() { _, _ = node.Process.Kill(), node.Wait() }
	defer stop()
	url := "http://" + address + "/"
	require.Eventually(t, func() bool {
		answer, err := http.Post(url, "application/json", strings.NewReader(`{"type":"forged"}`))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusUnauthorized
	}, 20*time.Second, 50*time.Millisecond, "what is not signed is refused")

	send := func(key string) error {
		sender := webhook.New(webhook.Options{
			Receivers: map[string]webhook.Receiver{"r": {URL: url, Secret: []byte(key)}}, Clock: system.Clock{}, Private: true,
			Encode: func(e domain.Event) ([]byte, error) {
				return webhook.Body(e, map[string]string{"userId": string(e.UserID)})
			},
		})
		return sender.Send(t.Context(), domain.Webhook{Name: "r"}.Message("m-1", domain.Event{Kind: domain.UserDeleted, UserID: "u-1"}))
	}
	require.EqualError(t, send("another key, of the right length"), "the receiver answered with status 401")
	require.NoError(t, send("012345678901234567890123"))
	require.NoError(t, send("012345678901234567890123"), "a repetition is taken, too")
	stop()
	require.Equal(t, "user.deleted u-1\n", out.String(), "and happens once")
}
