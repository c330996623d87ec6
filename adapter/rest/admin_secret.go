package rest

import (
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// adminKey marks, in Echo's context, the requests of administrators.
const adminKey = "admin"

// adminHeadersOf are the headers in which an operation takes the secret of administrators; none for everybody's operations.
func adminHeadersOf(contract *openapi3.T, o *openapi3.Operation) []string {
	if o.Security == nil {
		return nil
	}
	var headers []string
	for _, requirement := range *o.Security {
		for name := range requirement {
			scheme := contract.Components.SecuritySchemes[name]
			if scheme != nil && scheme.Value.Type == "apiKey" && scheme.Value.In == "header" {
				headers = append(headers, scheme.Value.Name)
			}
		}
	}
	return headers
}

// checkAdmin lets administrators pass: exactly one of the headers must be there, once. Where a request comes from counts for nothing:
// browsers of other origins are kept out by not knowing the secret.
func (v *validator) checkAdmin(c echo.Context, headers []string) error {
	var presented []string
	for _, header := range headers {
		presented = append(presented, c.Request().Header.Values(header)...)
	}
	secret := ""
	if len(presented) == 1 {
		secret = presented[0]
	}
	if err := v.admin.Do(c.Request().Context(), secret); err != nil {
		return err
	}
	c.Set(adminKey, true)
	return nil
}

// isAdmin tells whether the request has shown the secret.
func isAdmin(c echo.Context) bool {
	admin, _ := c.Get(adminKey).(bool)
	return admin
}
