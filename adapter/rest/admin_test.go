package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

const adminSecret = "the-secret-of-administrators-for-tests"

func newAdmin(t testing.TB, changes ...func(*kit.Settings)) *client {
	return newClientWith(t, setup{kit: append(changes, func(s *kit.Settings) { s.AdminKey = adminSecret })})
}

func withSecret(name, secret string) http.Header { return http.Header{name: {secret}} }

// asAdmin sends a request with the secret.
func (c *client) asAdmin(method, path, body string) response {
	c.t.Helper()
	return c.do(request{method: method, path: path, body: body, header: withSecret("X-Hexauth-Admin-Secret", adminSecret)})
}

// mustAdmin is asAdmin for a request that must succeed.
func (c *client) mustAdmin(method, path, body string) response {
	c.t.Helper()
	got := c.asAdmin(method, path, body)
	require.Equal(c.t, http.StatusOK, got.status, got.body)
	return got
}

// refusedAdmin is refused for an administrator.
func (c *client) refusedAdmin(method, path, body string, status int, code domain.Code) failure {
	c.t.Helper()
	return c.refused(request{method: method, path: path, body: body, header: withSecret("X-Hexauth-Admin-Secret", adminSecret)}, status, code)
}

// administrative are the operations below /admin, each as a request that the contract allows.
func administrative(t testing.TB, c *client) map[string]request {
	t.Helper()
	requests := map[string]request{}
	for path, item := range c.contract.Paths.Map() {
		for method, operation := range item.Operations() {
			if strings.HasPrefix(path, "/admin/") {
				requests[operation.OperationID] = valid(t, method, path, operation, "")
			}
		}
	}
	require.Len(t, requests, 9)
	return requests
}

func TestAdmin_EveryOperationDemandsTheSecretInOneOfTwoHeaders(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	session := c.signUp("jane@example.com")
	for name, r := range administrative(t, c) {
		for _, header := range []http.Header{
			nil, withSecret("X-Hexauth-Admin-Secret", ""), withSecret("X-Hexauth-Admin-Secret", adminSecret[:len(adminSecret)-1]),
			withSecret("X-Hasura-Admin-Secret", strings.ToUpper(adminSecret)), withSecret("X-Admin-Secret", adminSecret),
			{"X-Hexauth-Admin-Secret": {adminSecret, "another"}}, {"X-Hexauth-Admin-Secret": {adminSecret}, "X-Hasura-Admin-Secret": {"another"}},
		} {
			r.header, r.bearer = header, session.AccessToken
			c.refused(r, http.StatusUnauthorized, domain.InvalidAdminSecret)
		}
		for _, header := range []string{"X-Hexauth-Admin-Secret", "X-Hasura-Admin-Secret"} {
			r.header, r.bearer = withSecret(header, adminSecret), ""
			got := c.do(r)
			if got.status != http.StatusOK {
				require.NotContains(t, []api.ErrorResponseError{"invalid-admin-secret", "disabled-endpoint"}, got.failure().Error, name)
			}
		}
	}
}

func TestAdmin_WithoutASecretConfiguredNothingIsThere(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, r := range administrative(t, c) {
		for _, secret := range []string{"", adminSecret} {
			r.header = withSecret("X-Hexauth-Admin-Secret", secret)
			c.refused(r, http.StatusConflict, domain.DisabledEndpoint)
		}
	}
}

func TestAdmin_TheSecretIsAskedForBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	c.refused(request{method: http.MethodPost, path: "/admin/users", body: `{"nonsense":`}, http.StatusUnauthorized, domain.InvalidAdminSecret)
	c.refused(request{method: http.MethodGet, path: "/admin/users/no-uuid"}, http.StatusUnauthorized, domain.InvalidAdminSecret)
}

func TestAdmin_TheSecretIsOfNoUseElsewhere(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	c.refused(request{method: http.MethodGet, path: "/user", header: withSecret("X-Hasura-Admin-Secret", adminSecret)}, http.StatusUnauthorized, domain.Unauthorized)
	c.refused(request{method: http.MethodGet, path: "/user", bearer: adminSecret}, http.StatusUnauthorized, domain.Unauthorized)
}

