package domain

import (
	"slices"
	"time"
)

// UserID identifies a user: a UUID in its lower-case text form.
type UserID string

// Role is the name of a role as Hasura knows it ("user", "me", "anonymous").
type Role string

// AnonymousRole is the default and only role of a user who signed in anonymously.
const AnonymousRole Role = "anonymous"

// Metadata is the application's own JSON object about a user, kept as the text the client sent so that no number loses
// digits. The zero value stands for JSON null.
type Metadata string

// MFAType is the second factor a user has switched on, or NoMFA.
type MFAType string

// The second factors.
const (
	NoMFA   MFAType = ""
	TOTPMFA MFAType = "totp"
)

// User is an account. A user always has an id, a locale and a default role; everything else may be missing.
type User struct {
	ID                  UserID
	CreatedAt           time.Time
	Disabled            bool
	DisplayName         string
	AvatarURL           string // "" when there is none
	Locale              string // two or three lower-case letters
	Email               Email  // "" when there is none
	EmailVerified       bool
	PhoneNumber         string // "" when there is none
	PhoneNumberVerified bool
	PasswordHash        string // "" when no password is set
	DefaultRole         Role
	Roles               []Role // the allowed roles, the default role among them
	IsAnonymous         bool
	ActiveMFA           MFAType
	Metadata            Metadata
}

// WithDefaultRole returns roles with the default role appended where it is missing. The argument is not changed.
func WithDefaultRole(roles []Role, defaultRole Role) []Role {
	if slices.Contains(roles, defaultRole) {
		return roles
	}
	return append(slices.Clone(roles), defaultRole)
}
