package oauth

import "context"

// gitLab is GitLab, or a GitLab of one's own by its addresses: https://docs.gitlab.com/api/oauth2. An address is attested once it
// was confirmed at some time.
func gitLab() kind {
	return kind{
		authorizationURL: "https://gitlab.com/oauth/authorize",
		tokenURL:         "https://gitlab.com/oauth/token",
		profileURL:       "https://gitlab.com/api/v4/user",
		scopes:           []string{"read_user"},
		pkce:             true,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID          int64  `json:"id"`
				Email       string `json:"email"`
				ConfirmedAt string `json:"confirmed_at"`
				Name        string `json:"name"`
				AvatarURL   string `json:"avatar_url"`
			}
			err := v.get(ctx, v.kind.profileURL, &user)
			return profile{
				id: decimal(user.ID), email: user.Email, attested: user.ConfirmedAt != "", name: user.Name, picture: user.AvatarURL,
			}, err
		},
	}
}
