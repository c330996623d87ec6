package oauth

import (
	"cmp"
	"context"
)

// entraID is Microsoft Entra ID, version 2 of the endpoints: https://learn.microsoft.com/en-us/entra/identity-platform. Its
// claim email is whatever the tenant's administrator has typed in, so an address without email_verified is worth nothing.
func entraID(s Settings) kind {
	return kind{
		authorizationURL: tenant(s) + "/oauth2/v2.0/authorize",
		tokenURL:         tenant(s) + "/oauth2/v2.0/token",
		profileURL:       "https://graph.microsoft.com/oidc/userinfo",
		scopes:           microsoftScopes(),
		pkce:             true,
		nonce:            withOpenID,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				Subject       string `json:"sub"`
				Email         string `json:"email"`
				EmailVerified flag   `json:"email_verified"`
				Name          string `json:"name"`
				GivenName     string `json:"given_name"`
				FamilyName    string `json:"family_name"`
				OldGivenName  string `json:"givenname"`
				OldFamilyName string `json:"familyname"`
			}
			if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
				return profile{}, err
			}
			full := fullName(cmp.Or(user.GivenName, user.OldGivenName), cmp.Or(user.FamilyName, user.OldFamilyName))
			who := profile{id: user.Subject, email: user.Email, attested: bool(user.EmailVerified), name: cmp.Or(full, user.Name)}
			return who, v.checkIDToken(who.id)
		},
	}
}
