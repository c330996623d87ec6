package rest

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// SignInProvider is GET /signin/provider/{provider}.
func (h *handlers) SignInProvider(ctx context.Context, r api.SignInProviderRequestObject) (api.SignInProviderResponseObject, error) {
	p := r.Params
	input := usecase.ProviderVisitInput{
		Provider: r.Provider, Connect: p.Connect, State: p.State, CodeChallenge: p.CodeChallenge, Organization: p.Organization, Connection: p.Connection,
		Options: optionsOf(api.SignUpOptions{
			AllowedRoles: p.AllowedRoles, DefaultRole: p.DefaultRole, DisplayName: p.DisplayName, Locale: p.Locale, Metadata: p.Metadata, RedirectTo: p.RedirectTo,
		}),
	}
	location, err := depart(ctx, h.useCases.SignInProvider.Do, input)
	if err != nil {
		return nil, err
	}
	return api.SignInProvider302Response{Headers: api.SignInProvider302ResponseHeaders{Location: location}}, nil
}

// SignUpProvider is GET /signup/provider/{provider}.
func (h *handlers) SignUpProvider(ctx context.Context, r api.SignUpProviderRequestObject) (api.SignUpProviderResponseObject, error) {
	p := r.Params
	input := usecase.ProviderVisitInput{
		Provider: r.Provider, State: p.State, CodeChallenge: p.CodeChallenge, Organization: p.Organization, Connection: p.Connection,
		Options: optionsOf(api.SignUpOptions{
			AllowedRoles: p.AllowedRoles, DefaultRole: p.DefaultRole, DisplayName: p.DisplayName, Locale: p.Locale, Metadata: p.Metadata, RedirectTo: p.RedirectTo,
		}),
	}
	location, err := depart(ctx, h.useCases.SignUpProvider.Do, input)
	if err != nil {
		return nil, err
	}
	return api.SignUpProvider302Response{Headers: api.SignUpProvider302ResponseHeaders{Location: location}}, nil
}

// depart sends the browser off with the secret that it must bring back.
func depart(
	ctx context.Context, do func(context.Context, usecase.ProviderVisitInput) (usecase.ProviderDeparture, error), input usecase.ProviderVisitInput,
) (string, error) {
	browser := browserOf(ctx)
	input.Browser, input.CookieReturns = browser.secret, browser.returns
	departure, err := do(ctx, input)
	browser.keep = departure.Browser
	return departure.Location, err
}

// SignInProviderCallbackGet is GET /signin/provider/{provider}/callback.
func (h *handlers) SignInProviderCallbackGet(
	ctx context.Context, r api.SignInProviderCallbackGetRequestObject,
) (api.SignInProviderCallbackGetResponseObject, error) {
	p := r.Params
	location, err := h.useCases.SignInProviderCallback.Do(ctx, usecase.SignInProviderCallbackInput{
		Provider: r.Provider, State: domain.ProviderState(p.State), Browser: browserOf(ctx).secret,
		Answer: port.ProviderCallback{Code: p.Code, Issuer: p.Iss, IDToken: p.IDToken, OAuthToken: p.OauthToken, OAuthVerifier: p.OauthVerifier},
		Error:  usecase.ProviderComplaint{Code: p.Error, Description: p.ErrorDescription, URI: p.ErrorURI},
	})
	if err != nil {
		return nil, err
	}
	return api.SignInProviderCallbackGet302Response{Headers: api.SignInProviderCallbackGet302ResponseHeaders{Location: location}}, nil
}

// SignInProviderCallbackPost is POST /signin/provider/{provider}/callback.
func (h *handlers) SignInProviderCallbackPost(
	ctx context.Context, r api.SignInProviderCallbackPostRequestObject,
) (api.SignInProviderCallbackPostResponseObject, error) {
	p := r.Body
	location, err := h.useCases.SignInProviderCallback.Do(ctx, usecase.SignInProviderCallbackInput{
		Provider: r.Provider, State: domain.ProviderState(p.State), Browser: browserOf(ctx).secret,
		Answer: port.ProviderCallback{Code: p.Code, Issuer: p.Iss, IDToken: p.IDToken, User: p.User},
		Error:  usecase.ProviderComplaint{Code: p.Error, Description: p.ErrorDescription, URI: p.ErrorURI},
	})
	if err != nil {
		return nil, err
	}
	return api.SignInProviderCallbackPost302Response{Headers: api.SignInProviderCallbackPost302ResponseHeaders{Location: location}}, nil
}

// GetProviderTokens is GET /signin/provider/{provider}/callback/tokens.
func (h *handlers) GetProviderTokens(ctx context.Context, r api.GetProviderTokensRequestObject) (api.GetProviderTokensResponseObject, error) {
	tokens, err := h.useCases.GetProviderTokens.Do(ctx, bearerOf(ctx).Subject, r.Provider)
	if err != nil {
		return nil, err
	}
	return api.GetProviderTokens200JSONResponse(providerSessionOf(tokens, h.clock.Now())), nil
}

