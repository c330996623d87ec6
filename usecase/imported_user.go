package usecase

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
)

const (
	maxProviderUserID = 255 // bytes
	// clockTolerance is how far the clock of the other system may be ahead.
	clockTolerance = 24 * time.Hour
)

// user checks a record and returns the account that it makes, or everything that is wrong with it.
func (uc *ImportUsers) user(r domain.ImportRecord) (domain.ImportedUser, []error) {
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	user := domain.ImportedUser{User: domain.User{
		EmailVerified: r.EmailVerified, PasswordHash: r.PasswordHash, Metadata: r.Metadata, CreatedAt: r.CreatedAt.UTC().Truncate(time.Microsecond),
	}}
	note(uc.addresses(&user, r))
	note(uc.profile(&user, r))
	note(uc.roles(&user, r))
	note(uc.secrets(&user, r))
	note(uc.providers(&user, r))
	if now := uc.Clock.Now(); r.CreatedAt.IsZero() {
		user.CreatedAt = now
	} else if r.CreatedAt.After(now.Add(clockTolerance)) || r.CreatedAt.Year() < 1970 {
		note(mistake("createdAt", "must be a time between 1970 and now"))
	}
	identity := cmp.Or(user.Email.Canonical(), user.PhoneNumber)
	if identity == "" && len(user.Providers) > 0 {
		identity = user.Providers[0].Identity.Provider + "\x00" + user.Providers[0].Identity.Account()
	}
	if identity == "" && len(problems) == 0 {
		note(mistake("email", "is required for users who have neither a phone number nor a provider"))
	}
	user.ID = uc.Key.UserID(identity)
	for i := range user.Providers {
		user.Providers[i].UserID, user.Providers[i].CreatedAt = user.ID, user.CreatedAt
	}
	return user, problems
}

func (uc *ImportUsers) addresses(user *domain.ImportedUser, r domain.ImportRecord) (err error) {
	if r.Email != "" {
		if user.Email, err = domain.ParseEmail("email", r.Email); err != nil {
			return err
		}
	}
	if r.PhoneNumber == "" {
		return nil
	}
	user.PhoneNumber, _, err = uc.Numbers.Parse(r.PhoneNumber)
	if field, reason := (*domain.FieldError)(nil), "must be a phone number with its country, such as +4915112345678"; errors.As(err, &field) {
		return mistake("phoneNumber", cmp.Or(field.Reason, reason))
	}
	return err
}

func (uc *ImportUsers) profile(user *domain.ImportedUser, r domain.ImportRecord) (err error) {
	user.DisplayName = cmp.Or(r.DisplayName, string(user.Email), user.PhoneNumber)
	if _, err := domain.ParseDisplayName("displayName", r.DisplayName); err != nil {
		return err
	}
	user.AvatarURL = uc.Policy.Avatars.For(user.Email)
	user.Locale = uc.Policy.DefaultLocale
	if r.Locale != "" {
		user.Locale, err = domain.ParseLocale("locale", r.Locale)
	}
	return err
}

func (uc *ImportUsers) roles(user *domain.ImportedUser, r domain.ImportRecord) (err error) {
	if user.Roles, err = domain.ParseRoles("roles", r.Roles); err != nil {
		return err
	}
	if len(user.Roles) == 0 {
		user.Roles = uc.Policy.AllowedRoles
	}
	user.DefaultRole, err = domain.DefaultRoleAmong(user.Roles, domain.Role(r.DefaultRole), uc.Policy.DefaultRole)
	if err != nil {
		return mistake("defaultRole", "must be one of the roles")
	}
	return nil
}

func (uc *ImportUsers) secrets(user *domain.ImportedUser, r domain.ImportRecord) (err error) {
	if r.PasswordHash != "" && !uc.Hashes.Known(r.PasswordHash) {
		return mistake("passwordHash", "is of a kind that is not known, malformed, or would cost too much to verify")
	}
	if r.TOTPSecret != "" {
		user.ActiveMFA = domain.TOTPMFA
		user.TOTPSecret, err = domain.ParseTOTPSecret("totpSecret", r.TOTPSecret)
	}
	return err
}

func (uc *ImportUsers) providers(user *domain.ImportedUser, r domain.ImportRecord) error {
	for _, identity := range r.Providers {
		switch {
		case !domain.NamedProvider(identity.Provider):
			return mistake("providers", "must each have the name of a provider that is known here, such as github")
		case identity.ID == "" || len(identity.ID) > maxProviderUserID || strings.ContainsAny(identity.ID, " \x00"):
			return mistake("providers", "must each have the provider's own id of the user as providerUserId")
		}
		user.Providers = append(user.Providers, domain.ProviderLink{ID: uc.Random.UUID(), Identity: identity})
	}
	return nil
}
