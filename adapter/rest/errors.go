package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// answer is how a code looks to a client.
type answer struct {
	status  int
	message string
	conceal bool // AUTH_CONCEAL_ERRORS turns it into invalid-request: it would tell about an account
}

// retryAfterSeconds is what a client is told to wait when something is away or overloaded.
const retryAfterSeconds = "2"

// statusClientClosedRequest marks, in the log alone, requests whose client hung up.
const statusClientClosedRequest = 499

// answerTo is the table of all codes. What is not in it is a defect and answered as internal-server-error.
//
// invalid-refresh-token is not concealed: it tells nothing about accounts, and clients drop a dead session only on a 401.
func answerTo(code domain.Code) (answer, bool) {
	switch code {
	case domain.CannotSendSMS:
		return answer{http.StatusBadRequest, "Cannot send SMS, check your phone number is correct", false}, true
	case domain.DefaultRoleMustBeInAllowedRoles:
		return answer{http.StatusBadRequest, "Default role must be in allowed roles", false}, true
	case domain.DisabledEndpoint:
		return answer{http.StatusConflict, "This endpoint is disabled", false}, true
	case domain.DisabledMFATOTP:
		return answer{http.StatusUnauthorized, "User does not have TOTP MFA enabled", true}, true
	case domain.DisabledUser:
		return answer{http.StatusUnauthorized, "User is disabled", true}, true
	case domain.ElevatedClaimRequired:
		return answer{http.StatusUnauthorized, "This needs a session that was proven again with a second factor", false}, true
	case domain.EmailAlreadyInUse:
		return answer{http.StatusConflict, "Email already in use", true}, true
	case domain.EmailAlreadyVerified:
		return answer{http.StatusBadRequest, "User's email is already verified", true}, true
	case domain.ForbiddenAnonymous:
		return answer{http.StatusForbidden, "Forbidden, user is anonymous.", true}, true
	case domain.InternalServerError:
		return answer{http.StatusInternalServerError, "Internal server error", false}, true
	case domain.InvalidAdminSecret:
		return answer{http.StatusUnauthorized, "Invalid admin secret", false}, true
	case domain.InvalidCaptcha:
		return answer{http.StatusForbidden, "The captcha was not solved", false}, true
	case domain.InvalidEmailPassword:
		return answer{http.StatusUnauthorized, "Incorrect email or password", true}, true
	case domain.InvalidOTP:
		return answer{http.StatusBadRequest, "Invalid or expired OTP", true}, true
	case domain.InvalidPAT:
		return answer{http.StatusUnauthorized, "Invalid or expired personal access token", true}, true
	case domain.InvalidRefreshToken:
		return answer{http.StatusUnauthorized, "Invalid or expired refresh token", false}, true
	case domain.InvalidRequest:
		return answer{http.StatusBadRequest, "The request payload is incorrect", false}, true
	case domain.InvalidState:
		return answer{http.StatusBadRequest, "Invalid state", false}, true
	case domain.InvalidTicket:
		return answer{http.StatusUnauthorized, "Invalid ticket", true}, true
	case domain.InvalidTOTP:
		return answer{http.StatusUnauthorized, "Invalid TOTP code", true}, true
	case domain.LastWayIn:
		return answer{http.StatusConflict, "This is the last way to sign in to the account; add another one first", false}, true
	case domain.LocaleNotAllowed:
		return answer{http.StatusBadRequest, "Locale not allowed", false}, true
	case domain.MethodNotAllowed:
		return answer{http.StatusMethodNotAllowed, "This path does not have that method", false}, true
	case domain.MFATypeNotFound:
		return answer{http.StatusBadRequest, "MFA type not found", false}, true
	}
	return moreAnswersTo(code)
}

// moreAnswersTo is the second half of the table.
func moreAnswersTo(code domain.Code) (answer, bool) {
	switch code {
	case domain.NotFound:
		return answer{http.StatusNotFound, "There is nothing at this path", false}, true
	case domain.NoTOTPSecret:
		return answer{http.StatusBadRequest, "User does not have a TOTP secret", true}, true
	case domain.OAuthProfileFetchFailed:
		return answer{http.StatusBadRequest, "Failed to get user profile", false}, true
	case domain.OAuthProviderError:
		return answer{http.StatusBadRequest, "Provider returned an error", false}, true
	case domain.OAuthTokenExchangeFailed:
		return answer{http.StatusBadRequest, "Failed to exchange token", false}, true
	case domain.PasswordInHIBPDatabase:
		return answer{http.StatusBadRequest, "Password is in HIBP database", false}, true
	case domain.PasswordTooShort:
		return answer{http.StatusBadRequest, "Password is too short", false}, true
	case domain.ProviderAccountAlreadyLinked:
		return answer{http.StatusBadRequest, "This provider account is already linked to a user", false}, true
	case domain.RedirectToNotAllowed:
		return answer{http.StatusBadRequest, `The value of "options.redirectTo" is not allowed.`, false}, true
	case domain.RequestTooLarge:
		return answer{http.StatusRequestEntityTooLarge, "The request's body is too large", false}, true
	case domain.RequestValidation:
		return answer{http.StatusBadRequest, "The request can't be understood", false}, true
	case domain.RoleNotAllowed:
		return answer{http.StatusBadRequest, "Role not allowed", true}, true
	case domain.SchemaValidation:
		return answer{http.StatusBadRequest, "The request does not have the form the API demands", false}, true
	case domain.SignupDisabled:
		return answer{http.StatusForbidden, "Sign up is disabled.", true}, true
	case domain.TooManyRequests:
		return answer{http.StatusTooManyRequests, "Too many requests", false}, true
	case domain.TOTPAlreadyActive:
		return answer{http.StatusBadRequest, "TOTP MFA is already active", false}, true
	case domain.Unauthorized:
		return answer{http.StatusUnauthorized, "The access token is missing, invalid or expired", false}, true
	case domain.Unavailable:
		return answer{http.StatusServiceUnavailable, "The service is busy or temporarily unavailable; try again in a moment", false}, true
	case domain.UnsupportedMediaType:
		return answer{http.StatusUnsupportedMediaType, "The body's Content-Type is not one that this endpoint takes", false}, true
	case domain.UnverifiedUser:
		return answer{http.StatusUnauthorized, "User is not verified.", true}, true
	case domain.UserNotAnonymous:
		return answer{http.StatusBadRequest, "Logged in user is not anonymous", false}, true
	}
	return answer{}, false
}

