package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// GetUser is GET /user.
func (h *handlers) GetUser(ctx context.Context, _ api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	user, err := h.useCases.GetUser.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse(userOf(user)), nil
}

// ChangeUserEmail is POST /user/email/change.
func (h *handlers) ChangeUserEmail(ctx context.Context, r api.ChangeUserEmailRequestObject) (api.ChangeUserEmailResponseObject, error) {
	in, err := mailInputOf("newEmail", r.Body.NewEmail, r.Body.Options, r.Body.CodeChallenge)
	if err == nil {
		err = h.useCases.ChangeUserEmail.Do(ctx, usecase.ChangeUserEmailInput{Bearer: bearerOf(ctx).Subject, MailInput: in})
	}
	return api.ChangeUserEmail200JSONResponse(api.OKResponseOK), err
}

// SendVerificationEmail is POST /user/email/send-verification-email.
func (h *handlers) SendVerificationEmail(ctx context.Context, r api.SendVerificationEmailRequestObject) (api.SendVerificationEmailResponseObject, error) {
	in, err := mailInputOf("email", r.Body.Email, r.Body.Options, r.Body.CodeChallenge)
	if err == nil {
		err = h.useCases.SendVerificationEmail.Do(ctx, in)
	}
	return api.SendVerificationEmail200JSONResponse(api.OKResponseOK), err
}

// SendPasswordResetEmail is POST /user/password/reset.
func (h *handlers) SendPasswordResetEmail(ctx context.Context, r api.SendPasswordResetEmailRequestObject) (api.SendPasswordResetEmailResponseObject, error) {
	in, err := mailInputOf("email", r.Body.Email, r.Body.Options, r.Body.CodeChallenge)
	if err == nil {
		err = h.useCases.SendPasswordResetEmail.Do(ctx, in)
	}
	return api.SendPasswordResetEmail200JSONResponse(api.OKResponseOK), err
}

// ChangeUserPassword is POST /user/password.
func (h *handlers) ChangeUserPassword(ctx context.Context, r api.ChangeUserPasswordRequestObject) (api.ChangeUserPasswordResponseObject, error) {
	err := h.useCases.ChangeUserPassword.Do(ctx, usecase.ChangeUserPasswordInput{
		Bearer: bearerOf(ctx).Subject, Session: bearerOf(ctx).SessionID, Ticket: domain.Ticket(r.Body.Ticket), NewPassword: r.Body.NewPassword,
	})
	return api.ChangeUserPassword200JSONResponse(api.OKResponseOK), err
}

// DeanonymizeUser is POST /user/deanonymize.
func (h *handlers) DeanonymizeUser(ctx context.Context, r api.DeanonymizeUserRequestObject) (api.DeanonymizeUserResponseObject, error) {
	email, err := domain.ParseEmail("email", r.Body.Email)
	if err != nil {
		return nil, err
	}
	err = h.useCases.DeanonymizeUser.Do(ctx, usecase.DeanonymizeUserInput{
		Bearer: bearerOf(ctx), Passwordless: r.Body.SignInMethod == api.UserDeanonymizeRequestSignInMethodPasswordless, Email: email,
		Password: r.Body.Password, Options: optionsOf(r.Body.Options), CodeChallenge: r.Body.CodeChallenge,
	})
	return api.DeanonymizeUser200JSONResponse(api.OKResponseOK), err
}
