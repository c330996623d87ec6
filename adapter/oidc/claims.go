package oidc

import (
	"cmp"

	"github.com/hexauth/hexauth/domain"
)

// ClaimNames are the claims in which an issuer tells about a user; "" stands for the standard claim (OpenID Connect Core §5.1).
type ClaimNames struct {
	Email         string // email
	EmailVerified string // email_verified
	Name          string // name
	Picture       string // picture
}

func (n ClaimNames) withDefaults() ClaimNames {
	return ClaimNames{
		Email: cmp.Or(n.Email, "email"), EmailVerified: cmp.Or(n.EmailVerified, "email_verified"),
		Name: cmp.Or(n.Name, "name"), Picture: cmp.Or(n.Picture, "picture"),
	}
}

// read takes what the claims tell. An address counts as attested when the flag is true, as a value or, as some issuers write it, as
// a text; nothing else attests.
func (n ClaimNames) read(claims map[string]any) domain.ProviderIdentity {
	email, err := domain.ParseEmail("email", text(claims, n.Email))
	if err != nil {
		email = ""
	}
	attested := claims[n.EmailVerified] == true || claims[n.EmailVerified] == "true"
	return domain.ProviderIdentity{
		Email: email, EmailVerified: email != "" && attested, Name: text(claims, n.Name), AvatarURL: text(claims, n.Picture),
	}
}

// complete tells whether there is nothing to ask for.
func (n ClaimNames) complete(claims map[string]any) bool {
	return text(claims, n.Email) != "" && text(claims, n.Name) != ""
}

func text(claims map[string]any, name string) string {
	value, _ := claims[name].(string)
	return value
}
