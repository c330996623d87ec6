package rest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// Somewhere else a field that nobody had thought of made its sender's address verified.
func TestBody_NoOperationTakesAFieldThatItDoesNotHave(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	session, tried := c.signUp("jane@example.com"), 0
	for path, item := range c.contract.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil || operation.OperationID == "signOut" { // clients have always sent it more than it reads
				continue
			}
			if operation.RequestBody.Value.Content["application/json"] == nil {
				continue
			}
			r := valid(t, method, path, operation, session.AccessToken)
			r.body = strings.Replace(`{"isVerified":true,`+strings.TrimPrefix(r.body, "{"), ",}", "}", 1)
			if strings.HasPrefix(path, "/admin/") {
				r.bearer, r.header = "", withSecret("X-Hexauth-Admin-Secret", adminSecret)
			}
			require.Equal(t, "isVerified", c.refused(r, http.StatusBadRequest, domain.SchemaValidation).Field, operation.OperationID)
			tried++
		}
	}
	require.Greater(t, tried, 30)
}

// What is good for something else is no access token: it is refused, and never taken for a visitor without one.
func TestBearer_ASecretOfAnotherUseIsNone(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	session := b.signUp("jane@example.com")
	expiry := b.kit.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	pat := decode[api.CreatePATResponse](b.do(request{method: http.MethodPost, path: "/pat", bearer: session.AccessToken, body: fmt.Sprintf(`{"expiresAt":%q}`, expiry)}))
	departed, err := url.Parse(b.depart("/signin/provider/github"))
	require.NoError(t, err)
	b.mustPost("/user/password/reset", `{"email":"jane@example.com"}`)
	ticket, err := url.Parse(b.kit.LastMail().Link)
	require.NoError(t, err)
	for name, secret := range map[string]string{
		"refresh token": session.RefreshToken, "personal access token": pat.PersonalAccessToken, "state": departed.Query().Get("state"),
		"ticket": ticket.Query().Get("ticket"), "password": kit.Password, "user id": session.User.ID,
	} {
		require.NotEmpty(t, secret, name)
		b.refused(request{method: http.MethodGet, path: "/user", bearer: secret}, http.StatusUnauthorized, domain.Unauthorized)
		b.refused(request{method: http.MethodPost, path: "/pat", bearer: secret, body: fmt.Sprintf(`{"expiresAt":%q}`, expiry)}, http.StatusUnauthorized, domain.Unauthorized)
	}
}
