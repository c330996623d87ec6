package domain

import "time"

// ProviderIdentity is somebody as a provider knows them. The pair of Provider and ID never changes; everything else may.
type ProviderIdentity struct {
	Provider      string // the provider's name in this server: "github"
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
