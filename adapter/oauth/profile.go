package oauth

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/hexauth/hexauth/domain"
)

// Bounds on what is taken over from a provider, in bytes but for the name.
const (
	maxID      = 255
	maxName    = 200 // characters
	maxPicture = 2048
)

// profile is what a provider says about a user, as it says it.
type profile struct {
	id       string
	email    string
	attested bool // the provider says, explicitly, that the address is the user's
	name     string
	picture  string
}

// identity checks what everything hangs on, the id, and drops what can't be used of the rest: text of a provider goes into
// databases, mails and pages.
func (p profile) identity(provider string) (domain.ProviderIdentity, error) {
	if p.id == "" || len(p.id) > maxID || strings.ContainsFunc(p.id, unicode.IsControl) {
		return domain.ProviderIdentity{}, errors.New("the profile has no usable id")
	}
	identity := domain.ProviderIdentity{Provider: provider, ID: p.id, Name: cleanName(p.name), AvatarURL: cleanPicture(p.picture)}
	if email, err := domain.ParseEmail("email", strings.TrimSpace(p.email)); err == nil {
		identity.Email, identity.EmailVerified = email, p.attested
	}
	return identity, nil
}

// cleanName drops control characters and superfluous blanks.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	characters := []rune(strings.Join(strings.Fields(name), " "))
	return strings.TrimSpace(string(characters[:min(len(characters), maxName)]))
}

// cleanPicture drops what is no address of the web: Strava, for one, sends a relative path where there is no picture.
func cleanPicture(picture string) string {
	parsed, err := url.Parse(picture)
	web := err == nil && parsed.Host != "" && parsed.User == nil && (parsed.Scheme == "https" || parsed.Scheme == "http")
	if !web || len(picture) > maxPicture {
		return ""
	}
	return parsed.String()
}

// flag is an attestation: true for the JSON value true, and for nothing else. It never fails, so that a provider's slip costs a
// verification mail and not the sign-in.
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(text []byte) error {
	*f = string(text) == "true"
	return nil
}

// textFlag is a flag of a provider that is known to send the string "true" as well.
type textFlag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *textFlag) UnmarshalJSON(text []byte) error {
	*f = string(text) == "true" || string(text) == `"true"`
	return nil
}

// decimal writes a numeric id; 0 means that there was none.
func decimal(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }
