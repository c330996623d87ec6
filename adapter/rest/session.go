package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// RefreshToken is POST /token.
func (h *handlers) RefreshToken(ctx context.Context, r api.RefreshTokenRequestObject) (api.RefreshTokenResponseObject, error) {
	session, err := h.useCases.RefreshToken.Do(ctx, domain.RefreshToken(r.Body.RefreshToken))
	if err != nil {
		return nil, err
	}
	return api.RefreshToken200JSONResponse(sessionOf(session)), nil
}

// VerifyToken is POST /token/verify.
func (h *handlers) VerifyToken(ctx context.Context, r api.VerifyTokenRequestObject) (api.VerifyTokenResponseObject, error) {
	input := usecase.VerifyTokenInput{Bearer: bearerOf(ctx).Subject}
	if r.Body != nil {
		input.Token = r.Body.Token
	}
	if err := h.useCases.VerifyToken.Do(ctx, input); err != nil {
		return nil, err
	}
	return api.VerifyToken200JSONResponse(api.OKResponseOK), nil
}

// SignOut is POST /signout.
func (h *handlers) SignOut(ctx context.Context, r api.SignOutRequestObject) (api.SignOutResponseObject, error) {
	err := h.useCases.SignOut.Do(ctx, usecase.SignOutInput{
		Bearer: bearerOf(ctx).Subject, Token: domain.RefreshToken(r.Body.RefreshToken), All: r.Body.All,
	})
	if err != nil {
		return nil, err
	}
	return api.SignOut200JSONResponse(api.OKResponseOK), nil
}

// TokenExchange is POST /token/exchange.
func (h *handlers) TokenExchange(ctx context.Context, r api.TokenExchangeRequestObject) (api.TokenExchangeResponseObject, error) {
	signedIn, err := h.useCases.TokenExchange.Do(ctx, usecase.TokenExchangeInput{Code: domain.PKCECode(r.Body.Code), Verifier: r.Body.CodeVerifier})
	if err != nil {
		return nil, err
	}
	session, mfa := signedInOf(signedIn)
	return api.TokenExchange200JSONResponse{Session: session, Mfa: mfa}, nil
}

// ListSessions is GET /user/sessions.
func (h *handlers) ListSessions(ctx context.Context, _ api.ListSessionsRequestObject) (api.ListSessionsResponseObject, error) {
	bearer := bearerOf(ctx)
	open, err := h.useCases.ListSessions.Do(ctx, bearer.Subject)
	if err != nil {
		return nil, err
	}
	list := each(open, func(s domain.OpenSession) api.OpenSession { return openSessionOf(s, bearer.SessionID) })
	return api.ListSessions200JSONResponse{Sessions: list}, nil
}

// EndSession is DELETE /user/sessions/{id}.
func (h *handlers) EndSession(ctx context.Context, r api.EndSessionRequestObject) (api.EndSessionResponseObject, error) {
	return api.EndSession200JSONResponse(api.OKResponseOK), h.useCases.EndSession.Do(ctx, bearerOf(ctx).Subject, domain.SessionID(r.ID))
}

// EndOtherSessions is DELETE /user/sessions.
func (h *handlers) EndOtherSessions(ctx context.Context, _ api.EndOtherSessionsRequestObject) (api.EndOtherSessionsResponseObject, error) {
	bearer := bearerOf(ctx)
	return api.EndOtherSessions200JSONResponse(api.OKResponseOK), h.useCases.EndOtherSessions.Do(ctx, bearer.Subject, bearer.SessionID)
}
