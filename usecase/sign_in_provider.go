package usecase

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInProvider sends a browser to a provider, to sign in or to link an identity.
type SignInProvider struct{ ProviderVisit }

// ProviderVisit is how a browser is sent to a provider: the state is stored before it leaves, and is all that it is known by when
// it comes back (see SignInProviderCallback).
type ProviderVisit struct {
	Store     port.Store
	Providers Providers
	Tokens    port.AccessTokens
	Clock     port.Clock
	Random    port.Random
	SignUp    domain.SignUpPolicy
	SignIn    domain.SignInPolicy
	Elevation domain.ElevationPolicy // linking is as sensitive here as it is with an id token
	ServerURL string                 // of this server, where providers send browsers back to
}

// ProviderVisitInput is a request to go to a provider.
type ProviderVisitInput struct {
	Provider      string
	Options       domain.SignUpOptions
	Connect       *string // access token of the user who gets the identity; nil to sign in
	State         *string // of the app, comes back to it
	CodeChallenge string
	Organization  string
	Connection    string

	Browser       domain.BrowserSecret // from the browser's cookie, "" without
	CookieReturns bool                 // a cookie that is set now would be sent to the callback
}

// ProviderDeparture is where the browser goes, and the secret it must keep until it is back; "" when it can't keep one.
type ProviderDeparture struct {
	Location string
	Browser  domain.BrowserSecret
}

// Do returns where to send the browser. Errors: RedirectToNotAllowed, SchemaValidation (no such provider) and, as RedirectedError,
// DisabledEndpoint, InvalidRequest (connect is no valid access token), ElevatedClaimRequired, those of domain.SignInPolicy.MayAct (its user's),
// OAuthProviderError (the provider had to be asked and could not be).
func (uc *SignInProvider) Do(ctx context.Context, in ProviderVisitInput) (ProviderDeparture, error) {
	flow := domain.ProviderSignIn
	if in.Connect != nil {
		flow = domain.ProviderConnect
	}
	return uc.depart(ctx, flow, in)
}

func (v ProviderVisit) depart(ctx context.Context, flow domain.ProviderFlow, in ProviderVisitInput) (ProviderDeparture, error) {
	redirectTo, err := v.SignUp.RedirectTo(in.Options.RedirectTo)
	if err != nil {
		return ProviderDeparture{}, err
	}
	in.Options.RedirectTo = redirectTo
	provider, err := v.Providers.named(in.Provider)
	if err != nil && !errors.Is(err, domain.DisabledEndpoint) {
		return ProviderDeparture{}, err
	}
	var departure ProviderDeparture
	if err == nil {
		departure, err = v.store(ctx, provider, flow, in)
	}
	if err != nil {
		return ProviderDeparture{}, redirectError(redirectTo, appState(in.State), err)
	}
	return departure, nil
}

// store keeps what is to happen when the browser comes back.
func (v ProviderVisit) store(ctx context.Context, provider port.IdentityProvider, flow domain.ProviderFlow, in ProviderVisitInput) (ProviderDeparture, error) {
	now := v.Clock.Now()
	record := domain.ProviderStateRecord{
		Provider: in.Provider, Flow: flow, Options: in.Options, CodeChallenge: in.CodeChallenge,
		CreatedAt: now, ExpiresAt: now.Add(domain.ProviderStateLifetime),
	}
	if in.State != nil {
		record.AppState, record.HasAppState = *in.State, true
	}
	var err error
	if flow == domain.ProviderConnect {
		if record.ConnectUser, record.Session, err = v.connecting(ctx, *in.Connect); err != nil {
			return ProviderDeparture{}, err
		}
	}
	var departure ProviderDeparture
	if in.CookieReturns {
		if departure.Browser = in.Browser; !in.Browser.WellFormed() {
			departure.Browser = domain.NewBrowserSecret(v.Random.Nonce(), v.Random.Nonce())
		}
		record.Browser = departure.Browser.Hash()
	}
	state := domain.NewProviderState(v.Random.Nonce(), v.Random.Nonce())
	record.Hash = state.Hash()
	departure.Location, record.Secret, err = provider.Begin(ctx, port.AuthorizationRequest{
		State: string(state), RedirectURI: callbackURL(v.ServerURL, in.Provider), Organization: in.Organization, Connection: in.Connection,
	})
	if err != nil {
		return ProviderDeparture{}, err
	}
	return departure, v.Store.ProviderStates().Add(ctx, record)
}

// connecting returns the user whose access token asks for a link, and the session. The token itself is neither stored nor logged.
func (v ProviderVisit) connecting(ctx context.Context, token string) (domain.UserID, domain.SessionID, error) {
	claims, err := v.Tokens.Verify(ctx, token)
	if errors.Is(err, domain.Unauthorized) {
		return "", "", notConnecting(err)
	}
	if err != nil {
		return "", "", err
	}
	err = elevated(ctx, v.Store, v.Elevation, claims, domain.ElevationDemand{Sensitive: true})
	if errors.Is(err, domain.Unauthorized) {
		return "", "", notConnecting(err)
	}
	if err != nil {
		return "", "", err
	}
	user, err := actingUser(ctx, v.Store.Users(), v.SignIn, claims.Subject)
	return user.ID, claims.SessionID, err
}

func notConnecting(cause error) error {
	return fmt.Errorf("%w: %w", &domain.FieldError{Code: domain.InvalidRequest, Field: "connect", Reason: "must be a valid access token"}, cause)
}

// callbackURL is where a provider sends browsers back to, one address for each: an answer meant for one provider can't be
// taken for another's (RFC 9700 §4.4.2).
func callbackURL(serverURL, provider string) string {
	return strings.TrimSuffix(serverURL, "/") + "/signin/provider/" + url.PathEscape(provider) + "/callback"
}

// appState is the app's own state as the parameter that brings it back; empty when the app gave none.
func appState(state *string) map[string]string {
	if state == nil {
		return nil
	}
	return map[string]string{"state": *state}
}

// redirectError sends an error along with the browser; where there is nowhere to send it, it is answered here.
func redirectError(target string, parameters map[string]string, err error) error {
	if target == "" {
		return err
	}
	return &RedirectedError{Target: target, Parameters: parameters, Err: err}
}
