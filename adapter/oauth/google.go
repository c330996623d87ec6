package oauth

import "context"

// google is Google: https://developers.google.com/identity/protocols/oauth2/web-server.
func google() kind {
	return kind{
		authorizationURL: "https://accounts.google.com/o/oauth2/auth",
		tokenURL:         "https://oauth2.googleapis.com/token",
		profileURL:       "https://www.googleapis.com/oauth2/v2/userinfo",
		scopes:           []string{"openid", "email", "profile"},
		pkce:             true,
		nonce:            withOpenID,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID            string `json:"id"`
				Email         string `json:"email"`
				VerifiedEmail flag   `json:"verified_email"`
				Name          string `json:"name"`
				Picture       string `json:"picture"`
			}
			if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
				return profile{}, err
			}
			who := profile{id: user.ID, email: user.Email, attested: bool(user.VerifiedEmail), name: user.Name, picture: user.Picture}
			return who, v.checkIDToken(who.id)
		},
	}
}