func TestAdmin_AUserIsCreatedShownChangedAndDeleted(t *testing.T) {
	t.Parallel()
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		c := newAdmin(t, on)
		created := decode[api.AdminUser](c.mustAdmin(http.MethodPost, "/admin/users", `{"email":"Jane@example.com","password":"`+kit.Password+`","emailVerified":true,
			"displayName":"Jane <Doe>","locale":"gsw","roles":["editor","user"],"defaultRole":"editor","metadata":{"n":12345678901234567890}}`))
		require.JSONEq(t, `{"n":12345678901234567890}`, string(created.Metadata))
		require.True(t, created.HasPassword)
		require.Equal(t, []string{"editor", "user"}, created.Roles)
		require.Nil(t, created.LastSeenAt)
		path := "/admin/users/" + created.ID
		require.Equal(t, created, decode[api.AdminUser](c.mustAdmin(http.MethodGet, path, "")))

		session := sessionIn(c.post("/signin/email-password", credentials("jane@example.com", kit.Password)))
		require.Equal(t, "gsw", session.User.Locale)
		changed := decode[api.AdminUser](c.mustAdmin(http.MethodPatch, path, `{"displayName":"","metadata":null,"roles":["user"],"locale":"de"}`))
		require.NotNil(t, changed.LastSeenAt)
		changed.LastSeenAt, changed.UpdatedAt = nil, created.UpdatedAt
		created.DisplayName, created.Metadata, created.Roles, created.DefaultRole, created.Locale = "", []byte("null"), []string{"user"}, "user", "de"
		require.Equal(t, created, changed)

		sessions := decode[api.ListSessionsResponse](c.mustAdmin(http.MethodGet, path+"/sessions", "")).Sessions
		require.Len(t, sessions, 1)
		require.Equal(t, session.RefreshTokenID, sessions[0].ID)
		require.False(t, sessions[0].Current)
		c.mustAdmin(http.MethodPatch, path, `{"disabled":true}`)
		c.refusedPost("/token", refresh(session.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
		c.refusedPost("/signin/email-password", credentials("jane@example.com", kit.Password), http.StatusUnauthorized, domain.DisabledUser)
		c.mustAdmin(http.MethodPatch, path, `{"disabled":false}`)
		c.mustAdmin(http.MethodPost, path+"/password", `{"password":"another horse battery"}`)
		sessionIn(c.post("/signin/email-password", credentials("jane@example.com", "another horse battery")))
		export := c.mustAdmin(http.MethodGet, path+"/export", "")
		require.Equal(t, "Jane@example.com", decode[api.AdminExport](export).User.Email)
		require.NotContains(t, export.body, "$")

		c.mustAdmin(http.MethodDelete, path, "")
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			c.refusedAdmin(method, path, "", http.StatusNotFound, domain.NotFound)
		}
		c.refusedPost("/signin/email-password", credentials("jane@example.com", "another horse battery"), http.StatusUnauthorized, domain.InvalidEmailPassword)
	})
}

func TestAdmin_SessionsAreEndedOneOrAll(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	first := c.signUp("jane@example.com")
	second := sessionIn(c.post("/signin/email-password", credentials("jane@example.com", kit.Password)))
	path := "/admin/users/" + first.User.ID + "/sessions"
	c.refusedAdmin(http.MethodDelete, path+"?session="+unknownToken, "", http.StatusNotFound, domain.NotFound)
	require.Equal(t, "session", c.refusedAdmin(http.MethodDelete, path+"?session=x", "", http.StatusBadRequest, domain.SchemaValidation).Field)
	c.mustAdmin(http.MethodDelete, path+"?session="+first.RefreshTokenID, "")
	c.refusedPost("/token", refresh(first.RefreshToken), http.StatusUnauthorized, domain.InvalidRefreshToken)
	require.Equal(t, http.StatusOK, c.post("/token", refresh(second.RefreshToken)).status)
	c.mustAdmin(http.MethodDelete, path+"?tokens=true", "")
	require.Empty(t, decode[api.ListSessionsResponse](c.mustAdmin(http.MethodGet, path, "")).Sessions)
}

