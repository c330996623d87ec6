package rest_test

import (
	"net/http"
	"testing"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// elevationClient serves below /v1, as most deployments do, under a policy.
func elevationClient(t testing.TB, policy domain.ElevationPolicy, on ...func(*kit.Settings)) *client {
	return newClientWith(t, setup{
		kit:     append(on, func(s *kit.Settings) { s.Elevation = policy }),
		options: func(o *rest.Options) { o.Prefix = "/v1" },
	})
}

// elevated returns a token of the user that says of whom the user is proven.
func elevated(t testing.TB, c *client, user, of string) string {
	return forged(t, c, user, kitKey, gojwt.MapClaims{"https://hasura.io/jwt/claims": map[string]any{
		"x-hasura-allowed-roles": []string{"user"}, "x-hasura-default-role": "user", "x-hasura-user-id": user,
		"x-hasura-user-is-anonymous": "false", "x-hasura-auth-elevated": of,
	}})
}

func giveKey(c *client, user string) {
	c.kit.Exec(`INSERT INTO auth.user_security_keys (id, user_id, credential_id, credential_public_key, counter, transports)
		VALUES ('6f0f3c1e-0000-4000-8000-000000000001', '` + user + `', 'a-key', '\x00', 0, '')`)
}

func giveTOTP(c *client, user string) {
	c.kit.Exec(`UPDATE auth.users SET active_mfa_type = 'totp' WHERE id = '` + user + `'`)
}

// sensitive are the operations that the elevation protects, each with a body that the contract allows.
func sensitive(t testing.TB, c *client, mfa bool) map[string]request {
	t.Helper()
	requests := map[string]request{}
	for path, item := range c.contract.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Security == nil {
				continue
			}
			for scheme := range (*operation.Security)[0] {
				if scheme == "BearerAuthElevated" && !mfa || scheme == "BearerAuthElevatedMFA" && mfa {
					requests[operation.OperationID] = valid(t, method, "/v1"+path, operation, "")
				}
			}
		}
	}
	return requests
}

func TestElevation_CoversWhatTheContractSays(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	covered := sensitive(t, c, false)
	for _, operation := range []string{"createPAT", "linkIdToken", "changeUserEmail", "changeUserPassword", "addSecurityKey", "verifyAddSecurityKey"} {
		require.Contains(t, covered, operation)
	}
	ofMFA := sensitive(t, c, true)
	require.Len(t, ofMFA, 2)
	require.Contains(t, ofMFA, "changeUserMfa")
	require.Contains(t, ofMFA, "verifyChangeUserMfa")
}

// demanded tells whether a request is refused for want of elevation.
func (c *client) demanded(r request, bearer string) bool {
	c.t.Helper()
	r.bearer = bearer
	got := c.do(r)
	if got.status < 400 {
		return false
	}
	failure := got.failure()
	if failure.Error != "elevated-claim-required" {
		return false
	}
	require.Equal(c.t, http.StatusUnauthorized, got.status)
	require.Equal(c.t, `Bearer error="insufficient_user_authentication"`, got.header.Get("WWW-Authenticate"))
	return true
}

func TestElevation_DisabledAsksNobody(t *testing.T) {
	t.Parallel()
	c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationDisabled, MFA: true})
	session := c.signUp("jane@example.com")
	giveKey(c, session.User.ID)
	for name, r := range sensitive(t, c, false) {
		require.False(t, c.demanded(r, session.AccessToken), name)
	}
}

func TestElevation_RecommendedAsksWhoHasAKey(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationRecommended}, on)
		jane, joe := c.signUp("jane@example.com"), c.signUp("joe@example.com")
		giveKey(c, jane.User.ID)
		giveTOTP(c, joe.User.ID)
		for name, r := range sensitive(t, c, false) {
			if name == "changeUserPassword" {
				continue // a token that is not elevated counts as none there
			}
			require.True(t, c.demanded(r, jane.AccessToken), name)
			require.False(t, c.demanded(r, joe.AccessToken), name)
			require.False(t, c.demanded(r, elevated(t, c, jane.User.ID, jane.User.ID)), name)
			require.True(t, c.demanded(r, elevated(t, c, jane.User.ID, joe.User.ID)), name)
		}
		for name, r := range sensitive(t, c, true) {
			require.False(t, c.demanded(r, jane.AccessToken), name)
		}
	})
}

func TestElevation_TOTPTakesPartWhereConfigured(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationRecommended, MFA: true}, on)
		jane, joe := c.signUp("jane@example.com"), c.signUp("joe@example.com")
		giveTOTP(c, jane.User.ID)
		for _, mfa := range []bool{false, true} {
			for name, r := range sensitive(t, c, mfa) {
				if name == "changeUserPassword" {
					continue
				}
				require.True(t, c.demanded(r, jane.AccessToken), name)
				require.False(t, c.demanded(r, elevated(t, c, jane.User.ID, jane.User.ID)), name)
				require.False(t, c.demanded(r, joe.AccessToken), name)
			}
		}
	})
}

func TestElevation_RequiredAsksEverybodyButWhoAddsTheFirstFactor(t *testing.T) {
	t.Parallel()
	c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationRequired, MFA: true})
	fresh, keyed := c.signUp("jane@example.com"), c.signUp("joe@example.com")
	giveKey(c, keyed.User.ID)
	enrols := map[string]bool{"addSecurityKey": true, "verifyAddSecurityKey": true, "changeUserMfa": true, "verifyChangeUserMfa": true}
	for _, mfa := range []bool{false, true} {
		for name, r := range sensitive(t, c, mfa) {
			if name == "changeUserPassword" {
				continue
			}
			require.Equal(t, !enrols[name], c.demanded(r, fresh.AccessToken), name)
			require.True(t, c.demanded(r, keyed.AccessToken), name)
		}
	}
}

func TestElevation_APasswordIsNotChangedByATokenThatIsNotElevated(t *testing.T) {
	t.Parallel()
	c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationRequired})
	session := c.signUp("jane@example.com")
	change := request{method: http.MethodPost, path: "/v1/user/password", body: `{"newPassword":"another horse battery"}`, bearer: session.AccessToken}
	require.Equal(t, "ticket", c.refused(change, http.StatusBadRequest, domain.InvalidRequest).Field)
	change.bearer = elevated(t, c, session.User.ID, session.User.ID)
	require.Equal(t, http.StatusOK, c.do(change).status)
}

func TestElevation_ADatabaseThatIsAwayElevatesNobody(t *testing.T) {
	t.Parallel()
	c := elevationClient(t, domain.ElevationPolicy{Mode: domain.ElevationRecommended})
	session := c.signUp("jane@example.com")
	c.kit.Store.Close()
	for _, path := range []string{"/v1/pat", "/v1/user/password"} {
		r := request{method: http.MethodPost, path: path, bearer: session.AccessToken, body: `{"newPassword":"another horse battery"}`}
		got := c.serve(r.http())
		require.GreaterOrEqual(t, got.status, 500, path)
	}
}
