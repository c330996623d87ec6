package domain

import (
	"slices"
	"strings"
	"time"
)

// EventKind names what happened: the thing, a full stop, and what became of it.
type EventKind string

// The kinds of events. Their spelling is part of the public API: programs match on it.
const (
	AdministrationRefused EventKind = "administration.refused"
	ElevationFailed       EventKind = "elevation.failed"
	EmailChangeRequested  EventKind = "email.change_requested"
	EmailChanged          EventKind = "email.changed"
	EmailVerified         EventKind = "email.verified"
	PasswordChanged       EventKind = "password.changed"
	PasswordReset         EventKind = "password.reset"
	PATCreated            EventKind = "pat.created"
	PATRemoved            EventKind = "pat.removed"
	ProviderLinked        EventKind = "provider.linked"
	ProviderUnlinked      EventKind = "provider.unlinked"
	RecoveryCodeUsed      EventKind = "recovery_code.used"
	RecoveryCodesCreated  EventKind = "recovery_codes.created"
	RefreshTokenReused    EventKind = "refresh_token.reused"
	SecondFactorFailed    EventKind = "second_factor.failed"
	SecurityKeyAdded      EventKind = "security_key.added"
	SecurityKeyCopied     EventKind = "security_key.copied"
	SecurityKeyRemoved    EventKind = "security_key.removed"
	SecurityKeyRenamed    EventKind = "security_key.renamed"
	SessionElevated       EventKind = "session.elevated"
	SessionEnded          EventKind = "session.ended"
	SessionsEnded         EventKind = "sessions.ended"
	SignInChallenged      EventKind = "sign_in.challenged"
	SignInFailed          EventKind = "sign_in.failed"
	SignInSucceeded       EventKind = "sign_in.succeeded"
	SigningKeyRotated     EventKind = "signing_key.rotated"
	TOTPDisabled          EventKind = "totp.disabled"
	TOTPEnabled           EventKind = "totp.enabled"
	UserClaimed           EventKind = "user.claimed"
	UserCreated           EventKind = "user.created"
	UserDeanonymized      EventKind = "user.deanonymized"
	UserDeleted           EventKind = "user.deleted"
	UserDisabled          EventKind = "user.disabled"
	UserEnabled           EventKind = "user.enabled"
	UserExported          EventKind = "user.exported"
	UserUpdated           EventKind = "user.updated"
	UsersImported         EventKind = "users.imported"
)

// EventKinds returns all kinds, in alphabetical order.
func EventKinds() []EventKind {
	return []EventKind{
		AdministrationRefused, ElevationFailed, EmailChangeRequested, EmailChanged, EmailVerified, PasswordChanged, PasswordReset, PATCreated,
		PATRemoved, ProviderLinked, ProviderUnlinked, RecoveryCodeUsed, RecoveryCodesCreated, RefreshTokenReused, SecondFactorFailed,
		SecurityKeyAdded, SecurityKeyCopied, SecurityKeyRemoved, SecurityKeyRenamed, SessionElevated, SessionEnded, SessionsEnded,
		SignInChallenged, SignInFailed, SignInSucceeded, SigningKeyRotated, TOTPDisabled, TOTPEnabled, UserClaimed, UserCreated,
		UserDeanonymized, UserDeleted, UserDisabled, UserEnabled, UserExported, UserUpdated, UsersImported,
	}
}

// EventFilter chooses kinds: one kind, or what stands before the full stop for all that begin with it. "" chooses every kind.
type EventFilter string

// ParseEventFilter reads a filter that chooses something; ok is false otherwise.
func ParseEventFilter(text string) (f EventFilter, ok bool) {
	f = EventFilter(text)
	return f, slices.ContainsFunc(EventKinds(), f.Chooses)
}

// Chooses tells whether the filter lets kind through.
func (f EventFilter) Chooses(kind EventKind) bool {
	return f == "" || string(f) == string(kind) || strings.HasPrefix(string(kind), string(f)+".")
}

// Actor is who did what an event tells of.
type Actor string

// The actors.
const (
	ActorClient        Actor = "client"        // somebody who has not proven who they are
	ActorUser          Actor = "user"          // the user whom the event is about
	ActorAdministrator Actor = "administrator" // by the API for administrators or on the command line
)

// SignInMethod is a way to sign in, as metrics name it too.
type SignInMethod string

// The methods.
const (
	MethodPassword    SignInMethod = "password"
	MethodEmailLink   SignInMethod = "email-link"
	MethodEmailCode   SignInMethod = "email-code"
	MethodSMSCode     SignInMethod = "sms-code"
	MethodTOTP        SignInMethod = "totp"
	MethodSecurityKey SignInMethod = "security-key"
	MethodProvider    SignInMethod = "provider"
	MethodIDToken     SignInMethod = "id-token"
	MethodPAT         SignInMethod = "personal-access-token"
	MethodPKCE        SignInMethod = "pkce-code"
	MethodAnonymous   SignInMethod = "anonymous"
)

// Event is something that whoever answers for the accounts may have to explain later. It never holds a secret, nor what somebody
// typed where an address was asked for: people type passwords there.
type Event struct {
	ID        string // a UUID
	Kind      EventKind
	At        time.Time
	Actor     Actor
	UserID    UserID       // whom it is about; "" when nobody knows
	SessionID SessionID    // that began, was meant, or ended; "" when there is none
	Method    SignInMethod // of sign-ins and elevations
	Target    string       // the id of the key or token, the name of the provider, or a number; "" when there is none
	Reason    Code         // of failures
	Device    Device       // of the actor
	RequestID string       // "" for what was not asked for over HTTP
}

// EventQuery chooses events.
type EventQuery struct {
	User   UserID // "" for everybody
	Filter EventFilter
	Since  time.Time // the zero value: from the beginning
	Limit  int       // at most so many, the newest
}

// FailedSignIn tells whether err is a failure that an audit log must show: a proof that was not good, or an account that lets nobody
// in. What the server could not do, or does not offer, is none.
func FailedSignIn(code Code) bool {
	return !slices.Contains([]Code{"", Unavailable, InternalServerError, DisabledEndpoint, SchemaValidation}, code)
}
