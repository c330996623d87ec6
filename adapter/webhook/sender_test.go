package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/webhook"
	"github.com/hexauth/hexauth/domain"
)

const noon = 1772366400 // 2026-03-01T12:00:00Z

type clock struct{}

func (clock) Now() time.Time { return time.Unix(noon, 0).UTC() }

// key signs.
func key() []byte { return []byte("a key of thirty-two bytes, exact") }

func message(to string) domain.Message {
	event := domain.Event{ID: "e-1", Kind: domain.SignInFailed, At: clock{}.Now(), Actor: domain.ActorClient, UserID: "u-1"}
	return domain.Webhook{Name: to}.Message("m-1", event)
}

func encode(e domain.Event) ([]byte, error) { return webhook.Body(e, map[string]string{"id": e.ID}) }

// sender may reach receivers on this machine where private is true.
func sender(private bool, urls ...string) *webhook.Sender {
	receivers := map[string]webhook.Receiver{}
	for _, u := range urls {
		receivers[u] = webhook.Receiver{URL: u, Secret: key()}
	}
	return webhook.New(webhook.Options{Receivers: receivers, Clock: clock{}, Encode: encode, Private: private})
}

func receiver(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// verified is what the specification of Standard Webhooks tells receivers to do, and nothing of this package.
func verified(h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, key())
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(h.Get("webhook-signature")))
}

func TestSend_SignsAsStandardWebhooksSays(t *testing.T) {
	var header http.Header
	var body []byte
	to := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	require.NoError(t, sender(true, to).Send(t.Context(), message(to)))
	require.True(t, verified(header, body))
	require.Equal(t, []string{"m-1", strconv.Itoa(noon), "application/json"},
		[]string{header.Get("webhook-id"), header.Get("webhook-timestamp"), header.Get("content-type")})
	var content any
	require.NoError(t, json.Unmarshal(body, &content))
	require.Equal(t, map[string]any{"type": "sign_in.failed", "timestamp": "2026-03-01T12:00:00Z", "data": map[string]any{"id": "e-1"}}, content)
}

func TestSign_GivesTheSignatureOfTheSpecificationsExample(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	require.Equal(t, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		webhook.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)))
}

func TestSend_ReachesNothingThatIsNotPublic(t *testing.T) {
	reached := false
	local := receiver(t, func(http.ResponseWriter, *http.Request) { reached = true })
	port := local[strings.LastIndex(local, ":"):]
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "10.0.0.1",
		"172.16.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
	} {
		to := "http://" + host + port + "/path-secret?query-secret"
		err := sender(false, to).Send(t.Context(), message(to))
		require.ErrorContains(t, err, "not a public one", host)
		require.NotContains(t, err.Error(), "secret", host)
	}
	for _, odd := range []string{"http://2130706433" + port, "http://0x7f000001" + port, "http://0177.0.0.1" + port, "http://127.1" + port} {
		require.Error(t, sender(false, odd).Send(t.Context(), message(odd)), odd)
	}
	require.False(t, reached)
}

// A name whose address changes after somebody has looked at it: the one that is dialled counts.
func TestSend_LooksAtTheAddressThatANameLeadsTo(t *testing.T) {
	addresses, err := net.DefaultResolver.LookupHost(t.Context(), "localhost")
	require.NoError(t, err)
	require.NotEmpty(t, addresses)
	to := "http://localhost:9/"
	require.ErrorContains(t, sender(false, to).Send(t.Context(), message(to)), "not a public one")
}

func TestSend_FollowsNoRedirect(t *testing.T) {
	reached := false
	inside := receiver(t, func(http.ResponseWriter, *http.Request) { reached = true })
	for _, status := range []int{301, 302, 303, 307, 308} {
		to := receiver(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, status) })
		require.EqualError(t, sender(true, to).Send(t.Context(), message(to)), fmt.Sprintf("the receiver answered with status %d", status))
	}
	require.False(t, reached)
}

func TestSend_UsesNoProxyOfTheEnvironment(t *testing.T) {
	reached := false
	proxy := receiver(t, func(http.ResponseWriter, *http.Request) { reached = true })
	t.Setenv("HTTP_PROXY", proxy)
	to := "http://10.255.255.1:9/"
	require.ErrorContains(t, sender(false, to).Send(t.Context(), message(to)), "not a public one")
	require.False(t, reached)
}

func TestSend_AReceiverThatRefusesIsAnError(t *testing.T) {
	for _, status := range []int{400, 401, 404, 410, 429, 500, 503} {
		to := receiver(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "internal-detail", status) })
		require.EqualError(t, sender(true, to).Send(t.Context(), message(to)), fmt.Sprintf("the receiver answered with status %d", status))
	}
}

func TestSend_ReadsNoHugeAnswerAndWaitsForNoSlowOne(t *testing.T) {
	endless := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	began := time.Now()
	require.NoError(t, sender(true, endless).Send(t.Context(), message(endless)), "its status was good, nobody asked for more")
	require.Less(t, time.Since(began), 5*time.Second)

	headers := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) })
	require.Error(t, sender(true, headers).Send(t.Context(), message(headers)))

	release := make(chan struct{})
	slow := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, sender(true, slow).Send(ctx, message(slow)), context.DeadlineExceeded)
}

func TestSend_KnowsOnlyURLsOfTheConfiguration(t *testing.T) {
	to := receiver(t, func(http.ResponseWriter, *http.Request) {})
	require.ErrorContains(t, sender(true).Send(t.Context(), message(to)), "AUTH_WEBHOOKS")
}

func TestPublic_IsWhatTheInternetRoutes(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true, "2002:808:808::": true,
		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "10.1.2.3": false, "172.31.0.1": false,
		"172.32.0.1": true, "192.168.0.1": false, "169.254.169.254": false, "fd00:ec2::254": false, "fe80::1%eth0": false, "100.127.255.255": false,
		"100.128.0.1": true, "0.0.0.0": false, "::": false, "224.0.0.1": false, "255.255.255.255": false, "ff02::1": false, "2001:db8::1": false,
		"2001::1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "198.18.0.1": false, "203.0.113.7": false, "fec0::1": false, "240.0.0.1": false,
	} {
		require.Equal(t, want, webhook.Public(netip.MustParseAddr(address)), address)
	}
}

// FuzzPublic reads addresses that names of receivers lead to.
func FuzzPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		address, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		if webhook.Public(address) {
			require.False(t, address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified() || address.IsMulticast())
			_, err := url.Parse("http://" + netip.AddrPortFrom(address, 80).String())
			require.NoError(t, err)
		}
	})
}
