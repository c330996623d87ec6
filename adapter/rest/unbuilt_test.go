package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
)

// built are the operations that this version has; all others answer disabled-endpoint.
func built() map[string]bool {
	return map[string]bool{
		"getJWKs": true, "healthCheckGet": true, "healthCheckHead": true, "getReadiness": true, "getVersion": true, "getContract": true,
		"signUpEmailPassword": true, "signInEmailPassword": true, "signInAnonymous": true, "refreshToken": true, "verifyToken": true,
		"adminCreateUser": true, "adminDeleteUser": true, "adminEndSessions": true, "adminExportUser": true, "adminGetUser": true,
		"adminListSessions": true, "adminListUsers": true, "adminSetPassword": true, "adminUpdateUser": true,
		"signOut": true, "getUser": true,
		"changeUserEmail": true, "changeUserPassword": true, "deanonymizeUser": true, "sendPasswordResetEmail": true,
		"sendVerificationEmail": true, "signInOTPEmail": true, "signInPasswordlessEmail": true, "signUpOTPEmail": true,
		"signUpWebauthn": true, "verifySignUpWebauthn": true, "signInWebauthn": true, "verifySignInWebauthn": true, "elevateWebauthn": true,
		"verifyElevateWebauthn": true, "addSecurityKey": true, "verifyAddSecurityKey": true, "listSecurityKeys": true,
		"renameSecurityKey": true, "removeSecurityKey": true,
		"changeUserMfa": true, "createRecoveryCodes": true, "elevateTotp": true, "verifyChangeUserMfa": true, "verifySignInMfaTotp": true,
		"signInPasswordlessSms": true, "signUpPasswordlessSms": true, "verifySignInPasswordlessSms": true,
		"createPAT": true, "deletePAT": true, "endOtherSessions": true, "endSession": true, "listPATs": true, "listSessions": true,
		"signInPAT": true, "signUpPasswordlessEmail": true, "tokenExchange": true, "verifySignInOTPEmail": true, "verifyTicket": true,
		"getProviderTokens": true, "linkIdToken": true, "listProviders": true, "refreshProviderToken": true, "renewProviderTokens": true,
		"signInIdToken": true, "signInProvider": true, "signInProviderCallbackGet": true, "signInProviderCallbackPost": true,
		"signUpIdToken": true, "signUpProvider": true, "unlinkProvider": true,
	}
}

// sample returns a value that the schema allows, made of its examples.
func sample(ref *openapi3.SchemaRef) any {
	schema := ref.Value
	switch {
	case schema.Format == "date-time":
		return "2030-01-15T12:34:56Z"
	case schema.Example != nil:
		return schema.Example
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("object"):
		object := map[string]any{}
		for _, name := range schema.Required {
			object[name] = sample(schema.Properties[name])
		}
		return object
	case schema.Type.Is("array"):
		return []any{sample(schema.Items)}
	case schema.Type.Is("boolean"):
		return true
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 1
	}
	return "sample"
}

// valid returns a request that the contract allows.
func valid(t testing.TB, method, path string, o *openapi3.Operation, bearer string) request {
	t.Helper()
	r := request{method: method, bearer: bearer}
	query := url.Values{}
	for _, p := range o.Parameters {
		if p.Value.Schema == nil || !p.Value.Required {
			continue
		}
		value, ok := sample(p.Value.Schema).(string)
		require.True(t, ok, p.Value.Name)
		if p.Value.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", value)
			continue
		}
		query.Set(p.Value.Name, value)
	}
	r.path = path + "?" + query.Encode()
	if o.RequestBody == nil {
		return r
	}
	for mediaType, content := range o.RequestBody.Value.Content {
		r.contentType = mediaType
		if mediaType == "application/json" {
			body, err := json.Marshal(sample(content.Schema))
			require.NoError(t, err)
			r.body = string(body)
		} else {
			r.body = "state=sample"
		}
	}
	return r
}

func TestUnbuilt_OperationsOfLaterVersionsAnswerDisabledEndpoint(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	bearer := c.signUp("jane@example.com").AccessToken
	found := 0
	for path, item := range c.contract.Paths.Map() {
		for method, o := range item.Operations() {
			if built()[o.OperationID] {
				continue
			}
			found++
			got := c.do(valid(t, method, path, o, bearer))
			require.Equal(t, http.StatusConflict, got.status, "%s: %s", o.OperationID, got.body)
			require.Equal(t, api.ErrorResponseError(domain.DisabledEndpoint), got.failure().Error)
		}
	}
	require.Equal(t, 0, found)
}

func TestUnbuilt_OperationsStillDemandTheirTokenAndTheirForm(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.refused(request{method: http.MethodPost, path: "/user/webauthn/add"}, http.StatusUnauthorized, domain.Unauthorized)
	c.refused(request{method: http.MethodPost, path: "/pat"}, http.StatusUnauthorized, domain.Unauthorized)
	require.Equal(t, "phoneNumber", c.refusedPost("/signin/passwordless/sms", `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	provider := c.refused(request{method: http.MethodGet, path: "/signin/provider/no-such-provider"}, http.StatusBadRequest, domain.SchemaValidation)
	require.Equal(t, "provider", provider.Field)
	nul := c.refused(request{method: http.MethodGet, path: "/signin/provider/github?redirectTo=x%00"}, http.StatusBadRequest, domain.RequestValidation)
	require.Equal(t, "query", nul.Field)
}
