package oauth

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/port"
)

// New returns the provider of a name, which is also its part of the API's paths. It doesn't connect.
func New(name string, s Settings, o Options) (port.IdentityProvider, error) {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Client = newClient(o.Client, o.Timeout)
	if s.ClientID == "" {
		return nil, fmt.Errorf("oauth: %s: the client id is missing", name)
	}
	var k kind
	switch name {
	case "github":
		k = gitHub()
	case "google":
		k = google()
	default:
		return nil, errors.New("oauth: no provider is called " + name)
	}
	return newProvider(name, k, s, o), nil
}
