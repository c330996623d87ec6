package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// SignInPasswordlessSms is POST /signin/passwordless/sms.
func (h *handlers) SignInPasswordlessSms(ctx context.Context, r api.SignInPasswordlessSmsRequestObject) (api.SignInPasswordlessSmsResponseObject, error) {
	err := h.useCases.SignInPasswordlessSMS.Do(ctx, usecase.SMSSignInInput{PhoneNumber: r.Body.PhoneNumber, Options: optionsOf(r.Body.Options)})
	return api.SignInPasswordlessSms200JSONResponse(api.OKResponseOK), err
}

// SignUpPasswordlessSms is POST /signup/passwordless/sms.
func (h *handlers) SignUpPasswordlessSms(ctx context.Context, r api.SignUpPasswordlessSmsRequestObject) (api.SignUpPasswordlessSmsResponseObject, error) {
	err := h.useCases.SignUpPasswordlessSMS.Do(ctx, usecase.SMSSignInInput{PhoneNumber: r.Body.PhoneNumber, Options: optionsOf(r.Body.Options)})
	return api.SignUpPasswordlessSms200JSONResponse(api.OKResponseOK), err
}

// VerifySignInPasswordlessSms is POST /signin/passwordless/sms/otp.
func (h *handlers) VerifySignInPasswordlessSms(
	ctx context.Context, r api.VerifySignInPasswordlessSmsRequestObject,
) (api.VerifySignInPasswordlessSmsResponseObject, error) {
	signedIn, err := h.useCases.VerifySignInPasswordlessSMS.Do(ctx, usecase.VerifySignInPasswordlessSMSInput{
		PhoneNumber: r.Body.PhoneNumber, OTP: domain.OTP(r.Body.Otp),
	})
	if err != nil {
		return nil, err
	}
	session, mfa := signedInOf(signedIn)
	return api.VerifySignInPasswordlessSms200JSONResponse{Session: session, Mfa: mfa}, nil
}