func TestAdmin_AListGoesOnFromItsCursorAndASearchFindsBeginnings(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	want := map[string]bool{}
	for i := range 5 {
		want[c.signUp(fmt.Sprintf("user%d@example.com", i)).User.ID] = true
	}
	got, cursor := map[string]bool{}, ""
	for range 10 {
		page := decode[api.AdminListUsersResponse](c.mustAdmin(http.MethodGet, "/admin/users?limit=2&cursor="+cursor, ""))
		for _, user := range page.Users {
			require.False(t, got[user.ID])
			got[user.ID] = true
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
	found := decode[api.AdminListUsersResponse](c.mustAdmin(http.MethodGet, "/admin/users?search=USER3%40", ""))
	require.Len(t, found.Users, 1)
	require.Equal(t, "user3@example.com", found.Users[0].Email)
	require.JSONEq(t, `{"users":[]}`, c.mustAdmin(http.MethodGet, "/admin/users?search=nobody", "").body)
	for query, field := range map[string]string{"limit=0": "limit", "limit=201": "limit", "limit=few": "limit", "search=" + strings.Repeat("x", 255): "search"} {
		failure := c.asAdmin(http.MethodGet, "/admin/users?"+query, "").failure()
		require.Equal(t, field, failure.Field, query)
		require.Equal(t, http.StatusBadRequest, failure.Status)
	}
	require.Equal(t, "cursor", c.refusedAdmin(http.MethodGet, "/admin/users?cursor=AAAA", "", http.StatusBadRequest, domain.InvalidRequest).Field)
}

func TestAdmin_BadInputIsNamed(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	session := c.signUp("ann@example.com")
	for body, want := range map[string]struct {
		field string
		code  domain.Code
	}{
		`{}`:                         {"email", domain.SchemaValidation},
		`{"email":"not an address"}`: {"email", domain.SchemaValidation},
		`{"email":"joe@example.com","roles":["a,b"]}`:                                         {"roles", domain.InvalidRequest},
		`{"email":"joe@example.com","displayName":"a\u0007b"}`:                                {"displayName", domain.InvalidRequest},
		`{"email":"joe@example.com","locale":"en-US"}`:                                        {"locale", domain.SchemaValidation},
		`{"email":"joe@example.com","admin":true}`:                                            {"admin", domain.SchemaValidation},
		`{"email":"joe@example.com","password":"` + strings.Repeat("x", 51) + `"}`:            {"password", domain.SchemaValidation},
		`{"email":"joe@example.com","metadata":[]}`:                                           {"metadata", domain.SchemaValidation},
		`{"email":"joe@example.com","defaultRole":"nobody-has-it"}`:                           {"", domain.DefaultRoleMustBeInAllowedRoles},
		`{"email":"joe@example.com","password":"short"}`:                                      {"", domain.PasswordTooShort},
		`{"email":"joe@example.com","metadata":{"a":"` + strings.Repeat("\\u0000", 1) + `"}}`: {"metadata.a", domain.SchemaValidation},
	} {
		failure := c.refusedAdmin(http.MethodPost, "/admin/users", body, http.StatusBadRequest, want.code)
		if want.field != "" {
			require.Equal(t, want.field, failure.Field, body)
		}
	}
	c.refusedAdmin(http.MethodPost, "/admin/users", `{"email":"ANN@example.com"}`, http.StatusConflict, domain.EmailAlreadyInUse)
	path := "/admin/users/" + session.User.ID
	require.Equal(t, "body", c.refusedAdmin(http.MethodPatch, path, `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "email", c.refusedAdmin(http.MethodPatch, path, `{"email":null}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	require.Equal(t, "defaultRole", c.refusedAdmin(http.MethodPatch, path, `{"defaultRole":7}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	c.refusedAdmin(http.MethodPatch, path, `{"defaultRole":"nobody"}`, http.StatusBadRequest, domain.DefaultRoleMustBeInAllowedRoles)
	c.refusedAdmin(http.MethodPost, path+"/password", `{"password":"short"}`, http.StatusBadRequest, domain.PasswordTooShort)
}

func TestAdmin_ErrorsAreNeverConcealedFromWhoKnowsTheSecret(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{
		kit:     []func(*kit.Settings){func(s *kit.Settings) { s.AdminKey = adminSecret }},
		options: func(o *rest.Options) { o.ConcealErrors = true },
	})
	c.signUp("jane@example.com")
	c.refusedAdmin(http.MethodPost, "/admin/users", `{"email":"jane@example.com"}`, http.StatusConflict, domain.EmailAlreadyInUse)
	c.refused(request{method: http.MethodPost, path: "/admin/users", body: `{"email":"jane@example.com"}`}, http.StatusUnauthorized, domain.InvalidAdminSecret)
}

func TestAdmin_APreflightMayAskForPatch(t *testing.T) {
	t.Parallel()
	c := newAdmin(t)
	got := c.do(request{method: http.MethodOptions, path: "/admin/users/" + unknownToken, header: http.Header{
		"Origin": {"https://admin.example.com"}, "Access-Control-Request-Method": {"PATCH"}, "Access-Control-Request-Headers": {"x-hexauth-admin-secret"},
	}})
	require.Equal(t, "POST, GET, PATCH", got.header.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "x-hexauth-admin-secret", got.header.Get("Access-Control-Allow-Headers"))
}
