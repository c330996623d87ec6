package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// SignInEmailPassword is POST /signin/email-password.
func (h *handlers) SignInEmailPassword(ctx context.Context, r api.SignInEmailPasswordRequestObject) (api.SignInEmailPasswordResponseObject, error) {
	email, err := domain.ParseEmail("email", r.Body.Email)
	if err != nil {
		return nil, err
	}
	signedIn, err := h.useCases.SignInEmailPassword.Do(ctx, usecase.SignInEmailPasswordInput{Email: email, Password: r.Body.Password})
	if err != nil {
		return nil, err
	}
	session := sessionOf(signedIn)
	return api.SignInEmailPassword200JSONResponse{Session: &session}, nil
}

// SignInAnonymous is POST /signin/anonymous.
func (h *handlers) SignInAnonymous(ctx context.Context, r api.SignInAnonymousRequestObject) (api.SignInAnonymousResponseObject, error) {
	var options domain.SignUpOptions
	if r.Body != nil {
		options = domain.SignUpOptions{DisplayName: r.Body.DisplayName, Locale: r.Body.Locale, Metadata: domain.Metadata(r.Body.Metadata)}
	}
	session, err := h.useCases.SignInAnonymous.Do(ctx, options)
	if err != nil {
		return nil, err
	}
	return api.SignInAnonymous200JSONResponse(payloadOf(&session)), nil
}
