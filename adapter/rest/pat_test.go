package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func TestPAT_IsMadeListedUsedAndRevoked(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	expiry := c.kit.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	made := decode[api.CreatePATResponse](c.do(request{
		method: http.MethodPost, path: "/pat", bearer: session.AccessToken, body: fmt.Sprintf(`{"expiresAt":%q,"metadata":{"n":12345678901234567890}}`, expiry),
	}))
	listed := c.do(request{method: http.MethodGet, path: "/pat", bearer: session.AccessToken})
	require.Equal(t, http.StatusOK, listed.status)
	require.NotContains(t, listed.body, made.PersonalAccessToken)
	var list api.ListPATsResponse
	require.NoError(t, json.Unmarshal([]byte(listed.body), &list))
	require.Equal(t, made.ID, list.PersonalAccessTokens[0].ID)
	require.JSONEq(t, `{"n":12345678901234567890}`, string(list.PersonalAccessTokens[0].Metadata))
	c.mustPost("/signin/pat", fmt.Sprintf(`{"personalAccessToken":%q}`, made.PersonalAccessToken))
	revoke := request{method: http.MethodDelete, path: "/pat/" + made.ID, bearer: session.AccessToken}
	require.Equal(t, http.StatusOK, c.do(revoke).status)
	c.refused(revoke, http.StatusNotFound, domain.NotFound)
	c.refusedPost("/signin/pat", fmt.Sprintf(`{"personalAccessToken":%q}`, made.PersonalAccessToken), http.StatusUnauthorized, domain.InvalidPAT)
}

func TestPAT_BadExpiriesAreNamed(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	session := c.signUp("jane@example.com")
	for body, code := range map[string]domain.Code{
		`{}`: domain.SchemaValidation, `{"expiresAt":"tomorrow"}`: domain.SchemaValidation, `{"expiresAt":7}`: domain.SchemaValidation,
		`{"expiresAt":"2001-01-01T00:00:00Z"}`: domain.InvalidRequest,
	} {
		failure := c.refused(request{method: http.MethodPost, path: "/pat", bearer: session.AccessToken, body: body}, http.StatusBadRequest, code)
		require.Equal(t, "expiresAt", failure.Field, body)
	}
	c.refused(request{method: http.MethodDelete, path: "/pat/no-uuid", bearer: session.AccessToken}, http.StatusBadRequest, domain.SchemaValidation)
	c.refused(request{method: http.MethodGet, path: "/pat"}, http.StatusUnauthorized, domain.Unauthorized)
}

func TestSessions_AreListedAndEnded(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	first := c.signUp("jane@example.com")
	second, err := c.kit.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
	list := func() (sessions []api.OpenSession) {
		got := c.do(request{method: http.MethodGet, path: "/user/sessions", bearer: first.AccessToken})
		require.Equal(t, http.StatusOK, got.status)
		return decode[api.ListSessionsResponse](got).Sessions
	}
	current := map[string]bool{}
	for _, s := range list() {
		current[s.ID] = s.Current
	}
	require.Equal(t, map[string]bool{first.RefreshTokenID: true, string(second.ID): false}, current)
	end := request{method: http.MethodDelete, path: "/user/sessions/" + string(second.ID), bearer: first.AccessToken}
	require.Equal(t, http.StatusOK, c.do(end).status)
	c.refused(end, http.StatusNotFound, domain.NotFound)
	_, err = c.kit.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
	require.Len(t, list(), 2)
	require.Equal(t, http.StatusOK, c.do(request{method: http.MethodDelete, path: "/user/sessions", bearer: first.AccessToken}).status)
	require.Len(t, list(), 1)
}

func TestCORS_AllowsTheMethodOfOurOwnEndpointsWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	got := c.do(request{method: http.MethodOptions, path: "/user/sessions", header: http.Header{
		"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"DELETE"},
	}})
	require.Equal(t, "POST, GET, DELETE", got.header.Get("Access-Control-Allow-Methods"))
}
