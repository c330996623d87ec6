package main

import (
	"log/slog"

	"github.com/hexauth/hexauth/adapter/aesgcm"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// parts are what several use cases are made of.
type parts struct {
	cfg           config.Config
	key           []byte
	store         port.Store
	clock         port.Clock
	keyring       tokens
	signUp        domain.SignUpPolicy
	signIn        domain.SignInPolicy
	passwords     port.Passwords
	checks        usecase.PasswordChecks
	refreshKey    domain.RefreshTokenKey
	sessions      usecase.Sessions
	tickets       usecase.Tickets
	ceremonies    usecase.Ceremonies
	elevation     domain.ElevationPolicy
	visit         usecase.ProviderVisit
	arrive        usecase.ProviderSignIn
	authenticator port.TOTP
	factor        usecase.SecondFactor
	byLink        usecase.EmailSignIn
	byCode        usecase.EmailSignIn
	bySMS         usecase.SMSSignIn
	audit         usecase.Audit
	mail          mailing
	providers     identityProviders
	meter         port.RefreshMeter
	log           *slog.Logger
}

// useCases are the operations that need no administrator.
func (p parts) useCases() (u rest.UseCases) {
	p.accounts(&u)
	p.tokens(&u)
	p.passwordless(&u)
	p.factors(&u)
	p.identities(&u)
	return u
}

// accounts sets what has to do with accounts and their passwords.
func (p parts) accounts(u *rest.UseCases) {
	u.ChangeUserEmail = &usecase.ChangeUserEmail{Audit: p.audit, Store: p.store, Tickets: p.tickets, SignUp: p.signUp, Policy: p.signIn}
	u.ChangeUserPassword = &usecase.ChangeUserPassword{Audit: p.audit, Store: p.store, Passwords: p.passwords, Checks: p.checks, Clock: p.clock, Policy: p.signIn}
	u.DeanonymizeUser = &usecase.DeanonymizeUser{
		Audit: p.audit, Store: p.store, Passwords: p.passwords, Checks: p.checks, Tickets: p.tickets, SignUp: p.signUp, Passwordless: p.cfg.EmailPasswordlessEnabled,
	}
	u.GetUser = &usecase.GetUser{Store: p.store, Policy: p.signIn}
	u.SendPasswordResetEmail = &usecase.SendPasswordResetEmail{Store: p.store, Tickets: p.tickets, SignUp: p.signUp, Policy: p.signIn}
	u.SendVerificationEmail = &usecase.SendVerificationEmail{
		Store: p.store, Tickets: p.tickets, SignUp: p.signUp, Policy: p.signIn, Conceal: p.cfg.ConcealErrors,
	}
	u.SignInAnonymous = &usecase.SignInAnonymous{Store: p.store, Random: system.Random{}, Sessions: p.sessions, Policy: p.signUp}
	u.SignInEmailPassword = &usecase.SignInEmailPassword{Store: p.store, Passwords: p.passwords, Sessions: p.sessions, Policy: p.signIn}
	u.SignUpEmailPassword = &usecase.SignUpEmailPassword{
		Store: p.store, Passwords: p.passwords, Random: system.Random{}, Sessions: p.sessions, Policy: p.signUp, Checks: p.checks, Tickets: p.tickets,
	}
	u.VerifyTicket = &usecase.VerifyTicket{Store: p.store, Random: system.Random{}, Sessions: p.sessions, Policy: p.signIn, Redirects: p.signUp.Redirects}
}

// tokens sets what has to do with sessions, tokens and keys.
func (p parts) tokens(u *rest.UseCases) {
	u.Authenticate = &usecase.Authenticate{Tokens: p.keyring}
	u.CheckElevation = &usecase.CheckElevation{Store: p.store, Policy: p.elevation}
	u.CreatePAT = &usecase.CreatePAT{
		Audit: p.audit, Store: p.store, Clock: p.clock, Random: system.Random{}, SignIn: p.signIn, Policy: domain.PATPolicy{MaxLifetime: p.cfg.PATMaxExpiresIn},
	}
	u.DeletePAT = &usecase.DeletePAT{Audit: p.audit, Store: p.store, Policy: p.signIn}
	u.EndOtherSessions = &usecase.EndOtherSessions{Audit: p.audit, Store: p.store}
	u.EndSession = &usecase.EndSession{Audit: p.audit, Store: p.store}
	u.GetJWKS = &usecase.GetJWKS{Keys: p.keyring}
	u.GetReadiness = &usecase.GetReadiness{Store: p.store}
	u.ListPATs = &usecase.ListPATs{Store: p.store, Policy: p.signIn}
	u.ListSessions = &usecase.ListSessions{Store: p.store, Clock: p.clock}
	u.RefreshToken = &usecase.RefreshToken{Store: p.store, Sessions: p.sessions, Policy: p.signIn, Journal: system.Journal{Log: p.log}, Meter: p.meter}
	u.SignInPAT = &usecase.SignInPAT{Store: p.store, Sessions: p.sessions, Policy: p.signIn}
	u.SignOut = &usecase.SignOut{Audit: p.audit, Store: p.store, Key: p.refreshKey}
	u.TokenExchange = &usecase.TokenExchange{Store: p.store, Sessions: p.sessions, Policy: p.signIn}
	u.VerifyToken = &usecase.VerifyToken{Tokens: p.keyring, Store: p.store, Policy: p.signIn}
}

// passwordless sets what signs in by a link or a code that is sent.
func (p parts) passwordless(u *rest.UseCases) {
	u.SignInOTPEmail = &usecase.SignInOTPEmail{EmailSignIn: p.byCode}
	u.SignInPasswordlessEmail = &usecase.SignInPasswordlessEmail{EmailSignIn: p.byLink}
	u.SignInPasswordlessSMS = &usecase.SignInPasswordlessSMS{SMSSignIn: p.bySMS}
	u.SignUpOTPEmail = &usecase.SignUpOTPEmail{EmailSignIn: p.byCode}
	u.SignUpPasswordlessEmail = &usecase.SignUpPasswordlessEmail{EmailSignIn: p.byLink}
	u.SignUpPasswordlessSMS = &usecase.SignUpPasswordlessSMS{SMSSignIn: p.bySMS}
	u.VerifySignInOTPEmail = &usecase.VerifySignInOTPEmail{Store: p.store, Tickets: p.tickets, Sessions: p.sessions, Policy: p.signIn}
	u.VerifySignInPasswordlessSMS = &usecase.VerifySignInPasswordlessSMS{
		Store: p.store, Numbers: phone.Numbers{}, Verifier: p.mail.Verifier, Passwords: p.passwords, Tickets: p.tickets, Sessions: p.sessions, Policy: p.signIn,
		Enabled: p.cfg.SMSPasswordlessEnabled, GatewayCodes: p.mail.gatewayCodes,
	}
}

// factors sets what has to do with second factors and security keys.
func (p parts) factors(u *rest.UseCases) {
	u.AddSecurityKey = &usecase.AddSecurityKey{Ceremonies: p.ceremonies, Policy: p.signIn}
	u.ChangeUserMFA = &usecase.ChangeUserMFA{Store: p.store, TOTP: p.authenticator, Policy: p.signIn, Enabled: p.cfg.MFAEnabled}
	u.CreateRecoveryCodes = &usecase.CreateRecoveryCodes{Store: p.store, Random: system.Random{}, Factor: p.factor, Policy: p.signIn}
	u.ElevateTOTP = &usecase.ElevateTOTP{Store: p.store, Factor: p.factor, Sessions: p.sessions, Policy: p.signIn}
	u.ElevateWebauthn = &usecase.ElevateWebauthn{Ceremonies: p.ceremonies, Policy: p.signIn}
	u.ListSecurityKeys = &usecase.ListSecurityKeys{Ceremonies: p.ceremonies, Policy: p.signIn}
	u.RemoveSecurityKey = &usecase.RemoveSecurityKey{Ceremonies: p.ceremonies, Policy: p.signIn, WaysIn: waysIn(p.cfg, p.providers)}
	u.RenameSecurityKey = &usecase.RenameSecurityKey{Ceremonies: p.ceremonies, Policy: p.signIn}
	u.SignInWebauthn = &usecase.SignInWebauthn{
		Ceremonies: p.ceremonies, Policy: p.signIn, Conceal: p.cfg.ConcealErrors, Decoys: domain.DecoyKey(aesgcm.DeriveKey(p.key, "hexauth decoy security keys")),
	}
	u.SignUpWebauthn = &usecase.SignUpWebauthn{Ceremonies: p.ceremonies, Random: system.Random{}, Policy: p.signUp}
	u.VerifyAddSecurityKey = &usecase.VerifyAddSecurityKey{Ceremonies: p.ceremonies, Random: system.Random{}, Policy: p.signIn}
	u.VerifyChangeUserMFA = &usecase.VerifyChangeUserMFA{Store: p.store, Factor: p.factor, Policy: p.signIn, Enabled: p.cfg.MFAEnabled}
	u.VerifyElevateWebauthn = &usecase.VerifyElevateWebauthn{Ceremonies: p.ceremonies, Sessions: p.sessions, Policy: p.signIn}
	u.VerifySignInMFATOTP = &usecase.VerifySignInMFATOTP{Store: p.store, Factor: p.factor, Sessions: p.sessions, Policy: p.signIn}
	u.VerifySignInWebauthn = &usecase.VerifySignInWebauthn{Ceremonies: p.ceremonies, Sessions: p.sessions, Policy: p.signIn}
	u.VerifySignUpWebauthn = &usecase.VerifySignUpWebauthn{
		Ceremonies: p.ceremonies, Random: system.Random{}, Enrolment: usecase.Enrolment{Store: p.store, Sessions: p.sessions, Policy: p.signUp, Tickets: p.tickets},
	}
}

// identities sets what has to do with identity providers.
func (p parts) identities(u *rest.UseCases) {
	u.GetProviderTokens = &usecase.GetProviderTokens{Store: p.store, Policy: p.signIn}
	u.LinkIDToken = &usecase.LinkIDToken{ProviderSignIn: p.arrive, IDTokens: p.providers.byToken}
	u.ListProviders = &usecase.ListProviders{Store: p.store, Policy: p.signIn}
	u.RefreshProviderToken = &usecase.RefreshProviderToken{Store: p.store, Providers: p.providers.byRedirect, Policy: p.signIn}
	u.RenewProviderTokens = &usecase.RenewProviderTokens{
		Store: p.store, Providers: p.providers.byRedirect, Clock: p.clock, AdminSecret: p.cfg.HasuraAdminSecret,
	}
	u.SignInIDToken = &usecase.SignInIDToken{ProviderSignIn: p.arrive, IDTokens: p.providers.byToken}
	u.SignInProvider = &usecase.SignInProvider{ProviderVisit: p.visit}
	u.SignInProviderCallback = &usecase.SignInProviderCallback{
		ProviderSignIn: p.arrive, Providers: p.providers.byRedirect, Redirects: p.signUp.Redirects, ServerURL: p.cfg.ServerURL,
	}
	u.SignUpIDToken = &usecase.SignUpIDToken{ProviderSignIn: p.arrive, IDTokens: p.providers.byToken}
	u.SignUpProvider = &usecase.SignUpProvider{ProviderVisit: p.visit}
	u.UnlinkProvider = &usecase.UnlinkProvider{
		Audit: p.audit, Store: p.store, Policy: p.signIn, WaysIn: waysIn(p.cfg, p.providers),
	}
}
