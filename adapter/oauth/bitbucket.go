package oauth

import (
	"context"
	"errors"
)

// bitbucket is Bitbucket Cloud: https://developer.atlassian.com/cloud/bitbucket/oauth-2. It documents no PKCE, and tells
// addresses below the profile. Only a confirmed one is taken.
func bitbucket() kind {
	return kind{
		authorizationURL: "https://bitbucket.org/site/oauth2/authorize",
		tokenURL:         "https://bitbucket.org/site/oauth2/access_token",
		profileURL:       "https://api.bitbucket.org/2.0/user",
		scopes:           []string{"account"},
		basic:            true,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				UUID        string `json:"uuid"`
				DisplayName string `json:"display_name"`
				Links       struct {
					Avatar struct {
						Href string `json:"href"`
					} `json:"avatar"`
				} `json:"links"`
			}
			var addresses struct {
				Values []struct {
					Email     string `json:"email"`
					Confirmed flag   `json:"is_confirmed"`
				} `json:"values"`
			}
			if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
				return profile{}, err
			}
			if err := v.get(ctx, below(v.kind.profileURL, "emails"), &addresses); err != nil {
				return profile{}, err
			}
			for _, a := range addresses.Values {
				if a.Confirmed {
					return profile{id: user.UUID, email: a.Email, attested: true, name: user.DisplayName, picture: user.Links.Avatar.Href}, nil
				}
			}
			return profile{}, errors.New("the account has no confirmed address")
		},
	}
}
