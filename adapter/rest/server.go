package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// UseCases are the operations behind the API. None may be nil.
type UseCases struct {
	AdminAuthenticate           *usecase.AdminAuthenticate
	AdminCreateUser             *usecase.AdminCreateUser
	AdminDeleteUser             *usecase.AdminDeleteUser
	AdminEndSessions            *usecase.AdminEndSessions
	AdminExportUser             *usecase.AdminExportUser
	AdminGetUser                *usecase.AdminGetUser
	AdminListSessions           *usecase.AdminListSessions
	AdminListUsers              *usecase.AdminListUsers
	AdminSetPassword            *usecase.AdminSetPassword
	AdminUpdateUser             *usecase.AdminUpdateUser
	AddSecurityKey              *usecase.AddSecurityKey
	Authenticate                *usecase.Authenticate
	ChangeUserEmail             *usecase.ChangeUserEmail
	ChangeUserMFA               *usecase.ChangeUserMFA
	ChangeUserPassword          *usecase.ChangeUserPassword
	CheckElevation              *usecase.CheckElevation
	CreatePAT                   *usecase.CreatePAT
	CreateRecoveryCodes         *usecase.CreateRecoveryCodes
	DeanonymizeUser             *usecase.DeanonymizeUser
	DeletePAT                   *usecase.DeletePAT
	ElevateWebauthn             *usecase.ElevateWebauthn
	ElevateTOTP                 *usecase.ElevateTOTP
	EndOtherSessions            *usecase.EndOtherSessions
	EndSession                  *usecase.EndSession
	GetJWKS                     *usecase.GetJWKS
	GetProviderTokens           *usecase.GetProviderTokens
	GetReadiness                *usecase.GetReadiness
	GetUser                     *usecase.GetUser
	LinkIDToken                 *usecase.LinkIDToken
	ListPATs                    *usecase.ListPATs
	ListProviders               *usecase.ListProviders
	ListSecurityKeys            *usecase.ListSecurityKeys
	ListSessions                *usecase.ListSessions
	RefreshProviderToken        *usecase.RefreshProviderToken
	RefreshToken                *usecase.RefreshToken
	RemoveSecurityKey           *usecase.RemoveSecurityKey
	RenameSecurityKey           *usecase.RenameSecurityKey
	RenewProviderTokens         *usecase.RenewProviderTokens
	SendPasswordResetEmail      *usecase.SendPasswordResetEmail
	SendVerificationEmail       *usecase.SendVerificationEmail
	SignInAnonymous             *usecase.SignInAnonymous
	SignInEmailPassword         *usecase.SignInEmailPassword
	SignInIDToken               *usecase.SignInIDToken
	SignInOTPEmail              *usecase.SignInOTPEmail
	SignInPasswordlessEmail     *usecase.SignInPasswordlessEmail
	SignInPAT                   *usecase.SignInPAT
	SignInPasswordlessSMS       *usecase.SignInPasswordlessSMS
	SignInProvider              *usecase.SignInProvider
	SignInProviderCallback      *usecase.SignInProviderCallback
	SignInWebauthn              *usecase.SignInWebauthn
	SignOut                     *usecase.SignOut
	SignUpEmailPassword         *usecase.SignUpEmailPassword
	SignUpIDToken               *usecase.SignUpIDToken
	SignUpOTPEmail              *usecase.SignUpOTPEmail
	SignUpPasswordlessEmail     *usecase.SignUpPasswordlessEmail
	SignUpPasswordlessSMS       *usecase.SignUpPasswordlessSMS
	SignUpProvider              *usecase.SignUpProvider
	SignUpWebauthn              *usecase.SignUpWebauthn
	TokenExchange               *usecase.TokenExchange
	UnlinkProvider              *usecase.UnlinkProvider
	VerifyAddSecurityKey        *usecase.VerifyAddSecurityKey
	VerifyElevateWebauthn       *usecase.VerifyElevateWebauthn
	VerifyChangeUserMFA         *usecase.VerifyChangeUserMFA
	VerifySignInMFATOTP         *usecase.VerifySignInMFATOTP
	VerifySignInOTPEmail        *usecase.VerifySignInOTPEmail
	VerifySignInWebauthn        *usecase.VerifySignInWebauthn
	VerifySignUpWebauthn        *usecase.VerifySignUpWebauthn
	VerifySignInPasswordlessSMS *usecase.VerifySignInPasswordlessSMS
	VerifyTicket                *usecase.VerifyTicket
	VerifyToken                 *usecase.VerifyToken
}

