package oauth

import (
	"cmp"
	"context"
	"net/url"
)

// discord is Discord: https://discord.com/developers/docs/topics/oauth2. Pictures are named by a hash, null where there is none.
func discord() kind {
	return kind{
		authorizationURL: "https://discord.com/api/oauth2/authorize",
		tokenURL:         "https://discord.com/api/oauth2/token",
		profileURL:       "https://discord.com/api/users/@me",
		scopes:           []string{"identify", "email"},
		basic:            true,
		pkce:             true,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID            string `json:"id"`
				Username      string `json:"username"`
				Discriminator string `json:"discriminator"`
				GlobalName    string `json:"global_name"`
				Avatar        string `json:"avatar"`
				Email         string `json:"email"`
				Verified      flag   `json:"verified"`
			}
			if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
				return profile{}, err
			}
			name := user.Username
			if user.Discriminator != "" && user.Discriminator != "0" { // an account that has not moved to unique names
				name += "#" + user.Discriminator
			}
			who := profile{id: user.ID, email: user.Email, attested: bool(user.Verified), name: cmp.Or(user.GlobalName, name)}
			if user.Avatar != "" {
				who.picture = "https://cdn.discordapp.com/avatars/" + url.PathEscape(user.ID) + "/" + url.PathEscape(user.Avatar) + ".png"
			}
			return who, nil
		},
	}
}
