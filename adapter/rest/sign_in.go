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
	session, mfa := signedInOf(signedIn)
	return api.SignInEmailPassword200JSONResponse{Session: session, Mfa: mfa}, nil
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

// SignInPasswordlessEmail is POST /signin/passwordless/email.
func (h *handlers) SignInPasswordlessEmail(
	ctx context.Context, r api.SignInPasswordlessEmailRequestObject,
) (api.SignInPasswordlessEmailResponseObject, error) {
	in, err := emailSignInOf(r.Body.Email, r.Body.Options, r.Body.CodeChallenge)
	if err == nil {
		err = h.useCases.SignInPasswordlessEmail.Do(ctx, in)
	}
	return api.SignInPasswordlessEmail200JSONResponse(api.OKResponseOK), err
}

// SignInOTPEmail is POST /signin/otp/email.
func (h *handlers) SignInOTPEmail(ctx context.Context, r api.SignInOTPEmailRequestObject) (api.SignInOTPEmailResponseObject, error) {
	in, err := emailSignInOf(r.Body.Email, r.Body.Options, "")
	if err == nil {
		err = h.useCases.SignInOTPEmail.Do(ctx, in)
	}
	return api.SignInOTPEmail200JSONResponse(api.OKResponseOK), err
}

// VerifySignInOTPEmail is POST /signin/otp/email/verify.
func (h *handlers) VerifySignInOTPEmail(ctx context.Context, r api.VerifySignInOTPEmailRequestObject) (api.VerifySignInOTPEmailResponseObject, error) {
	email, err := domain.ParseEmail("email", r.Body.Email)
	if err != nil {
		return nil, err
	}
	signedIn, err := h.useCases.VerifySignInOTPEmail.Do(ctx, usecase.VerifySignInOTPEmailInput{Email: email, OTP: domain.OTP(r.Body.Otp)})
	if err != nil {
		return nil, err
	}
	session, mfa := signedInOf(signedIn)
	return api.VerifySignInOTPEmail200JSONResponse{Session: session, Mfa: mfa}, nil
}
