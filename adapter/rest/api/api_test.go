package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// operations are all operations of the contract by method and path.
func operations() map[string]string {
	return map[string]string{
		"POST /elevate/totp":                        "elevateTotp",
		"POST /user/mfa/recovery-codes":             "createRecoveryCodes",
		"DELETE /pat/{id}":                          "deletePAT",
		"DELETE /user/sessions":                     "endOtherSessions",
		"DELETE /user/sessions/{id}":                "endSession",
		"GET /pat":                                  "listPATs",
		"GET /user/sessions":                        "listSessions",
		"GET /.well-known/jwks.json":                "getJWKs",
		"POST /elevate/webauthn":                    "elevateWebauthn",
		"POST /elevate/webauthn/verify":             "verifyElevateWebauthn",
		"GET /healthz":                              "healthCheckGet",
		"HEAD /healthz":                             "healthCheckHead",
		"POST /link/idtoken":                        "linkIdToken",
		"GET /mfa/totp/generate":                    "changeUserMfa",
		"POST /pat":                                 "createPAT",
		"POST /signin/anonymous":                    "signInAnonymous",
		"POST /signin/email-password":               "signInEmailPassword",
		"POST /signin/idtoken":                      "signInIdToken",
		"POST /signin/mfa/totp":                     "verifySignInMfaTotp",
		"POST /signin/otp/email":                    "signInOTPEmail",
		"POST /signin/otp/email/verify":             "verifySignInOTPEmail",
		"POST /signin/passwordless/email":           "signInPasswordlessEmail",
		"POST /signin/passwordless/sms":             "signInPasswordlessSms",
		"POST /signin/passwordless/sms/otp":         "verifySignInPasswordlessSms",
		"POST /signin/pat":                          "signInPAT",
		"GET /signin/provider/{provider}":           "signInProvider",
		"GET /signin/provider/{provider}/callback":  "signInProviderCallbackGet",
		"POST /signin/provider/{provider}/callback": "signInProviderCallbackPost",
		"POST /signin/webauthn":                     "signInWebauthn",
		"POST /signin/webauthn/verify":              "verifySignInWebauthn",
		"POST /signout":                             "signOut",
		"POST /signup/email-password":               "signUpEmailPassword",
		"POST /signup/otp/email":                    "signUpOTPEmail",
		"POST /signup/passwordless/email":           "signUpPasswordlessEmail",
		"POST /signup/passwordless/sms":             "signUpPasswordlessSms",
		"POST /signup/webauthn":                     "signUpWebauthn",
		"POST /signup/webauthn/verify":              "verifySignUpWebauthn",
		"POST /token":                               "refreshToken",
		"POST /token/exchange":                      "tokenExchange",
		"POST /token/verify":                        "verifyToken",
		"GET /user":                                 "getUser",
		"POST /user/deanonymize":                    "deanonymizeUser",
		"POST /user/email/change":                   "changeUserEmail",
		"POST /user/email/send-verification-email":  "sendVerificationEmail",
		"POST /user/mfa":                            "verifyChangeUserMfa",
		"POST /user/password":                       "changeUserPassword",
		"POST /user/password/reset":                 "sendPasswordResetEmail",
		"POST /user/webauthn/add":                   "addSecurityKey",
		"POST /user/webauthn/verify":                "verifyAddSecurityKey",
		"GET /verify":                               "verifyTicket",
		"GET /version":                              "getVersion",

		"GET /signin/provider/{provider}/callback/tokens": "getProviderTokens",
		"GET /signup/provider/{provider}":                 "signUpProvider",
		"GET /user/providers":                             "listProviders",
		"DELETE /user/providers/{id}":                     "unlinkProvider",
		"POST /signup/idtoken":                            "signUpIdToken",
		"POST /token/provider/{provider}":                 "refreshProviderToken",
		"POST /user/provider/tokens":                      "renewProviderTokens",
		"GET /user/webauthn":                              "listSecurityKeys",
		"PATCH /user/webauthn/{id}":                       "renameSecurityKey",
		"DELETE /user/webauthn/{id}":                      "removeSecurityKey",
		"GET /admin/users":                                "adminListUsers",
		"POST /admin/users":                               "adminCreateUser",
		"GET /admin/users/{id}":                           "adminGetUser",
		"PATCH /admin/users/{id}":                         "adminUpdateUser",
		"DELETE /admin/users/{id}":                        "adminDeleteUser",
		"GET /admin/users/{id}/export":                    "adminExportUser",
		"POST /admin/users/{id}/password":                 "adminSetPassword",
		"GET /admin/users/{id}/sessions":                  "adminListSessions",
		"DELETE /admin/users/{id}/sessions":               "adminEndSessions",

		"GET /readyz":       "getReadiness",
		"GET /openapi.yaml": "getContract",
	}
}

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := api.Load()
	require.NoError(t, err)
	return doc
}

