package domain

import "time"

// Code is an error of the product and, at the same time, the stable text that clients branch on. A cause is wrapped beside
// it: fmt.Errorf("%w: %w", domain.InvalidTicket, err). Which HTTP status and message belong to a code is decided in one
// table of adapter/rest; the cause is logged and never answered.
type Code string

// Error returns the code's text.
func (c Code) Error() string { return string(c) }

// The codes of the Nhost Auth API. Their spelling, OAuthTokenExchangeFailed's included, is part of the public API.
const (
	CannotSendSMS                   Code = "cannot-send-sms"
	DefaultRoleMustBeInAllowedRoles Code = "default-role-must-be-in-allowed-roles"
	DisabledEndpoint                Code = "disabled-endpoint"
	DisabledMFATOTP                 Code = "disabled-mfa-totp"
	DisabledUser                    Code = "disabled-user"
	EmailAlreadyInUse               Code = "email-already-in-use"
	EmailAlreadyVerified            Code = "email-already-verified"
	ForbiddenAnonymous              Code = "forbidden-anonymous"
	InternalServerError             Code = "internal-server-error"
	InvalidAdminSecret              Code = "invalid-admin-secret"
	InvalidCaptcha                  Code = "invalid-captcha"
	InvalidEmailPassword            Code = "invalid-email-password"
	InvalidOTP                      Code = "invalid-otp"
	InvalidPAT                      Code = "invalid-pat"
	InvalidRefreshToken             Code = "invalid-refresh-token"
	InvalidRequest                  Code = "invalid-request"
	InvalidState                    Code = "invalid-state"
	InvalidTicket                   Code = "invalid-ticket"
	InvalidTOTP                     Code = "invalid-totp"
	LastWayIn                       Code = "last-way-in"
	LocaleNotAllowed                Code = "locale-not-allowed"
	MFATypeNotFound                 Code = "mfa-type-not-found"
	NoTOTPSecret                    Code = "no-totp-secret"
	OAuthProfileFetchFailed         Code = "oauth-profile-fetch-failed"
	OAuthProviderError              Code = "oauth-provider-error"
	OAuthTokenExchangeFailed        Code = "oauth-token-echange-failed"
	PasswordInHIBPDatabase          Code = "password-in-hibp-database"
	PasswordTooShort                Code = "password-too-short"
	ProviderAccountAlreadyLinked    Code = "provider-account-already-linked"
	RedirectToNotAllowed            Code = "redirectTo-not-allowed"
	RoleNotAllowed                  Code = "role-not-allowed"
	SignupDisabled                  Code = "signup-disabled"
	TOTPAlreadyActive               Code = "totp-already-active"
	UnverifiedUser                  Code = "unverified-user"
	UserNotAnonymous                Code = "user-not-anonymous"
)

// The codes of the transport: what is wrong with a request before any rule of the product is asked.
const (
	ElevatedClaimRequired Code = "elevated-claim-required"
	MethodNotAllowed      Code = "method-not-allowed"
	NotFound              Code = "not-found"
	RequestTooLarge       Code = "request-too-large"
	RequestValidation     Code = "request-validation-error"
	SchemaValidation      Code = "schema-validation-error"
	TooManyRequests       Code = "too-many-requests"
	Unauthorized          Code = "unauthorized"
	UnsupportedMediaType  Code = "unsupported-media-type"
)

// Unavailable says that something the request needs is away or overloaded, and that the same request may succeed in a
// moment: the database, the queue for password hashing. Nothing was changed, or nothing that a repetition would harm.
const Unavailable Code = "service-unavailable"

// FieldError is a Code together with the field of the request that caused it. Reason says what would be right and never
// repeats the value, which may be a secret.
type FieldError struct {
	Code   Code
	Field  string
	Reason string
}

// Error names the field and what would be right.
func (e *FieldError) Error() string { return string(e.Code) + ": " + e.Field + ": " + e.Reason }

// Unwrap returns the code, so that errors.Is(err, domain.InvalidRequest) holds.
func (e *FieldError) Unwrap() error { return e.Code }

// LaterError is a Code together with the time after which the same request will be welcome, at the latest.
type LaterError struct {
	Code  Code
	After time.Duration
}

// Error tells the code and the time.
func (e *LaterError) Error() string { return string(e.Code) + ": for " + e.After.String() }

// Unwrap returns the code.
func (e *LaterError) Unwrap() error { return e.Code }
