package oauth

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/port"
)

// New returns the provider of a name, which is also its part of the API's paths. It doesn't connect.
func New(name string, s Settings, o Options) (port.IdentityProvider, error) {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Client = outgoing.New(o.Client, o.Timeout)
	if s.ClientID == "" || s.ClientSecret == "" && name != "apple" {
		return nil, fmt.Errorf("oauth: %s: the client id or secret is missing", name)
	}
	if name == "twitter" {
		return newTwitter(s, o), nil
	}
	k, err := kindOf(name, s, o)
	if err != nil {
		return nil, err
	}
	return newProvider(name, k, s, o), nil
}

func kindOf(name string, s Settings, o Options) (kind, error) {
	switch name {
	case "apple":
		if s.ApplePrivateKey == nil || s.AppleTeamID == "" || s.AppleKeyID == "" {
			return kind{}, errors.New("oauth: apple: the team id, the key id or the private key is missing")
		}
		return apple(s, o.Clock, o.Client), nil
	case "azuread":
		return azureAD(s), nil
	case "bitbucket":
		return bitbucket(), nil
	case "discord":
		return discord(), nil
	case "entraid":
		return entraID(s), nil
	case "facebook":
		return facebook(), nil
	case "github":
		return gitHub(), nil
	case "gitlab":
		return gitLab(), nil
	case "google":
		return google(), nil
	case "linkedin":
		return linkedIn(), nil
	case "spotify":
		return spotify(), nil
	case "strava":
		return strava(), nil
	case "twitch":
		return twitch(), nil
	case "windowslive":
		return windowsLive(), nil
	case "workos":
		return workOS(s), nil
	}
	return kind{}, errors.New("oauth: no provider is called " + name)
}
