package cost

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gateway is an HTTP gateway that remembers the newest code of each number.
type gateway struct {
	mu    sync.Mutex
	codes map[string]string
}

// ServeHTTP takes a message.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct{ To, Text string }
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.codes[message.To] = regexp.MustCompile(`\b[0-9]{6}\b`).FindString(message.Text)
}

func (g *gateway) code(number string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.codes[number]
}

func TestSMSOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	g := &gateway{codes: map[string]string{}}
	receiver := httptest.NewServer(g)
	t.Cleanup(receiver.Close)
	proxy, extra := newProxy(t), withStaticKey(t)
	extra["AUTH_SMS_PASSWORDLESS_ENABLED"], extra["AUTH_SMS_PROVIDER"] = "true", "http"
	extra["AUTH_SMS_HTTP_URL"] = receiver.URL
	client, _ := start(t, proxy, extra)
	post := func(want int, path, number, code string) {
		body := map[string]string{"phoneNumber": number}
		if code != "" {
			body["otp"] = code
		}
		_, err := client.Call(want, http.MethodPost, path, "", body)
		require.NoError(t, err)
	}
	for visit := range samples {
		number := fmt.Sprintf("+1202555%04d", visit)
		const ask, give, guess = 3, 7, 2
		for _, who := range []string{"new", "known"} {
			costs(t, proxy, ask, func() { post(http.StatusOK, "/signin/passwordless/sms", number, "") })
			require.NotEmpty(t, g.code(number), who)
			costs(t, proxy, guess, func() { post(http.StatusBadRequest, "/signin/passwordless/sms/otp", number, wrongCode(g.code(number))) })
			costs(t, proxy, give, func() { post(http.StatusOK, "/signin/passwordless/sms/otp", number, g.code(number)) })
		}
	}
}

func wrongCode(right string) string {
	if right == "000000" {
		return "000001"
	}
	return "000000"
}
