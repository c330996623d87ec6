package usecase

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInProviderCallback takes a browser that comes back from a provider:
//
//	app ── GET /signin/provider/x ──▶ ProviderVisit: state stored ──▶ provider ──▶ callback: state consumed
//	                                                                                   │ same provider? same browser?
//	                                                                                   ▼
//	app ◀── redirectTo?refreshToken=… or ?code=… ◀── ProviderSignIn ◀── identity ◀── the provider's Finish
//
// A state works once, for the provider it was made for, in the browser that left (domain.ProviderStateRecord.FromBrowser).
type SignInProviderCallback struct {
	ProviderSignIn
	Providers Providers
	Redirects domain.RedirectPolicy
	ServerURL string
}

// SignInProviderCallbackInput is what the browser brought.
type SignInProviderCallbackInput struct {
	Provider string
	State    domain.ProviderState
	Answer   port.ProviderCallback // without RedirectURI
	Error    ProviderComplaint
	Browser  domain.BrowserSecret // from the browser's cookie, "" without
}

// ProviderComplaint is what a provider says about its own failure (RFC 6749 §4.1.2.1); the zero value: there was none.
type ProviderComplaint struct{ Code, Description, URI string }

// maxComplaint bounds what is passed on of a provider's words, in bytes.
const maxComplaint = 512

// Do returns where to send the browser: to the redirectTo of the flow, with refreshToken, code or mfaTicket in the query unless an identity
// was linked or a mail is on its way. Errors, as RedirectedError: InvalidState and RedirectToNotAllowed (towards the client's own
// address) and, towards redirectTo, OAuthProviderError, DisabledEndpoint, OAuthTokenExchangeFailed, OAuthProfileFetchFailed, and
// those of ProviderSignIn.
func (uc *SignInProviderCallback) Do(ctx context.Context, in SignInProviderCallbackInput) (location string, err error) {
	state, err := uc.recognise(ctx, in)
	if err != nil {
		return "", err
	}
	parameters := map[string]string{}
	if state.HasAppState {
		parameters["state"] = state.AppState
	}
	if in.Error != (ProviderComplaint{}) {
		maps.Copy(parameters, in.Error.parameters())
		return "", redirectError(state.Options.RedirectTo, parameters, domain.OAuthProviderError)
	}
	if err := uc.finish(ctx, in, state, parameters); err != nil {
		return "", redirectError(state.Options.RedirectTo, parameters, err)
	}
	return domain.WithQuery(state.Options.RedirectTo, parameters), nil
}

// recognise returns what was to happen when this browser comes back.
func (uc *SignInProviderCallback) recognise(ctx context.Context, in SignInProviderCallbackInput) (domain.ProviderStateRecord, error) {
	state, err := uc.Store.ProviderStates().Consume(ctx, in.State.Hash(), uc.Sessions.Clock.Now())
	reason := ""
	switch {
	case errors.Is(err, port.ErrNotFound):
		reason = "it is unknown, expired or used"
	case err != nil:
		return domain.ProviderStateRecord{}, err
	case state.Provider != in.Provider:
		reason = "it was made for another provider"
	case !state.FromBrowser(in.Browser):
		reason = "the browser lacks the cookie of the one that left; flows must begin at the host of AUTH_SERVER_URL"
	}
	if reason != "" {
		return domain.ProviderStateRecord{}, redirectError(uc.Redirects.Default(),
			map[string]string{"provider_state": string(in.State)}, fmt.Errorf("%w: %s", domain.InvalidState, reason))
	}
	if err := uc.Redirects.Check(state.Options.RedirectTo); state.Options.RedirectTo != "" && err != nil {
		return domain.ProviderStateRecord{}, redirectError(uc.Redirects.Default(), nil, err)
	}
	return state, nil
}

// finish asks the provider who this is, and puts into parameters what the app gets.
func (uc *SignInProviderCallback) finish(
	ctx context.Context, in SignInProviderCallbackInput, state domain.ProviderStateRecord, parameters map[string]string,
) (err error) {
	var got admission
	if state.Flow != domain.ProviderConnect {
		try := uc.Sessions.Audit.signIn(domain.MethodProvider)
		try.target = state.Provider
		defer func() { try.ended(ctx, got.signedIn(), err) }()
	}
	provider, err := uc.Providers.named(in.Provider)
	if err != nil {
		return err
	}
	in.Answer.RedirectURI = callbackURL(uc.ServerURL, in.Provider)
	identity, tokens, err := provider.Finish(ctx, in.Answer, state.Secret)
	if err != nil {
		return err
	}
	who := arrival{identity: identity, tokens: &tokens, flow: state.Flow, options: state.Options, codeChallenge: state.CodeChallenge}
	if state.Flow == domain.ProviderConnect {
		err := uc.connect(domain.WithActing(ctx, state.ConnectUser, state.Session), state.ConnectUser, who)
		if errors.Is(err, domain.Unauthorized) {
			return notConnecting(err)
		}
		return err
	}
	got, err = uc.enter(ctx, who)
	switch {
	case err != nil:
		return err
	case got.code != "":
		parameters["code"] = string(got.code)
	case got.mfaTicket != "":
		parameters["mfaTicket"] = string(got.mfaTicket)
	case got.opened != nil:
		parameters["refreshToken"] = string(got.opened.token)
	}
	return nil
}

// parameters pass a provider's words on, as far as they are short.
func (c ProviderComplaint) parameters() map[string]string {
	passed := map[string]string{}
	for name, text := range map[string]string{
		"provider_error": c.Code, "provider_error_description": c.Description, "provider_error_url": c.URI,
	} {
		if text != "" && len(text) <= maxComplaint {
			passed[name] = text
		}
	}
	return passed
}
