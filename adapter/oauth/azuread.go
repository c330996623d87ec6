package oauth

import (
	"context"
	"net/url"
)

// azureAD is what Entra ID was before, version 1 of the endpoints. It attests nothing, and users are known by their object id.
func azureAD(s Settings) kind {
	return kind{
		authorizationURL: tenant(s) + "/oauth2/authorize",
		tokenURL:         tenant(s) + "/oauth2/token",
		profileURL:       tenant(s) + "/openid/userinfo",
		scopes:           microsoftScopes(),
		parameters:       url.Values{"prompt": {"select_account"}},
		pkce:             true,
		nonce:            withOpenID,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ObjectID string `json:"oid"`
				Email    string `json:"email"`
				Name     string `json:"name"`
			}
			if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
				return profile{}, err
			}
			who := profile{id: user.ObjectID, email: user.Email, name: user.Name}
			return who, v.checkIDToken(who.id)
		},
	}
}