func eachOperation(doc *openapi3.T, visit func(name string, op *openapi3.Operation)) {
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			visit(method+" "+path, op)
		}
	}
}

func TestContract_HoldsExactlyTheKnownOperations(t *testing.T) {
	got := map[string]string{}
	eachOperation(load(t), func(name string, op *openapi3.Operation) { got[name] = op.OperationID })
	require.Equal(t, operations(), got)
}

func TestContract_DescribesEveryOperationAndResponse(t *testing.T) {
	doc := load(t)
	eachOperation(doc, func(name string, op *openapi3.Operation) {
		require.NotEmpty(t, op.Summary, name)
		require.Contains(t, op.Description, "**Who may call it:**", name)
		require.Contains(t, op.Description, "**Errors:**", name)
		require.Len(t, op.Tags, 1+strings.Count(op.OperationID, "verifySignUpWebauthn"), name)
		require.NotNil(t, op.Responses.Default(), name)
		require.Equal(t, "#/components/responses/Error", op.Responses.Default().Ref, name)
		for status, response := range op.Responses.Map() {
			require.NotEmpty(t, response.Value.Description, "%s %s", name, status)
			require.Contains(t, response.Value.Headers, "X-Request-Id", "%s %s", name, status)
		}
		for _, p := range op.Parameters {
			require.NotEmpty(t, p.Value.Description, "%s %s", name, p.Value.Name)
		}
	})
	failed := doc.Components.Responses["Error"].Value
	require.Equal(t, []string{"Allow", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "X-Request-Id"}, slices.Sorted(maps.Keys(failed.Headers)))
}

func TestContract_NamesOnlyKnownErrorCodesAndAlwaysTheSameStatus(t *testing.T) {
	doc := load(t)
	known := map[string]bool{}
	for _, code := range doc.Components.Schemas["ErrorResponse"].Value.Properties["error"].Value.Enum {
		known[code.(string)] = true
	}
	require.Len(t, known, 45)

	status := map[string]string{}
	direct := regexp.MustCompile("`([A-Za-z-]+)`\\s\\(([0-9]{3})\\)")
	redirected := regexp.MustCompile("`([A-Za-z-]+)`")
	eachOperation(doc, func(name string, op *openapi3.Operation) {
		answers, redirects, _ := strings.Cut(op.Description, "**Errors sent by redirect:**")
		found := direct.FindAllStringSubmatch(answers, -1)
		require.NotEmpty(t, found, name)
		for _, m := range found {
			require.True(t, known[m[1]], "%s names the unknown code %s", name, m[1])
			if status[m[1]] == "" {
				status[m[1]] = m[2]
			}
			require.Equal(t, status[m[1]], m[2], "%s: status of %s", name, m[1])
		}
		for _, m := range redirected.FindAllStringSubmatch(redirects, -1) {
			require.True(t, known[m[1]], "%s names the unknown code %s", name, m[1])
		}
	})
}