// errorWriter answers errors.
type errorWriter struct {
	conceal bool
	log     *slog.Logger
}

// handle implements echo.HTTPErrorHandler: it answers err, and logs it when it is not the client's doing.
func (w errorWriter) handle(err error, c echo.Context) {
	if c.Response().Committed {
		w.log.ErrorContext(c.Request().Context(), "failed after the answer had begun", "request_id", requestID(c), "cause", err.Error())
		return
	}
	if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		c.Response().WriteHeader(statusClientClosedRequest)
		return
	}
	body := w.body(err, c)
	var redirected *usecase.RedirectedError
	if errors.As(err, &redirected) {
		redirect(c, *redirected, body)
		return
	}
	header := c.Response().Header()
	var later *domain.LaterError
	if errors.As(err, &later) {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(later.After.Seconds())))
	}
	switch body.Status {
	case http.StatusServiceUnavailable:
		header.Set(echo.HeaderRetryAfter, retryAfterSeconds)
	case http.StatusTooManyRequests:
		if header.Get(echo.HeaderRetryAfter) == "" { // a budget of guesses is spent, and not one of requests
			header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(domain.MFAWindow.Seconds())))
		}
	case http.StatusUnauthorized:
		switch domain.Code(body.Error) {
		case domain.Unauthorized:
			header.Set(echo.HeaderWWWAuthenticate, "Bearer") // RFC 6750 §3
		case domain.ElevatedClaimRequired:
			header.Set(echo.HeaderWWWAuthenticate, `Bearer error="insufficient_user_authentication"`) // RFC 9470 §3
		}
	case http.StatusRequestEntityTooLarge:
		header.Set(echo.HeaderConnection, "close") // what is left of the body will not be read
	}
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(int(body.Status))
		return
	}
	_ = c.JSON(int(body.Status), body)
}

// body makes the answer and logs what operators must know about.
func (w errorWriter) body(err error, c echo.Context) api.ErrorResponse {
	code, field, reason := codeOf(err)
	found, ok := answerTo(code)
	if !ok {
		code = domain.InternalServerError
		found, _ = answerTo(code)
	}
	w.report(err, code, c)
	c.Set(errorCodeKey, string(code)) // operators see what is concealed from the client
	if w.conceal && found.conceal && !isAdmin(c) {
		code, field, reason = domain.InvalidRequest, "", ""
		found, _ = answerTo(code)
	}
	message := found.message
	if field != "" {
		message = field + " " + reason
	}
	return api.ErrorResponse{
		Status: found.status, Error: api.ErrorResponseError(code), Message: message, RequestID: requestID(c),
	}
}

func (w errorWriter) report(err error, code domain.Code, c echo.Context) {
	ctx, attributes := c.Request().Context(), []any{"request_id", requestID(c), "path", c.Path(), "cause", err.Error()}
	switch code {
	case domain.InternalServerError:
		w.log.ErrorContext(ctx, "request failed", attributes...)
	case domain.Unavailable:
		w.log.WarnContext(ctx, "request refused for now", attributes...)
	default:
		w.log.DebugContext(ctx, "request refused", attributes...)
	}
}

// codeOf finds the code of an error, and the field it is about.
func codeOf(err error) (code domain.Code, field, reason string) {
	var fieldError *domain.FieldError
	if errors.As(err, &fieldError) {
		return fieldError.Code, fieldError.Field, fieldError.Reason
	}
	if errors.As(err, &code) {
		return code, "", ""
	}
	var fromEcho *echo.HTTPError
	if errors.As(err, &fromEcho) {
		return codeOfStatus(fromEcho.Code), "", ""
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return domain.Unavailable, "", ""
	}
	return domain.InternalServerError, "", ""
}

// codeOfStatus is the code of what Echo itself refuses. Its messages may repeat what the client sent and are dropped.
func codeOfStatus(status int) domain.Code {
	switch status {
	case http.StatusNotFound:
		return domain.NotFound
	case http.StatusMethodNotAllowed:
		return domain.MethodNotAllowed
	case http.StatusRequestEntityTooLarge:
		return domain.RequestTooLarge
	case http.StatusUnsupportedMediaType:
		return domain.UnsupportedMediaType
	}
	if status >= 400 && status < 500 {
		return domain.RequestValidation
	}
	return domain.InternalServerError
}
