package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
)

// gitHub is GitHub, or GitHub Enterprise by its addresses: https://docs.github.com/en/apps/oauth-apps. The addresses of a user
// stand below the profile.
func gitHub() kind {
	return kind{
		authorizationURL: "https://github.com/login/oauth/authorize",
		tokenURL:         "https://github.com/login/oauth/access_token",
		profileURL:       "https://api.github.com/user",
		scopes:           []string{"user:email"},
		pkce:             true,
		read:             readGitHub,
	}
}

// gitHubAddress is one entry of /user/emails.
type gitHubAddress struct {
	Email    string `json:"email"`
	Primary  bool   `json:"primary"`
	Verified flag   `json:"verified"`
}

func readGitHub(ctx context.Context, v visit) (profile, error) {
	var user struct {
		ID        int64  `json:"id"`
		Login     string `json:"login"`
		Name      string `json:"name"`
		AvatarURL string `json:"avatar_url"`
	}
	var addresses []gitHubAddress
	if err := v.get(ctx, v.kind.profileURL, &user); err != nil {
		return profile{}, err
	}
	if err := v.get(ctx, below(v.kind.profileURL, "emails"), &addresses); err != nil {
		return profile{}, err
	}
	if len(addresses) == 0 {
		return profile{}, errors.New("the account has no address")
	}
	address := chooseGitHubAddress(addresses)
	return profile{
		id: decimal(user.ID), email: address.Email, attested: bool(address.Verified), name: cmp.Or(user.Name, user.Login), picture: user.AvatarURL,
	}, nil
}

// chooseGitHubAddress prefers the primary address if it is verified, then any that is, then the first.
func chooseGitHubAddress(addresses []gitHubAddress) gitHubAddress {
	best := addresses[0]
	for _, a := range addresses {
		switch {
		case bool(a.Verified) && a.Primary:
			return a
		case bool(a.Verified) && !bool(best.Verified):
			best = a
		}
	}
	return best
}

// below returns the address of a document below another one, whose query is kept.
func below(address, name string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return strings.TrimSuffix(address, "/") + "/" + name
	}
	return parsed.JoinPath(name).String()
}
