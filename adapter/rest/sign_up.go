package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// SignUpEmailPassword is POST /signup/email-password.
func (h *handlers) SignUpEmailPassword(ctx context.Context, r api.SignUpEmailPasswordRequestObject) (api.SignUpEmailPasswordResponseObject, error) {
	email, err := domain.ParseEmail("email", r.Body.Email)
	if err != nil {
		return nil, err
	}
	session, err := h.useCases.SignUpEmailPassword.Do(ctx, usecase.SignUpEmailPasswordInput{
		Email: email, Password: r.Body.Password, Options: optionsOf(r.Body.Options),
	})
	if err != nil {
		return nil, err
	}
	return api.SignUpEmailPassword200JSONResponse(payloadOf(session)), nil
}