func TestContract_SaysForEveryObjectWhetherItIsOpen(t *testing.T) {
	open := []string{}
	doc := load(t)
	check := func(where string, ref *openapi3.SchemaRef) { collectOpen(t, where, ref, &open) }
	for name, schema := range doc.Components.Schemas {
		check(name, schema)
	}
	eachOperation(doc, func(_ string, op *openapi3.Operation) {
		for _, p := range op.Parameters {
			for _, media := range p.Value.Content {
				check(op.OperationID+"."+p.Value.Name, media.Schema)
			}
		}
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Value.Content {
				check(op.OperationID, media.Schema)
			}
		}
		for _, response := range op.Responses.Map() {
			for _, media := range response.Value.Content {
				check(op.OperationID, media.Schema)
			}
		}
	})
	slices.Sort(open)
	require.Equal(t, []string{
		"AdminCreateUserRequest.metadata",
		"AdminUpdateUserRequest.metadata",
		"AdminUser.metadata",
		"AuthenticationExtensions",
		"AuthenticationExtensionsClientOutputs",
		"CreatePATRequest.metadata",
		"PersonalAccessToken.metadata",
		"SignInAnonymousRequest.metadata",
		"SignOutRequest",
		"SignUpOptions.metadata",
		"User.metadata",
		"signInProvider.metadata",
		"signInProviderCallbackPost", "signUpProvider.metadata",
	}, open)
}

// collectOpen adds the objects below ref that allow other members than the documented ones, and fails for those that do not say.
// References are not followed: their targets are visited on their own.
func collectOpen(t *testing.T, where string, ref *openapi3.SchemaRef, open *[]string) {
	t.Helper()
	if ref == nil || ref.Ref != "" {
		return
	}
	schema := ref.Value
	if schema.Type.Is("object") {
		require.NotNil(t, schema.AdditionalProperties.Has, "%s leaves additionalProperties open", where)
		if *schema.AdditionalProperties.Has {
			*open = append(*open, where)
		}
	}
	for name, property := range schema.Properties {
		collectOpen(t, where+"."+name, property, open)
	}
	collectOpen(t, where+"[]", schema.Items, open)
}

func TestContract_LetsOnlyFourOperationsDoWithoutTheirBody(t *testing.T) {
	optional := []string{}
	eachOperation(load(t), func(_ string, op *openapi3.Operation) {
		if op.RequestBody != nil && !op.RequestBody.Value.Required {
			optional = append(optional, op.OperationID)
		}
	})
	slices.Sort(optional)
	require.Equal(t, []string{"createRecoveryCodes", "signInAnonymous", "signInWebauthn", "verifyToken"}, optional)
}

func TestContract_DemandsABearerTokenExactlyWhereItIsNeeded(t *testing.T) {
	got := map[string][]string{}
	eachOperation(load(t), func(_ string, op *openapi3.Operation) {
		if op.Security == nil {
			return
		}
		kinds := []string{}
		for _, alternative := range *op.Security {
			kinds = append(kinds, strings.Join(slices.Sorted(maps.Keys(alternative)), "+"))
		}
		got[strings.Join(kinds, "|")] = append(got[strings.Join(kinds, "|")], op.OperationID)
	})
	for _, ids := range got {
		slices.Sort(ids)
	}
	require.Equal(t, map[string][]string{
		"AdminSecret|HasuraAdminSecret": {
			"adminCreateUser", "adminDeleteUser", "adminEndSessions", "adminExportUser", "adminGetUser", "adminListSessions", "adminListUsers",
			"adminSetPassword", "adminUpdateUser",
		},
		"BearerAuth": {
			"createRecoveryCodes", "deanonymizeUser", "deletePAT", "elevateTotp", "elevateWebauthn", "endOtherSessions", "endSession", "getProviderTokens", "getUser", "listPATs", "listProviders", "listSecurityKeys", "listSessions",
			"refreshProviderToken", "renameSecurityKey",
			"verifyElevateWebauthn",
		},
		"BearerAuth|":           {"signOut", "verifyToken"},
		"BearerAuthElevatedMFA": {"changeUserMfa", "verifyChangeUserMfa"},
		"BearerAuthElevated":    {"addSecurityKey", "changeUserEmail", "createPAT", "linkIdToken", "removeSecurityKey", "unlinkProvider", "verifyAddSecurityKey"},
		"BearerAuthElevated|":   {"changeUserPassword"},
	}, got)
}

