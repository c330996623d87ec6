package reliability

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/proc"
)

func TestKill_BetweenTheHalvesOfACeremonyLosesNothing(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, _ := database.open(t)
			env := environment(url, "AUTH_WEBAUTHN_ENABLED", "true", "AUTH_CLIENT_URL", "https://app.example.com")
			server := proc.Start(t, env)
			// half sends a request to the server as it is, which then dies and is started again.
			half := func(path string, body any) []byte {
				got := mustStatus(t, http.StatusOK)(newClient(t, server.URL).post(path, body))
				server.Kill()
				server = proc.Start(t, env)
				return got.body
			}
			finish := func(path string, credential []byte) (answer, error) {
				return newClient(t, server.URL).post(path, map[string]json.RawMessage{"credential": credential})
			}
			key := authenticator.ES256("https://app.example.com", "app.example.com", address())
			key.Counts = true
			signedUp := mustSession(t)(finish("/signup/webauthn/verify", key.Create(half("/signup/webauthn", map[string]string{"email": address()}))))
			answer := key.Get(half("/signin/webauthn", map[string]string{}))
			signedIn := mustSession(t)(finish("/signin/webauthn/verify", answer))
			require.NotEqual(t, signedUp.ID, signedIn.ID)
			server.Kill() // an answer that was taken stays taken
			server = proc.Start(t, env)
			mustStatus(t, http.StatusBadRequest)(finish("/signin/webauthn/verify", answer))
			require.Equal(t, 0, server.Stop())
		})
	}
}
