package domain

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Account is a user as administrators see it.
type Account struct {
	User
	UpdatedAt  time.Time
	LastSeenAt time.Time // zero: never
	NewEmail   Email     // an address that waits to be confirmed, "" for none
	// RecoveryCodesLeft is how many recovery codes have not been used.
	RecoveryCodesLeft int
}

// UserRef names a user by id or by address; exactly one of them is set.
type UserRef struct {
	ID    UserID
	Email Email
}

// ParseUserRef reads a user's id or address.
func ParseUserRef(field, text string) (UserRef, error) {
	if id := strings.ToLower(text); isUUID(id) {
		return UserRef{ID: UserID(id)}, nil
	}
	email, err := ParseEmail(field, text)
	if err != nil {
		return UserRef{}, &FieldError{Code: InvalidRequest, Field: field, Reason: "must be the id or the e-mail address of a user"}
	}
	return UserRef{Email: email}, nil
}

// roleSyntax is that of the configuration.
var roleSyntax = regexp.MustCompile(`^[\pL\pN_][\pL\pN_.:@/+-]*$`)

const maxRoleLength = 128 // bytes

// ParseRoles checks the spelling of roles and drops repetitions.
func ParseRoles(field string, names []string) ([]Role, error) {
	roles := make([]Role, len(names))
	for i, name := range names {
		if !roleSyntax.MatchString(name) || len(name) > maxRoleLength {
			return nil, &FieldError{
				Code: InvalidRequest, Field: field, Reason: "must consist of letters, digits and _ . : @ / + -, starting with a letter, digit or _",
			}
		}
		roles[i] = Role(name)
	}
	return uniqueRoles(roles), nil
}

// DefaultRoleAmong returns the stated role, which must be among roles. Without one it is the first of the usual ones that is among
// roles or else the first of roles. DefaultRoleMustBeInAllowedRoles.
func DefaultRoleAmong(roles []Role, stated Role, usual ...Role) (Role, error) {
	switch {
	case stated != "" && !slices.Contains(roles, stated), len(roles) == 0:
		return "", DefaultRoleMustBeInAllowedRoles
	case stated != "":
		return stated, nil
	}
	for _, role := range usual {
		if slices.Contains(roles, role) {
			return role, nil
		}
	}
	return roles[0], nil
}

var localeSyntax = regexp.MustCompile(`^[a-z]{2,3}$`)

// ParseLocale checks the form of a locale: two or three lower-case letters.
func ParseLocale(field, text string) (string, error) {
	if !localeSyntax.MatchString(text) {
		return "", &FieldError{Code: InvalidRequest, Field: field, Reason: "must be two or three lower-case letters such as en"}
	}
	return text, nil
}

// MaxDisplayName is how long a display name may be, in bytes.
const MaxDisplayName = 255

// ParseDisplayName checks a name that administration gives, which may have any character but control characters.
func ParseDisplayName(field, text string) (string, error) {
	if len(text) > MaxDisplayName || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", &FieldError{Code: InvalidRequest, Field: field, Reason: "must have at most 255 bytes and no control characters"}
	}
	return text, nil
}

// UserChange says what shall change about a user; what is nil stays.
type UserChange struct {
	Disabled      *bool
	Email         *Email
	EmailVerified *bool
	DisplayName   *string
	Locale        *string
	Metadata      *Metadata
	Roles         []Role // all of them, the default role among them
	DefaultRole   *Role
}

// OAuth2Grant is what a user allowed an application that signs users in through this server.
type OAuth2Grant struct {
	ClientID  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// AccountExport is everything that is kept of a user. Hashes, public keys and what opens sessions are not to be shown.
type AccountExport struct {
	Account
	Sessions     []OpenSession
	Tokens       []PersonalAccessToken
	SecurityKeys []SecurityKey
	Providers    []ProviderLink
	Grants       []OAuth2Grant
	Tickets      []TicketRecord // that are still good
	Messages     []QueuedMessage
	Events       []Event // newest first
}
