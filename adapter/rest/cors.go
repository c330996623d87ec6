package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// exposed are the headers of answers that a page of another origin may read beyond the usual ones.
const exposed = echo.HeaderXRequestID + ", " + echo.HeaderRetryAfter + ", " + headerLimit + ", " + headerRemaining + ", " + headerReset

// cors lets browsers call the API from any origin, and answers every preflight. An origin gains nothing by being let in: the
// secrets are in headers and bodies that the calling page must have, and the one cookie there is (see browsers) only says which
// browser went to a provider, for an answer that nobody but the provider can give.
func cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		request, header := c.Request(), c.Response().Header()
		origin := request.Header.Get(echo.HeaderOrigin)
		preflight := request.Method == http.MethodOptions
		if origin != "" || preflight {
			header.Set(echo.HeaderAccessControlAllowOrigin, origin)
			header.Set(echo.HeaderAccessControlAllowMethods, allowedMethods(request))
			header.Set(echo.HeaderAccessControlAllowCredentials, "true")
			header.Set(echo.HeaderAccessControlMaxAge, "86400")
			header.Set(echo.HeaderVary, "Origin, Access-Control-Request-Method")
			if asked := request.Header.Get(echo.HeaderAccessControlRequestHeaders); asked != "" {
				header.Set(echo.HeaderAccessControlAllowHeaders, asked)
			}
		}
		if preflight {
			header.Set(echo.HeaderContentLength, "0")
			return c.NoContent(http.StatusNoContent)
		}
		if origin != "" {
			header.Set(echo.HeaderAccessControlExposeHeaders, exposed)
		}
		return next(c)
	}
}

// allowedMethods are the peer's, and the one that a preflight asks for where only our own endpoints have it.
func allowedMethods(r *http.Request) string {
	switch asked := r.Header.Get(echo.HeaderAccessControlRequestMethod); asked {
	case http.MethodDelete, http.MethodPatch:
		return "POST, GET, " + asked
	}
	return "POST, GET"
}
