package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

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
