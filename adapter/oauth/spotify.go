package oauth

import "context"

// spotify is Spotify: https://developer.spotify.com/documentation/web-api/tutorials/code-flow. It says of itself that addresses
// are not verified.
func spotify() kind {
	return kind{
		authorizationURL: "https://accounts.spotify.com/authorize",
		tokenURL:         "https://accounts.spotify.com/api/token",
		profileURL:       "https://api.spotify.com/v1/me",
		scopes:           []string{"user-read-email", "user-read-private"},
		basic:            true,
		pkce:             true,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID          string `json:"id"`
				Email       string `json:"email"`
				DisplayName string `json:"display_name"`
				Images      []struct {
					URL string `json:"url"`
				} `json:"images"`
			}
			err := v.get(ctx, v.kind.profileURL, &user)
			who := profile{id: user.ID, email: user.Email, name: user.DisplayName}
			if len(user.Images) > 0 {
				who.picture = user.Images[0].URL
			}
			return who, err
		},
	}
}
