package domain

import (
	"strings"
	"time"
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
	if !found || !strings.Contains(issuer, "://") {
		return ProviderIdentity{Provider: provider, ID: account}
	}
	return ProviderIdentity{Provider: provider, Issuer: issuer, ID: id}
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
