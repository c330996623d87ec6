package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/strictjson"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// validator holds requests to the contract before a handler sees them, in the order bearer, parameters, body. What it answers
// names the field and never repeats a value: values are often secrets.
type validator struct {
	operations   map[string]operation // by method and Echo's route: "POST /v1/token"
	maxBodyBytes int64
	authenticate *usecase.Authenticate
	elevation    *usecase.CheckElevation
	admin        *usecase.AdminAuthenticate
}

// operation is what the contract demands of the requests to one route.
type operation struct {
	route      *routers.Route
	parameters openapi3.Parameters
	body       *openapi3.RequestBody // nil: none is read
	admin      []string              // headers with the secret of administrators; nil: the operation is not theirs
	bearer     bearerRule
	elevation  domain.ElevationDemand
}

func newValidator(contract *openapi3.T, useCases UseCases, o Options) (*validator, error) {
	v := &validator{
		operations: map[string]operation{}, maxBodyBytes: o.MaxBodyBytes, authenticate: useCases.Authenticate, elevation: useCases.CheckElevation,
		admin: useCases.AdminAuthenticate,
	}
	for path, item := range contract.Paths.Map() {
		for method, described := range item.Operations() {
			admin := adminHeadersOf(contract, described)
			bearer, elevation, err := bearerRuleOf(described)
			if err != nil && admin == nil {
				return nil, fmt.Errorf("%s: %w", described.OperationID, err)
			}
			op := operation{
				route: &routers.Route{Spec: contract, Path: path, PathItem: item, Method: method, Operation: described},
				admin: admin, bearer: bearer, elevation: elevation, parameters: slices.Concat(item.Parameters, described.Parameters),
			}
			if described.RequestBody != nil {
				op.body = described.RequestBody.Value
			}
			v.operations[method+" "+o.Prefix+echoRoute(path)] = op
		}
	}
	return v, nil
}

// echoRoute writes a path template as Echo does: /signin/provider/{provider} → /signin/provider/:provider.
func echoRoute(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

func (v *validator) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op, found := v.operations[c.Request().Method+" "+c.Path()]
		if !found {
			return next(c) // Echo's own 404 and 405, and the health check without prefix
		}
		if err := v.checkCaller(c, op); err != nil {
			return err
		}
		if err := checkParameters(c, op); err != nil {
			return err
		}
		if op.body != nil {
			if err := v.checkBody(c, op.body); err != nil {
				return err
			}
		}
		return next(c)
	}
}

