package oauth

import (
	"cmp"
	"context"
)

// linkedIn is LinkedIn: https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2. Its id
// tokens don't repeat a nonce, and PKCE is for native apps at another address only, so the state is what protects.
func linkedIn() kind {
	return kind{
		authorizationURL: "https://www.linkedin.com/oauth/v2/authorization",
		tokenURL:         "https://www.linkedin.com/oauth/v2/accessToken",
		profileURL:       "https://api.linkedin.com/v2/userinfo",
		scopes:           []string{"openid", "profile", "email"},
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				Subject       string `json:"sub"`
				Email         string `json:"email"`
				EmailVerified flag   `json:"email_verified"`
				Name          string `json:"name"`
				GivenName     string `json:"given_name"`
				FamilyName    string `json:"family_name"`
				Picture       string `json:"picture"`
			}
			err := v.get(ctx, v.kind.profileURL, &user)
			return profile{
				id: user.Subject, email: user.Email, attested: bool(user.EmailVerified), picture: user.Picture,
				name: cmp.Or(fullName(user.GivenName, user.FamilyName), user.Name, user.Email),
			}, err
		},
	}
}
