package rest

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Captcha makes visitors prove that they are people before they can have accounts or mails made for nothing.
type Captcha struct {
	Port   port.Captcha
	Header string // in which a client sends the visitor's answer
}

// guard asks for a solved captcha where one is needed.
type guard struct {
	Captcha
	routes map[string]bool // by method and Echo's route
}

func newGuard(contract *openapi3.T, prefix string, c Captcha) *guard {
	g := &guard{Captcha: c, routes: map[string]bool{}}
	for path, item := range contract.Paths.Map() {
		for method := range item.Operations() {
			g.routes[method+" "+prefix+echoRoute(path)] = needsCaptcha(path)
		}
	}
	return g
}

// needsCaptcha tells whether an operation, by its path in the contract, makes accounts or sends messages for anybody. Second steps don't,
// and neither do pages that a browser opens by itself: it would send no header.
func needsCaptcha(path string) bool {
	for _, end := range []string{"/verify", "/callback", "/sms/otp"} {
		if strings.HasSuffix(path, end) {
			return false
		}
	}
	if strings.HasPrefix(path, "/signup/provider/") {
		return false
	}
	for _, start := range []string{"/signup/", "/signin/passwordless/", "/signin/otp/"} {
		if strings.HasPrefix(path, start) {
			return true
		}
	}
	return path == "/user/password/reset"
}

func (g *guard) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !g.routes[c.Request().Method+" "+c.Path()] {
			return next(c)
		}
		if err := g.check(c); err != nil {
			return err
		}
		return next(c)
	}
}

func (g *guard) check(c echo.Context) error {
	refused := func(reason string) error {
		return &domain.FieldError{Code: domain.InvalidCaptcha, Field: g.Header, Reason: reason}
	}
	answers, ctx := c.Request().Header.Values(g.Header), c.Request().Context()
	if len(answers) == 0 || answers[0] == "" {
		return refused("is missing: send the answer to the captcha in this header")
	}
	if len(answers) > 1 {
		return refused("is not accepted: there is more than one")
	}
	verdict, err := g.Port.Check(ctx, answers[0], domain.DeviceOf(ctx).Address)
	switch {
	case err != nil:
		return err
	case verdict == domain.CaptchaExpired:
		return refused("is expired or was used before: solve the captcha again")
	case verdict != domain.CaptchaPassed:
		return refused("is not accepted: the captcha was not solved")
	}
	return nil
}