// Options are the settings of the API.
type Options struct {
	Prefix        string // before every path: "" or "/v1"
	ServerURL     string // public address of this server, to which providers send browsers back
	MaxBodyBytes  int64
	ConcealErrors bool // answer what could tell about accounts with invalid-request
	Version       string
	Proxies       domain.Proxies // who is believed about addresses of clients
	ProxyHeader   ProxyHeader    // where they say so; "" for ProxyHeaderAny
	Limits        *Limits        // how often a client may ask; nil for as often as it likes
	Captcha       *Captcha       // that visitors must solve; nil for none
	Mailbox       http.Handler   // of development mode, at /dev/mailbox; nil without
	Log           *slog.Logger
	Meter         port.RequestMeter
	Tracer        trace.Tracer // of requests; nil for no traces
	Clock         port.Clock
	Random        port.Random // of request ids
}

// New returns the handler of the whole API. An error means that the binary's own contract is broken.
func New(useCases UseCases, o Options) (http.Handler, error) {
	contract, err := api.Load()
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.JSONSerializer = serializer{}
	errors := errorWriter{conceal: o.ConcealErrors, log: o.Log}
	e.HTTPErrorHandler = errors.handle
	access := access{
		log: o.Log, clock: o.Clock, random: o.Random, errors: errors, origin: origin{proxies: o.Proxies, header: o.ProxyHeader},
		meter: o.Meter, operations: operationsOf(contract, o.Prefix), spans: spans{tracer: o.Tracer, proxies: o.Proxies},
	}
	e.Pre(access.trace, cors)
	validator, err := newValidator(contract, useCases, o)
	if err != nil {
		return nil, fmt.Errorf("prepare the contract: %w", err)
	}
	if o.Limits != nil {
		e.Use(newLimiter(contract, o.Prefix, *o.Limits).middleware)
	}
	if o.Captcha != nil {
		e.Use(newGuard(contract, o.Prefix, *o.Captcha).middleware)
	}
	e.Use(validator.middleware)
	server, err := url.Parse(o.ServerURL)
	if err != nil {
		return nil, fmt.Errorf("the server's address: %w", err)
	}
	handlers := &handlers{useCases: useCases, version: o.Version, clock: o.Clock}
	around := []api.StrictMiddlewareFunc{noteChallenge, browsers{server}.bind}
	api.RegisterHandlersWithBaseURL(e, api.NewStrictHandler(handlers, around), o.Prefix)
	if o.Prefix != "" {
		e.GET("/healthz", bareHealth)
		e.HEAD("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	}
	e.HEAD(o.Prefix+"/verify", noEffect)
	if o.Mailbox != nil {
		e.Any(o.Prefix+"/dev/mailbox", echo.WrapHandler(o.Mailbox))
		e.Any(o.Prefix+"/dev/mailbox/*", echo.WrapHandler(o.Mailbox))
	}
	return e, nil
}

// noEffect answers scanners that look at a link without opening it: the ticket stays as it is.
func noEffect(c echo.Context) error { return c.NoContent(http.StatusOK) }

// bareHealth answers load balancers that know nothing of the prefix.
func bareHealth(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// handlers has a method for each operation of the contract.
type handlers struct {
	useCases UseCases
	version  string
	clock    port.Clock
}

var _ api.StrictServerInterface = (*handlers)(nil)
