package rest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// A thief who has enrolled an authenticator app of their own must not get back in with it once the owner has thrown them out.
func TestEndedSession_IsNotElevatedToANewOne(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		c := newClientWith(t, setup{kit: []func(*kit.Settings){on}})
		thief := c.enrol("jane@example.com")
		code := thief.code()
		c.kit.Exec("DELETE FROM auth.refresh_tokens")
		c.refused(thief.request("/elevate/totp", `{"code":"`+code+`"}`), http.StatusUnauthorized, domain.Unauthorized)
		require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
	})
}

func TestEndedSession_IsGoodForNothingThatChangesHowTheAccountIsEntered(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	c.kit.Exec("DELETE FROM auth.refresh_tokens")
	seen := map[string]bool{}
	for path, item := range c.contract.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Security == nil || len(*operation.Security) > 1 { // administrators', and those that go without a token
				continue
			}
			_, plain := (*operation.Security)[0]["BearerAuth"]
			if plain && operation.Extensions["x-open-session"] != true {
				continue
			}
			seen[operation.OperationID] = true
			c.refused(valid(t, method, path, operation, session.AccessToken), http.StatusUnauthorized, domain.Unauthorized)
		}
	}
	for _, operation := range []string{
		"addSecurityKey", "changeUserEmail", "changeUserMfa", "createPAT", "createRecoveryCodes", "deanonymizeUser", "deletePAT", "elevateTotp",
		"elevateWebauthn", "endOtherSessions", "endSession", "getProviderTokens", "linkIdToken", "removeSecurityKey", "unlinkProvider",
		"verifyAddSecurityKey", "verifyChangeUserMfa", "verifyElevateWebauthn",
	} {
		require.True(t, seen[operation], operation)
	}
	require.Len(t, seen, 18)
}

// slowly is a body that arrives only after something has happened.
type slowly struct {
	happens func()
	body    io.Reader
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.happens != nil {
		s.happens()
		s.happens = nil
	}
	return s.body.Read(p)
}

// Whoever decides how slowly a request arrives must not get past the moment at which they are thrown out.
func TestEndedSession_ARequestThatArrivesSlowlyIsTooLate(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		c := newClientWith(t, setup{kit: []func(*kit.Settings){on}})
		session := c.signUp("jane@example.com")
		expiry := c.kit.Clock.Now().Add(time.Hour).Format(time.RFC3339)
		for path, body := range map[string]string{
			"/pat":               fmt.Sprintf(`{"expiresAt":%q}`, expiry),
			"/user/email/change": `{"newEmail":"thief@example.com"}`,
			"/user/password":     `{"newPassword":"of the thief's choice"}`,
		} {
			late := request{method: http.MethodPost, path: path, bearer: session.AccessToken, stream: &slowly{
				func() { c.kit.Exec("DELETE FROM auth.refresh_tokens") }, strings.NewReader(body),
			}}
			c.refused(late, http.StatusUnauthorized, domain.Unauthorized)
			require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
			require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users WHERE new_email IS NOT NULL"))
			session = *decode[api.SignInEmailPasswordResponse](c.mustPost("/signin/email-password", credentials("jane@example.com", kit.Password))).Session
		}
	})
}
