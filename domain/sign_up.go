package domain

import (
	"cmp"
	"slices"
)

// SignUpOptions are the wishes a client states when an account is created. Zero values mean "not stated", but an
// AllowedRoles that is empty and not nil is a statement: no role at all.
type SignUpOptions struct {
	AllowedRoles []Role
	DefaultRole  Role
	DisplayName  string
	Locale       string
	Metadata     Metadata
	RedirectTo   string
}

// Over returns o completed by what earlier states and o does not.
func (o SignUpOptions) Over(earlier SignUpOptions) SignUpOptions {
	merged := SignUpOptions{
		AllowedRoles: o.AllowedRoles, DefaultRole: cmp.Or(o.DefaultRole, earlier.DefaultRole), DisplayName: cmp.Or(o.DisplayName, earlier.DisplayName),
		Locale: cmp.Or(o.Locale, earlier.Locale), Metadata: cmp.Or(o.Metadata, earlier.Metadata), RedirectTo: cmp.Or(o.RedirectTo, earlier.RedirectTo),
	}
	if o.AllowedRoles == nil {
		merged.AllowedRoles = earlier.AllowedRoles
	}
	return merged
}

// Profile is what becomes of SignUpOptions once the policy has checked them and filled in what was not stated.
type Profile struct {
	Roles       []Role
	DefaultRole Role
	DisplayName string
	Locale      string
	Metadata    Metadata
	RedirectTo  string
}

// SignUpPolicy decides who may have a new account and what it looks like.
type SignUpPolicy struct {
	Disabled         bool // nobody may sign up
	NewUsersDisabled bool // new accounts are created, but disabled
	AnonymousEnabled bool // anonymous sign-in exists
	RequireVerified  bool // an address must be verified before its owner gets a session
	DefaultRole      Role
	AllowedRoles     []Role // those a client may ask for, the default role among them
	DefaultLocale    string
	Locales          []string // those a client may ask for, the default among them
	Emails           EmailAccessPolicy
	Redirects        RedirectPolicy
	Avatars          AvatarPolicy
	AnonymousName    string // display name of anonymous users
}

// MaySignUp answers SignupDisabled when sign-up is switched off.
func (p SignUpPolicy) MaySignUp() error {
	if p.Disabled {
		return SignupDisabled
	}
	return nil
}

// MayUseEmail answers InvalidEmailPassword when the access lists refuse the address: the same code as for a wrong password,
// so that nobody learns the lists from it.
func (p SignUpPolicy) MayUseEmail(email Email) error {
	if !p.Emails.Allows(string(email)) {
		return InvalidEmailPassword
	}
	return nil
}

// Resolve checks options in the order of the API (redirectTo, roles, default role) and completes them. fallbackName is the
// display name of a user who states none. A locale that is not allowed becomes the default locale without complaint.
func (p SignUpPolicy) Resolve(o SignUpOptions, fallbackName string) (Profile, error) {
	profile := Profile{
		Roles: o.AllowedRoles, DefaultRole: o.DefaultRole, DisplayName: o.DisplayName,
		Locale: p.Locale(o.Locale), Metadata: o.Metadata,
	}
	var err error
	if profile.RedirectTo, err = p.RedirectTo(o.RedirectTo); err != nil {
		return Profile{}, err
	}
	if o.AllowedRoles == nil {
		profile.Roles = p.AllowedRoles
	}
	for _, role := range profile.Roles {
		if !slices.Contains(p.AllowedRoles, role) {
			return Profile{}, RoleNotAllowed
		}
	}
	profile.Roles = uniqueRoles(profile.Roles)
	if o.DefaultRole == "" {
		profile.DefaultRole = p.DefaultRole
	}
	if !slices.Contains(profile.Roles, profile.DefaultRole) {
		return Profile{}, DefaultRoleMustBeInAllowedRoles
	}
	if o.DisplayName == "" {
		profile.DisplayName = fallbackName
	}
	return profile, nil
}

// RedirectTo returns where a flow may lead: target, or the client's own address when none is stated. RedirectToNotAllowed.
func (p SignUpPolicy) RedirectTo(target string) (string, error) {
	if target == "" {
		return p.Redirects.Default(), nil
	}
	return target, p.Redirects.Check(target)
}

// MayLink answers RedirectToNotAllowed when a mailed link would lead nowhere: neither a target nor an address of the client is
// stated.
func (p SignUpPolicy) MayLink(target string) error {
	if target == "" && p.Redirects.Default() == "" {
		return RedirectToNotAllowed
	}
	return nil
}

// LinkTarget returns where a mailed link leads in the end. RedirectToNotAllowed.
func (p SignUpPolicy) LinkTarget(target string) (string, error) {
	if err := p.MayLink(target); err != nil {
		return "", err
	}
	return p.RedirectTo(target)
}

// Locale returns locale where it is allowed and the default locale otherwise.
func (p SignUpPolicy) Locale(locale string) string {
	if slices.Contains(p.Locales, locale) {
		return locale
	}
	return p.DefaultLocale
}

// WithEmail returns the account that profile and address make. NewUsersDisabled makes it a disabled one.
func (p SignUpPolicy) WithEmail(id UserID, email Email, passwordHash string, profile Profile) User {
	return User{
		ID: id, Email: email, PasswordHash: passwordHash, Disabled: p.NewUsersDisabled,
		DisplayName: profile.DisplayName, AvatarURL: p.Avatars.For(email), Locale: profile.Locale,
		DefaultRole: profile.DefaultRole, Roles: profile.Roles, Metadata: profile.Metadata,
	}
}

// WithIdentity returns the account of somebody who comes from a provider. The provider's picture wins over that of the address.
func (p SignUpPolicy) WithIdentity(id UserID, identity ProviderIdentity, profile Profile) User {
	user := p.WithEmail(id, identity.Email, "", profile)
	user.EmailVerified = identity.Email != "" && identity.EmailVerified
	user.AvatarURL = cmp.Or(identity.Avatar(), user.AvatarURL)
	return user
}

// WithPhone returns the account that profile and phone number make. NewUsersDisabled makes it a disabled one.
func (p SignUpPolicy) WithPhone(id UserID, number string, profile Profile) User {
	user := p.WithEmail(id, "", "", profile)
	user.PhoneNumber = number
	return user
}

// Anonymous returns the account of somebody who states next to nothing. Anonymous accounts are never disabled from the start.
func (p SignUpPolicy) Anonymous(id UserID, o SignUpOptions) User {
	name := o.DisplayName
	if name == "" {
		name = p.AnonymousName
	}
	return User{
		ID: id, IsAnonymous: true, DisplayName: name, Locale: p.Locale(o.Locale),
		DefaultRole: AnonymousRole, Roles: []Role{AnonymousRole}, Metadata: o.Metadata,
	}
}

// uniqueRoles keeps the order and drops repetitions. It leaves its argument alone.
func uniqueRoles(roles []Role) []Role {
	unique := make([]Role, 0, len(roles))
	for _, role := range roles {
		if !slices.Contains(unique, role) {
			unique = append(unique, role)
		}
	}
	return unique
}
