package oauth

import (
	"context"
	"errors"
)

// twitch is Twitch: https://dev.twitch.tv/docs/authentication/getting-tokens-oauth. Its API wants to be told the client, and
// answers with lists. It documents no PKCE.
func twitch() kind {
	return kind{
		authorizationURL: "https://id.twitch.tv/oauth2/authorize",
		tokenURL:         "https://id.twitch.tv/oauth2/token",
		profileURL:       "https://api.twitch.tv/helix/users",
		scopes:           []string{"user:read:email"},
		read: func(ctx context.Context, v visit) (profile, error) {
			var users struct {
				Data []struct {
					ID              string `json:"id"`
					Email           string `json:"email"`
					DisplayName     string `json:"display_name"`
					ProfileImageURL string `json:"profile_image_url"`
				} `json:"data"`
			}
			if err := v.get(ctx, v.kind.profileURL, &users, "Client-Id", v.config.ClientID); err != nil {
				return profile{}, err
			}
			if len(users.Data) == 0 {
				return profile{}, errors.New("the profile is empty")
			}
			user := users.Data[0]
			return profile{id: user.ID, email: user.Email, name: user.DisplayName, picture: user.ProfileImageURL}, nil
		},
	}
}