func TestContract_AcceptsKeysOfEveryFamily(t *testing.T) {
	jwk := load(t).Components.Schemas["JWK"].Value
	base := map[string]any{"kid": "1", "alg": "any", "use": "sig"}
	for _, members := range []map[string]any{
		{"kty": "RSA", "n": "AQAB", "e": "AQAB"},
		{"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
		{"kty": "OKP", "crv": "Ed25519", "x": "AQAB"},
	} {
		maps.Copy(members, base)
		require.NoError(t, jwk.VisitJSON(members))
		members["d"] = "private"
		require.Error(t, jwk.VisitJSON(members))
	}
}

func TestContract_TakesLocalesOfTwoOrThreeLetters(t *testing.T) {
	locale := load(t).Components.Schemas["SignUpOptions"].Value.Properties["locale"].Value
	require.Error(t, locale.VisitJSON("e"))
	require.NoError(t, locale.VisitJSON("en"))
	require.NoError(t, locale.VisitJSON("gsw"))
	require.Error(t, locale.VisitJSON("en-US"))
}

func TestContract_TakesAChallengeExactlyWhereARedirectEnds(t *testing.T) {
	doc := load(t)
	const challenge = "#/components/schemas/CodeChallenge"
	takes := []string{}
	eachOperation(doc, func(_ string, op *openapi3.Operation) {
		for _, p := range op.Parameters {
			if p.Value.Name == "codeChallenge" {
				require.Equal(t, challenge, p.Value.Schema.Ref, op.OperationID)
				require.False(t, p.Value.Required)
				takes = append(takes, op.OperationID)
			}
		}
		if op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil {
			return
		}
		body := op.RequestBody.Value.Content["application/json"].Schema.Value
		if property := body.Properties["codeChallenge"]; property != nil {
			require.Equal(t, challenge, property.Ref, op.OperationID)
			require.NotContains(t, body.Required, "codeChallenge")
			takes = append(takes, op.OperationID)
		}
	})
	slices.Sort(takes)
	require.Equal(t, []string{
		"changeUserEmail", "deanonymizeUser", "sendPasswordResetEmail", "sendVerificationEmail", "signInPasswordlessEmail", "signInProvider",
		"signUpEmailPassword", "signUpPasswordlessEmail", "signUpProvider", "verifySignUpWebauthn", "verifyTicket",
	}, takes)
}

func TestContract_ChallengesAreTheBase64URLOfASHA256(t *testing.T) {
	challenge := load(t).Components.Schemas["CodeChallenge"].Value
	require.NoError(t, challenge.VisitJSON("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
	for _, text := range []string{"", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\n"} {
		require.Error(t, challenge.VisitJSON(text), text)
	}
}

func TestUser_ShowsAbsenceAsNullOrNotAtAll(t *testing.T) {
	user := api.User{
		ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		DefaultRole: "anonymous", DisplayName: "Anonymous User", IsAnonymous: true, Locale: "en", Roles: []string{"anonymous"},
	}
	got, err := json.Marshal(user)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"id": "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", "createdAt": "2026-01-02T03:04:05.000006Z", "avatarUrl": "",
		"defaultRole": "anonymous", "displayName": "Anonymous User", "emailVerified": false, "isAnonymous": true,
		"locale": "en", "metadata": null, "phoneNumberVerified": false, "roles": ["anonymous"], "activeMfaType": null
	}`, string(got))

	var decoded any
	require.NoError(t, json.Unmarshal(got, &decoded))
	require.NoError(t, load(t).Components.Schemas["User"].Value.VisitJSON(decoded))
}

func TestMetadata_KeepsNumbersAsTheyWereWritten(t *testing.T) {
	var in api.SignUpEmailPasswordRequest
	require.NoError(t, json.Unmarshal([]byte(`{"options":{"metadata":{"n":12345678901234567890.10}}}`), &in))
	require.Equal(t, `{"n":12345678901234567890.10}`, string(in.Options.Metadata))
}

func TestSessionPayload_WithoutSessionIsAnEmptyObject(t *testing.T) {
	got, err := json.Marshal(api.SessionPayload{})
	require.NoError(t, err)
	require.Equal(t, `{}`, string(got))
}

func TestContract_IsWhatLoadReads(t *testing.T) {
	require.True(t, strings.Contains(api.Contract(), "\nopenapi: 3.0.3\n"))
	require.Equal(t, "/", load(t).Servers[0].URL)
	require.Nil(t, load(t).Paths.Find("/signin/anonymous").GetOperation(http.MethodGet))
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := api.Parse(); err != nil {
			b.Fatal(err)
		}
	}
}
