package domain

import (
	"cmp"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ProviderIdentity is somebody as a provider knows them. Provider, Issuer and ID together never change; everything else may.
type ProviderIdentity struct {
	Provider      string // the provider's name in this server: "github"
	Issuer        string // of an OpenID issuer from the configuration; "" for the named providers, of which there is one each
	ID            string // the provider's own id of the user, never ""
	Email         Email  // "" when the provider tells none
	EmailVerified bool   // the provider attests, explicitly, that the address is the user's
	Name          string // "" when the provider tells none
	AvatarURL     string // "" when the provider tells none
}

// ProviderTokens are a provider's tokens for its own API.
type ProviderTokens struct {
	AccessToken  string
	ExpiresAt    time.Time // zero: the provider didn't say
	RefreshToken string    // "" when the provider gave none
}

// Account is the text under which the identity is stored with its provider: the provider's id or, for an issuer from the
// configuration, the issuer, a blank and the id. So a name that is given to another issuer inherits nobody (OpenID Connect Core
// §5.7: only issuer and subject together identify). A URL has no blanks.
func (i ProviderIdentity) Account() string {
	if i.Issuer == "" {
		return i.ID
	}
	return i.Issuer + " " + i.ID
}

// IdentityOf reads what Account wrote.
func IdentityOf(provider, account string) ProviderIdentity {
	issuer, id, found := strings.Cut(account, " ")
	if !found || !strings.Contains(issuer, "://") || NamedProvider(provider) {
		return ProviderIdentity{Provider: provider, ID: account}
	}
	return ProviderIdentity{Provider: provider, Issuer: issuer, ID: id}
}

// Limits of what is taken over from a provider.
const (
	maxProviderID   = 255 // bytes; OpenID Connect Core §2 for sub
	maxProviderName = 256 // bytes
	maxAvatarURL    = 2048
)

// Usable tells whether the provider's id can identify anybody.
func (i ProviderIdentity) Usable() bool {
	return i.ID != "" && len(i.ID) <= maxProviderID && utf8.ValidString(i.ID) && strings.IndexFunc(i.ID, unicode.IsControl) < 0
}

// DisplayName is the name of a new user who states none: the provider's, without what can't be shown, or the id.
func (i ProviderIdentity) DisplayName() string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(i.Name, ""))
	if len(name) > maxProviderName {
		name = strings.ToValidUTF8(name[:maxProviderName], "")
	}
	return cmp.Or(strings.TrimSpace(name), i.ID)
}

// Avatar is the address of the provider's picture, "" for one that is none of the web.
func (i ProviderIdentity) Avatar() string {
	parsed, err := url.Parse(i.AvatarURL)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || len(i.AvatarURL) > maxAvatarURL {
		return ""
	}
	return parsed.String()
}

// ProviderLink says that an identity belongs to a user, who can sign in with it.
type ProviderLink struct {
	ID        string // a UUID
	UserID    UserID
	Identity  ProviderIdentity // only Provider, Issuer and ID are kept
	CreatedAt time.Time
	Tokens    *ProviderTokens // nil when there are none
}

// namedProviders are those this product knows by name. An issuer from the configuration can't have one of these names.
const namedProviders = " apple azuread bitbucket discord entraid facebook github gitlab google linkedin spotify strava twitch twitter windowslive workos "

// NamedProvider tells whether the product knows a provider of that name, switched on or not.
func NamedProvider(name string) bool {
	return name != "" && !strings.Contains(name, " ") && strings.Contains(namedProviders, " "+name+" ")
}