// RefreshProviderToken is POST /token/provider/{provider}.
func (h *handlers) RefreshProviderToken(ctx context.Context, r api.RefreshProviderTokenRequestObject) (api.RefreshProviderTokenResponseObject, error) {
	tokens, err := h.useCases.RefreshProviderToken.Do(ctx, bearerOf(ctx).Subject, r.Provider, r.Body.RefreshToken)
	if err != nil {
		return nil, err
	}
	return api.RefreshProviderToken200JSONResponse(providerSessionOf(tokens, h.clock.Now())), nil
}

// RenewProviderTokens is POST /user/provider/tokens.
func (h *handlers) RenewProviderTokens(ctx context.Context, r api.RenewProviderTokensRequestObject) (api.RenewProviderTokensResponseObject, error) {
	return api.RenewProviderTokens200JSONResponse(api.OKResponseOK), h.useCases.RenewProviderTokens.Do(ctx, usecase.RenewProviderTokensInput{
		AdminSecret: r.Params.XHasuraAdminSecret, Provider: r.Body.ProviderID, UserID: domain.UserID(r.Body.UserID),
	})
}

// SignInIDToken is POST /signin/idtoken.
func (h *handlers) SignInIDToken(ctx context.Context, r api.SignInIDTokenRequestObject) (api.SignInIDTokenResponseObject, error) {
	signedIn, err := h.useCases.SignInIDToken.Do(ctx, usecase.SignInIDTokenInput{
		IDTokenInput: usecase.IDTokenInput{Provider: r.Body.Provider, Token: r.Body.IDToken, Nonce: r.Body.Nonce}, Options: optionsOf(r.Body.Options),
	})
	if err != nil {
		return nil, err
	}
	session, mfa := signedInOf(signedIn)
	return api.SignInIDToken200JSONResponse{Session: session, Mfa: mfa}, nil
}

// SignUpIDToken is POST /signup/idtoken.
func (h *handlers) SignUpIDToken(ctx context.Context, r api.SignUpIDTokenRequestObject) (api.SignUpIDTokenResponseObject, error) {
	signedIn, err := h.useCases.SignUpIDToken.Do(ctx, usecase.SignInIDTokenInput{
		IDTokenInput: usecase.IDTokenInput{Provider: r.Body.Provider, Token: r.Body.IDToken, Nonce: r.Body.Nonce}, Options: optionsOf(r.Body.Options),
	})
	if err != nil {
		return nil, err
	}
	session, mfa := signedInOf(signedIn)
	return api.SignUpIDToken200JSONResponse{Session: session, Mfa: mfa}, nil
}

// LinkIDToken is POST /link/idtoken.
func (h *handlers) LinkIDToken(ctx context.Context, r api.LinkIDTokenRequestObject) (api.LinkIDTokenResponseObject, error) {
	return api.LinkIDToken200JSONResponse(api.OKResponseOK), h.useCases.LinkIDToken.Do(ctx, bearerOf(ctx).Subject, usecase.IDTokenInput{
		Provider: r.Body.Provider, Token: r.Body.IDToken, Nonce: r.Body.Nonce,
	})
}

// ListProviders is GET /user/providers.
func (h *handlers) ListProviders(ctx context.Context, _ api.ListProvidersRequestObject) (api.ListProvidersResponseObject, error) {
	links, err := h.useCases.ListProviders.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	list := make([]api.ProviderLink, len(links))
	for i, link := range links {
		list[i] = api.ProviderLink{
			ID: link.ID, Provider: link.Identity.Provider, Issuer: link.Identity.Issuer, ProviderUserID: link.Identity.ID, CreatedAt: link.CreatedAt,
		}
	}
	return api.ListProviders200JSONResponse{Providers: list}, nil
}

// UnlinkProvider is DELETE /user/providers/{id}.
func (h *handlers) UnlinkProvider(ctx context.Context, r api.UnlinkProviderRequestObject) (api.UnlinkProviderResponseObject, error) {
	return api.UnlinkProvider200JSONResponse(api.OKResponseOK), h.useCases.UnlinkProvider.Do(ctx, bearerOf(ctx).Subject, r.ID)
}

func providerSessionOf(t domain.ProviderTokens, now time.Time) api.ProviderSession {
	session := api.ProviderSession{AccessToken: t.AccessToken, ExpiresAt: t.ExpiresAt.UTC()}
	if !t.ExpiresAt.IsZero() {
		session.ExpiresIn = max(0, int64(t.ExpiresAt.Sub(now)/time.Second))
	}
	if t.RefreshToken != "" {
		session.RefreshToken = &t.RefreshToken
	}
	return session
}
