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
		Email: email, Password: r.Body.Password, Options: optionsOf(r.Body.Options), CodeChallenge: r.Body.CodeChallenge,
	})
	if err != nil {
		return nil, err
	}
	return api.SignUpEmailPassword200JSONResponse(payloadOf(session)), nil
}

// SignUpPasswordlessEmail is POST /signup/passwordless/email.
func (h *handlers) SignUpPasswordlessEmail(
	ctx context.Context, r api.SignUpPasswordlessEmailRequestObject,
) (api.SignUpPasswordlessEmailResponseObject, error) {
	in, err := emailSignInOf(r.Body.Email, r.Body.Options, r.Body.CodeChallenge)
	if err == nil {
		err = h.useCases.SignUpPasswordlessEmail.Do(ctx, in)
	}
	return api.SignUpPasswordlessEmail200JSONResponse(api.OKResponseOK), err
}

// SignUpOTPEmail is POST /signup/otp/email.
func (h *handlers) SignUpOTPEmail(ctx context.Context, r api.SignUpOTPEmailRequestObject) (api.SignUpOTPEmailResponseObject, error) {
	in, err := emailSignInOf(r.Body.Email, r.Body.Options, "")
	if err == nil {
		err = h.useCases.SignUpOTPEmail.Do(ctx, in)
	}
	return api.SignUpOTPEmail200JSONResponse(api.OKResponseOK), err
}
