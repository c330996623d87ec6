package oauth

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Unix(1318622958, 0) }

type fixedRandom struct{}

func (fixedRandom) UUID() string    { return "" }
func (fixedRandom) Nonce() [16]byte { return [16]byte{} }

// The example that Twitter publishes under "Creating a signature". Its body stands among the parameters here.
func TestSign_GivesThePublishedSignature(t *testing.T) {
	o := oauth1{key: "xvz1evFS4wEEPTGEFPHBog", secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", clock: fixedClock{}, random: fixedRandom{}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://API.twitter.com/1.1/statuses/update.json?include_entities=true", http.NoBody)
	require.NoError(t, err)
	header := o.authorization(request, credentials{"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"},
		map[string]string{"oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", "status": "Hello Ladies + Gentlemen, a signed OAuth request!"})
	require.Contains(t, header, `oauth_signature="`+url.QueryEscape("hCtSmYh+iHYCEqBWrE7C7hYmtUk=")+`"`)
}
