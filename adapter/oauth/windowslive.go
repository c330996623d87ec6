package oauth

import (
	"cmp"
	"context"
)

// windowsLive is what Microsoft's accounts were before: Live Connect, which is switched off. It stays for those who have a service
// of that form, and for the names in existing databases. name is the whole name already, the last one included.
func windowsLive() kind {
	return kind{
		authorizationURL: "https://login.live.com/oauth20_authorize.srf",
		tokenURL:         "https://login.live.com/oauth20_token.srf",
		profileURL:       "https://apis.live.net/v5.0/me",
		scopes:           []string{"wl.basic", "wl.emails"},
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID     string `json:"id"`
				Name   string `json:"name"`
				Emails struct {
					Preferred string `json:"preferred"`
					Account   string `json:"account"`
				} `json:"emails"`
				ProfileImageURL string `json:"profile_image_url"`
			}
			err := v.get(ctx, v.kind.profileURL, &user)
			return profile{
				id: user.ID, email: cmp.Or(user.Emails.Preferred, user.Emails.Account), name: user.Name, picture: user.ProfileImageURL,
			}, err
		},
	}
}
