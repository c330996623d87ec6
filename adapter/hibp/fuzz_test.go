package hibp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/hibp"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzContains reads answers of Have I Been Pwned. A password is known only where a line says so with a count.
func FuzzContains(f *testing.F) {
	for _, body := range []string{others + suffix + ":5", suffix + ":0", strings.ToLower(suffix) + ":1\n", suffix, ":", "\r\n\r\n", others + "x", suffix + ":99999999999999999999", suffix + ":-1"} {
		f.Add(200, []byte(body))
	}
	f.Add(429, []byte("3"))
	f.Add(503, []byte(suffix+":1"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status/100 == 3 {
			return
		}
		slept := time.Duration(0)
		p, err := hibp.New(hibp.Options{
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: body} }).Client(),
			Sleep:  func(_ context.Context, pause time.Duration) error { slept += pause; return nil },
		})
		require.NoError(t, err)
		known, err := p.Contains(t.Context(), "password")
		require.LessOrEqual(t, slept, 9*time.Second)
		if err != nil {
			require.False(t, known)
			require.NotContains(t, strings.ToUpper(err.Error()), suffix)
			require.NotContains(t, err.Error(), "5BAA6")
			require.Less(t, len(err.Error()), 200)
			return
		}
		require.Equal(t, http.StatusOK, status)
		if known {
			require.Contains(t, strings.ToUpper(string(body)), suffix+":")
		}
	})
}
