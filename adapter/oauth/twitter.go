package oauth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// twitter is X, which was Twitter, by OAuth 1.0a: https://developer.x.com/en/docs/authentication/oauth-1-0a. The state travels in
// the address of the callback. An address is not attested, and there are no refresh tokens.
type twitter struct {
	signer           oauth1
	requestTokenURL  string
	authorizationURL string
	accessTokenURL   string
	profileURL       string
	timeout          time.Duration
}

var _ port.IdentityProvider = (*twitter)(nil)

func newTwitter(s Settings, o Options) *twitter {
	return &twitter{
		signer:           oauth1{key: s.ClientID, secret: s.ClientSecret, clock: o.Clock, random: o.Random, client: o.Client},
		requestTokenURL:  cmp.Or(s.RequestTokenURL, "https://api.twitter.com/oauth/request_token"),
		authorizationURL: cmp.Or(s.AuthorizationURL, "https://api.twitter.com/oauth/authorize"),
		accessTokenURL:   cmp.Or(s.TokenURL, "https://api.twitter.com/oauth/access_token"),
		profileURL:       cmp.Or(s.ProfileURL, "https://api.twitter.com/1.1/account/verify_credentials.json"),
		timeout:          o.Timeout,
	}
}

// Begin asks for temporary credentials (RFC 5849 §2.1).
func (t *twitter) Begin(ctx context.Context, r port.AuthorizationRequest) (location, secret string, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	location, own, err := t.begin(ctx, r)
	if err != nil {
		return "", "", fmt.Errorf("%w: twitter: %w", domain.OAuthProviderError, err)
	}
	return location, own.encode(), nil
}

func (t *twitter) begin(ctx context.Context, r port.AuthorizationRequest) (string, request, error) {
	callback, errCallback := url.Parse(r.RedirectURI)
	location, errLocation := url.Parse(t.authorizationURL)
	if errCallback != nil || errLocation != nil {
		return "", request{}, errors.New("the address can't be used")
	}
	setQuery(callback, "state", r.State)
	temporary, form, err := t.signer.askCredentials(ctx, t.requestTokenURL, credentials{}, map[string]string{"oauth_callback": callback.String()})
	if err != nil {
		return "", request{}, err
	}
	if form.Get("oauth_callback_confirmed") != "true" {
		return "", request{}, errors.New("the callback is not confirmed")
	}
	setQuery(location, "oauth_token", temporary.token)
	return location.String(), request{Token: temporary.token, TokenSecret: temporary.secret}, nil
}

// Finish exchanges the temporary credentials for the user's (RFC 5849 §2.3) and asks who that is.
func (t *twitter) Finish(ctx context.Context, callback port.ProviderCallback, secret string) (domain.ProviderIdentity, domain.ProviderTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	user, err := t.exchange(ctx, callback, secret)
	if err != nil {
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: twitter: %w", domain.OAuthTokenExchangeFailed, err)
	}
	identity, err := t.identity(ctx, user)
	if err != nil {
		return domain.ProviderIdentity{}, domain.ProviderTokens{}, fmt.Errorf("%w: twitter: %w", domain.OAuthProfileFetchFailed, err)
	}
	return identity, domain.ProviderTokens{AccessToken: user.token}, nil
}

func (t *twitter) exchange(ctx context.Context, callback port.ProviderCallback, secret string) (credentials, error) {
	own, err := decodeRequest(secret)
	if err != nil {
		return credentials{}, err
	}
	if own.Token == "" || subtle.ConstantTimeCompare([]byte(own.Token), []byte(callback.OAuthToken)) != 1 {
		return credentials{}, errors.New("the callback belongs to another request")
	}
	if callback.OAuthVerifier == "" {
		return credentials{}, errors.New("the callback has no verifier")
	}
	user, _, err := t.signer.askCredentials(ctx, t.accessTokenURL, credentials{token: own.Token, secret: own.TokenSecret},
		map[string]string{"oauth_verifier": callback.OAuthVerifier})
	return user, err
}

func (t *twitter) identity(ctx context.Context, user credentials) (domain.ProviderIdentity, error) {
	address, err := url.Parse(t.profileURL)
	if err != nil {
		return domain.ProviderIdentity{}, errors.New("the address can't be used")
	}
	setQuery(address, "include_email", "true")
	body, err := t.signer.ask(ctx, http.MethodGet, address.String(), user, nil)
	if err != nil {
		return domain.ProviderIdentity{}, err
	}
	var who struct {
		ID      string `json:"id_str"`
		Email   string `json:"email"`
		Name    string `json:"name"`
		Picture string `json:"profile_image_url_https"`
	}
	if json.Unmarshal(body, &who) != nil {
		return domain.ProviderIdentity{}, errors.New("the answer is not the JSON document that was expected")
	}
	return profile{id: who.ID, email: who.Email, name: who.Name, picture: who.Picture}.identity("twitter")
}

// Refresh always fails: OAuth 1.0a has nothing to refresh.
func (t *twitter) Refresh(context.Context, string) (domain.ProviderTokens, error) {
	return domain.ProviderTokens{}, fmt.Errorf("%w: twitter: OAuth 1.0a has no refresh tokens", domain.OAuthProviderError)
}

func setQuery(address *url.URL, name, value string) {
	query := address.Query()
	query.Set(name, value)
	address.RawQuery = query.Encode()
}
