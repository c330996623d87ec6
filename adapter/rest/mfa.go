package rest

import (
	"context"
	"encoding/base64"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// ChangeUserMfa is GET /mfa/totp/generate.
func (h *handlers) ChangeUserMfa(ctx context.Context, _ api.ChangeUserMfaRequestObject) (api.ChangeUserMfaResponseObject, error) {
	secret, picture, err := h.useCases.ChangeUserMFA.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return api.ChangeUserMfa200JSONResponse{
		ImageURL: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture), TotpSecret: secret,
	}, nil
}

// VerifyChangeUserMfa is POST /user/mfa.
func (h *handlers) VerifyChangeUserMfa(ctx context.Context, r api.VerifyChangeUserMfaRequestObject) (api.VerifyChangeUserMfaResponseObject, error) {
	return api.VerifyChangeUserMfa200JSONResponse(api.OKResponseOK), h.useCases.VerifyChangeUserMFA.Do(ctx, usecase.VerifyChangeUserMFAInput{
		Bearer: bearerOf(ctx).Subject, Code: r.Body.Code, Active: r.Body.ActiveMfaType == api.UserMfaRequestActiveMfaTypeTotp,
	})
}

// CreateRecoveryCodes is POST /user/mfa/recovery-codes.
func (h *handlers) CreateRecoveryCodes(ctx context.Context, r api.CreateRecoveryCodesRequestObject) (api.CreateRecoveryCodesResponseObject, error) {
	input := usecase.CreateRecoveryCodesInput{Bearer: bearerOf(ctx)}
	if r.Body != nil {
		input.Code = r.Body.Code
	}
	codes, err := h.useCases.CreateRecoveryCodes.Do(ctx, input)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(codes))
	for i, code := range codes {
		list[i] = string(code)
	}
	return api.CreateRecoveryCodes200JSONResponse{RecoveryCodes: list}, nil
}

// VerifySignInMfaTotp is POST /signin/mfa/totp.
func (h *handlers) VerifySignInMfaTotp(ctx context.Context, r api.VerifySignInMfaTotpRequestObject) (api.VerifySignInMfaTotpResponseObject, error) {
	session, err := h.useCases.VerifySignInMFATOTP.Do(ctx, usecase.VerifySignInMFATOTPInput{Ticket: domain.Ticket(r.Body.Ticket), Code: r.Body.Otp})
	if err != nil {
		return nil, err
	}
	return api.VerifySignInMfaTotp200JSONResponse(payloadOf(&session)), nil
}

// ElevateTotp is POST /elevate/totp.
func (h *handlers) ElevateTotp(ctx context.Context, r api.ElevateTotpRequestObject) (api.ElevateTotpResponseObject, error) {
	session, err := h.useCases.ElevateTOTP.Do(ctx, bearerOf(ctx).Subject, r.Body.Code)
	if err != nil {
		return nil, err
	}
	return api.ElevateTotp200JSONResponse(payloadOf(&session)), nil
}
