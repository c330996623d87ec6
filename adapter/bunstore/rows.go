package bunstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// userRow is an account as userColumns selects it.
type userRow struct {
	ID                  string
	CreatedAt           timestamp
	Disabled            bool
	DisplayName         string
	AvatarURL           string
	Locale              string
	Email               string
	EmailVerified       bool
	PhoneNumber         string
	PhoneNumberVerified bool
	PasswordHash        string
	DefaultRole         string
	IsAnonymous         bool
	ActiveMFAType       string
	Metadata            string
	Roles               roleList
}

// userFields are the columns of auth.users AS u that make a domain.User. What may be NULL comes as "".
const userFields = `u.id, u.created_at, u.disabled, u.display_name, u.avatar_url, u.locale,
	coalesce(u.email, '') AS email, u.email_verified, coalesce(u.phone_number, '') AS phone_number, u.phone_number_verified,
	coalesce(u.password_hash, '') AS password_hash, u.default_role, u.is_anonymous,
	coalesce(u.active_mfa_type, '') AS active_mfa_type, coalesce(CAST(u.metadata AS text), '') AS metadata`

// userColumns are userFields and the user's roles as a JSON array. The order of roles is the same on every database.
func userColumns(sqlite bool) string {
	aggregate := `json_agg(r.role ORDER BY r.role COLLATE "C")`
	if sqlite {
		aggregate = `json_group_array(r.role ORDER BY r.role)`
	}
	return userFields + `, (SELECT coalesce(CAST(` + aggregate + ` AS text), '[]') FROM auth.user_roles r WHERE r.user_id = u.id) AS roles`
}

// fields are where userColumns go, in their order.
func (r *userRow) fields() []any {
	return []any{
		&r.ID, &r.CreatedAt, &r.Disabled, &r.DisplayName, &r.AvatarURL, &r.Locale, &r.Email, &r.EmailVerified, &r.PhoneNumber,
		&r.PhoneNumberVerified, &r.PasswordHash, &r.DefaultRole, &r.IsAnonymous, &r.ActiveMFAType, &r.Metadata, &r.Roles,
	}
}

func (r userRow) user() domain.User {
	defaultRole := domain.Role(r.DefaultRole)
	return domain.User{
		ID: domain.UserID(r.ID), CreatedAt: time.Time(r.CreatedAt), Disabled: r.Disabled, DisplayName: r.DisplayName,
		AvatarURL: r.AvatarURL, Locale: r.Locale, Email: domain.Email(r.Email), EmailVerified: r.EmailVerified,
		PhoneNumber: r.PhoneNumber, PhoneNumberVerified: r.PhoneNumberVerified, PasswordHash: r.PasswordHash,
		DefaultRole: defaultRole, Roles: domain.WithDefaultRole(r.Roles, defaultRole), IsAnonymous: r.IsAnonymous,
		ActiveMFA: domain.MFAType(r.ActiveMFAType), Metadata: metadataOf(r.Metadata),
	}
}

// metadataOf reads SQL NULL, which comes as "", and JSON null alike.
func metadataOf(text string) domain.Metadata {
	if text == "null" {
		return ""
	}
	return domain.Metadata(text)
}

// metadataText writes JSON null rather than SQL NULL: the peer reads NULL as an empty object.
func metadataText(m domain.Metadata) string {
	if m == "" {
		return "null"
	}
	return string(m)
}

// nullable writes an absent value as NULL.
func nullable[T ~string](value T) any {
	if value == "" {
		return nil
	}
	return string(value)
}

// roleList reads a JSON array of role names.
type roleList []domain.Role

// Scan implements sql.Scanner.
func (l *roleList) Scan(source any) error {
	text, err := textOf(source)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), (*[]domain.Role)(l))
}

// timestamp reads what the two databases return for a point in time.
type timestamp time.Time

// Scan implements sql.Scanner.
func (t *timestamp) Scan(source any) error {
	if at, ok := source.(time.Time); ok {
		*t = timestamp(at.UTC())
		return nil
	}
	text, err := textOf(source)
	if err != nil {
		return err
	}
	if text == "" {
		*t = timestamp{}
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1))
	if err != nil {
		return err
	}
	*t = timestamp(at.UTC())
	return nil
}

func textOf(source any) (string, error) {
	switch value := source.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	case []byte:
		return string(value), nil
	default:
		return "", fmt.Errorf("unexpected %T from the database", source)
	}
}
