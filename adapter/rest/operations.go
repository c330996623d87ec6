package rest

import (
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
func noteChallenge(next api.StrictHandlerFunc, operation string) api.StrictHandlerFunc {
	if operation != "SignInEmailPassword" {
		return next
	}
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		if signIn, ok := answer.(api.SignInEmailPassword200JSONResponse); ok && signIn.Mfa != nil {
			c.Set(challengedKey, true)
		}
		return answer, err
	}
}
