package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
)

// facebook is Facebook Login: https://developers.facebook.com/docs/facebook-login. Requests prove that they know the app's
// secret, which an app can be set to demand. Facebook doesn't say whether an address was ever confirmed.
func facebook() kind {
	return kind{
		authorizationURL: "https://www.facebook.com/v22.0/dialog/oauth",
		tokenURL:         "https://graph.facebook.com/v22.0/oauth/access_token",
		profileURL:       "https://graph.facebook.com/me?fields=id,name,email,picture",
		scopes:           []string{"email"},
		pkce:             true,
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID      string `json:"id"`
				Name    string `json:"name"`
				Email   string `json:"email"`
				Picture struct {
					Data struct {
						URL string `json:"url"`
					} `json:"data"`
				} `json:"picture"`
			}
			address, err := url.Parse(v.kind.profileURL)
			if err != nil {
				return profile{}, errors.New("the address can't be used")
			}
			query := address.Query()
			query.Set("appsecret_proof", appSecretProof(v.config.ClientSecret, v.token.AccessToken))
			address.RawQuery = query.Encode()
			err = v.get(ctx, address.String(), &user)
			return profile{id: user.ID, email: user.Email, name: user.Name, picture: user.Picture.Data.URL}, err
		},
	}
}

// appSecretProof is described at https://developers.facebook.com/docs/graph-api/guides/secure-requests.
func appSecretProof(secret, accessToken string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(accessToken))
	return hex.EncodeToString(mac.Sum(nil))
}