func checkParameters(c echo.Context, op operation) error {
	if len(op.parameters) == 0 {
		return nil
	}
	if err := checkText(c, op); err != nil {
		return err
	}
	pathParams := map[string]string{}
	for _, name := range c.ParamNames() {
		pathParams[name] = c.Param(name)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: c.Request(), PathParams: pathParams, QueryParams: c.QueryParams(), Route: op.route, Options: &openapi3filter.Options{},
	}
	for _, parameter := range op.parameters {
		if err := openapi3filter.ValidateParameter(c.Request().Context(), input, parameter.Value); err != nil {
			return parameterError(parameter.Value.Name, err)
		}
		if err := checkJSON(c, parameter.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses what no database keeps as text: NUL characters, and bytes that are no UTF-8. Whatever of a query can be read
// is looked at by itself, for a handler gets it even where other parts are broken.
func checkText(c echo.Context, op operation) error {
	for _, name := range c.ParamNames() {
		value, err := url.PathUnescape(c.Param(name))
		if reason := notText(value); err == nil && reason != "" {
			return &domain.FieldError{Code: domain.SchemaValidation, Field: name, Reason: reason}
		}
	}
	if !slices.ContainsFunc(op.parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == openapi3.ParameterInQuery }) {
		return nil
	}
	for name, values := range c.QueryParams() {
		for _, text := range append([]string{name}, values...) {
			if reason := notText(text); reason != "" {
				return &domain.FieldError{Code: domain.RequestValidation, Field: "query", Reason: reason}
			}
		}
	}
	return nil
}

// checkJSON holds a parameter that is JSON to what is demanded of bodies.
func checkJSON(c echo.Context, parameter *openapi3.Parameter) error {
	if parameter.Content == nil {
		return nil
	}
	for _, text := range c.QueryParams()[parameter.Name] {
		value, err := strictjson.Decode([]byte(text))
		if err != nil {
			return &domain.FieldError{Code: domain.RequestValidation, Field: parameter.Name, Reason: err.Error()}
		}
		if _, found := findNUL(value, ""); found {
			return &domain.FieldError{Code: domain.SchemaValidation, Field: parameter.Name, Reason: "must not have NUL characters"}
		}
	}
	return nil
}

// notText says what keeps a database from storing text, "" for nothing.
func notText(text string) string {
	switch {
	case strings.ContainsRune(text, 0):
		return "must not have NUL characters"
	case !utf8.ValidString(text):
		return "must be UTF-8"
	}
	return ""
}

func parameterError(name string, err error) error {
	var schemaError *openapi3.SchemaError
	switch {
	case errors.As(err, &schemaError):
		return &domain.FieldError{Code: domain.SchemaValidation, Field: name, Reason: reasonOf(schemaError)}
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		return &domain.FieldError{Code: domain.RequestValidation, Field: name, Reason: "is required"}
	}
	return &domain.FieldError{Code: domain.RequestValidation, Field: name, Reason: "can't be read"}
}

// bearerRule says what an operation demands of the Authorization header.
type bearerRule int

const (
	bearerIgnored  bearerRule = iota // public: a header is neither needed nor looked at, good or bad
	bearerOptional                   // a bad token, or one that is not elevated and should be, counts as none
	bearerRequired
)

// What the contract says of operations beyond their security schemes: that they add a factor; and that, although they ask for no
// elevation, a token is not good for them once its session has ended.
const (
	enrolsExtension = "x-elevation-enrols"
	openExtension   = "x-open-session"
)

// bearerRuleOf reads the operation's security requirements: none, one scheme, or one scheme or nothing.
func bearerRuleOf(o *openapi3.Operation) (bearerRule, domain.ElevationDemand, error) {
	var elevation domain.ElevationDemand
	if o.Security == nil {
		return bearerIgnored, elevation, nil
	}
	rule := bearerRequired
	for _, requirement := range *o.Security {
		if len(requirement) == 0 {
			rule = bearerOptional
		}
		for scheme := range requirement {
			switch scheme {
			case "BearerAuth":
			case "BearerAuthElevated":
				elevation.Sensitive = true
			case "BearerAuthElevatedMFA":
				elevation.Sensitive, elevation.MFA = true, true
			default:
				return 0, elevation, fmt.Errorf("the security scheme %q is unknown", scheme)
			}
		}
	}
	elevation.Enrols, elevation.Open = o.Extensions[enrolsExtension] == true, o.Extensions[openExtension] == true
	return rule, elevation, nil
}

func (v *validator) checkCaller(c echo.Context, op operation) error {
	if op.admin != nil {
		return v.checkAdmin(c, op.admin)
	}
	return v.checkBearer(c, op)
}

func (v *validator) checkBearer(c echo.Context, op operation) error {
	if op.bearer == bearerIgnored {
		return nil
	}
	claims, err := v.bearer(c)
	if err == nil {
		err = v.elevation.Do(c.Request().Context(), claims, op.elevation)
	}
	none := errors.Is(err, domain.Unauthorized) || errors.Is(err, domain.ElevatedClaimRequired)
	if err != nil && (op.bearer == bearerRequired || !none) {
		return err
	}
	if err == nil {
		ctx := context.WithValue(c.Request().Context(), bearerKey{}, claims)
		if op.elevation.Sensitive || op.elevation.Open {
			ctx = domain.WithActing(ctx, claims.Subject, claims.SessionID)
		}
		c.SetRequest(c.Request().WithContext(ctx))
	}
	return nil
}

// bearer reads the Authorization header: exactly "Bearer", one space and the token, once.
func (v *validator) bearer(c echo.Context) (domain.Claims, error) {
	values := c.Request().Header.Values(echo.HeaderAuthorization)
	if len(values) != 1 {
		return domain.Claims{}, fmt.Errorf("%w: the request has %d Authorization headers", domain.Unauthorized, len(values))
	}
	token, found := strings.CutPrefix(values[0], "Bearer ")
	if !found || token == "" || strings.ContainsRune(token, ' ') {
		return domain.Claims{}, fmt.Errorf("%w: the Authorization header is not Bearer and a token", domain.Unauthorized)
	}
	return v.authenticate.Do(c.Request().Context(), token)
}

// bearerKey is the context's key for the claims of the request's bearer.
type bearerKey struct{}

// bearerOf returns whom the request was authenticated as; no subject when it was not.
func bearerOf(ctx context.Context) domain.Claims {
	claims, _ := ctx.Value(bearerKey{}).(domain.Claims)
	return claims
}
