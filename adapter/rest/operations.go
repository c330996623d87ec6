package rest

import (
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// route is a method and a path in Echo's notation.
type route struct{ method, path string }

// operationsOf says which operation of the contract each route is.
func operationsOf(contract *openapi3.T, prefix string) map[route]string {
	operations := map[route]string{}
	for path, item := range contract.Paths.Map() {
		for method, operation := range item.Operations() {
			operations[route{method, prefix + echoRoute(path)}] = operation.OperationID
			if path == "/healthz" {
				operations[route{method, path}] = operation.OperationID // without prefix
			}
		}
	}
	return operations
}

// noteChallenge tells the outer middleware that a sign-in waits for a second factor.
func noteChallenge(next api.StrictHandlerFunc, _ string) api.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		if challenges(answer) {
			c.Set(challengedKey, true)
		}
		return answer, err
	}
}

// challenges tells whether an answer of the contract asks for a second factor.
func challenges(answer any) bool {
	switch a := answer.(type) {
	case api.SignInEmailPassword200JSONResponse:
		return a.Mfa != nil
	case api.SignInIDToken200JSONResponse:
		return a.Mfa != nil
	case api.SignUpIDToken200JSONResponse:
		return a.Mfa != nil
	case api.TokenExchange200JSONResponse:
		return a.Mfa != nil
	case api.VerifySignInOTPEmail200JSONResponse:
		return a.Mfa != nil
	case api.VerifySignInPasswordlessSms200JSONResponse:
		return a.Mfa != nil
	case api.SignInProviderCallbackGet302Response:
		return carriesTicket(a.Headers.Location)
	case api.SignInProviderCallbackPost302Response:
		return carriesTicket(a.Headers.Location)
	case api.VerifyTicket302Response:
		return carriesTicket(a.Headers.Location)
	}
	return false
}

// carriesTicket tells whether a browser is sent on with the ticket for a second step.
func carriesTicket(location string) bool {
	target, err := url.Parse(location)
	return err == nil && target.Query().Has("mfaTicket")
}
