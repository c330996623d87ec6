package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// ceremonyOptions are the options of a ceremony, in the JSON that the port of WebAuthn has made of them.
type ceremonyOptions []byte

func (o ceremonyOptions) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(append(o, '\n'))
	return err
}

// VisitSignUpWebauthnResponse implements api.SignUpWebauthnResponseObject.
func (o ceremonyOptions) VisitSignUpWebauthnResponse(w http.ResponseWriter) error { return o.write(w) }

// VisitSignInWebauthnResponse implements api.SignInWebauthnResponseObject.
func (o ceremonyOptions) VisitSignInWebauthnResponse(w http.ResponseWriter) error { return o.write(w) }

// VisitAddSecurityKeyResponse implements api.AddSecurityKeyResponseObject.
func (o ceremonyOptions) VisitAddSecurityKeyResponse(w http.ResponseWriter) error { return o.write(w) }

// VisitElevateWebauthnResponse implements api.ElevateWebauthnResponseObject.
func (o ceremonyOptions) VisitElevateWebauthnResponse(w http.ResponseWriter) error { return o.write(w) }

// SignUpWebauthn is POST /signup/webauthn.
func (h *handlers) SignUpWebauthn(ctx context.Context, r api.SignUpWebauthnRequestObject) (api.SignUpWebauthnResponseObject, error) {
	email, err := domain.ParseEmail("email", r.Body.Email)
	if err != nil {
		return nil, err
	}
	options, err := h.useCases.SignUpWebauthn.Do(ctx, usecase.SignUpWebauthnInput{Email: email, Options: optionsOf(r.Body.Options)})
	return ceremonyOptions(options), err
}

// VerifySignUpWebauthn is POST /signup/webauthn/verify.
func (h *handlers) VerifySignUpWebauthn(ctx context.Context, r api.VerifySignUpWebauthnRequestObject) (api.VerifySignUpWebauthnResponseObject, error) {
	session, err := h.useCases.VerifySignUpWebauthn.Do(ctx, usecase.VerifySignUpWebauthnInput{
		Answer: r.Body.Credential, Nickname: r.Body.Nickname, Options: optionsOf(r.Body.Options), CodeChallenge: r.Body.CodeChallenge,
	})
	if err != nil {
		return nil, err
	}
	return api.VerifySignUpWebauthn200JSONResponse(payloadOf(session)), nil
}

// SignInWebauthn is POST /signin/webauthn.
func (h *handlers) SignInWebauthn(ctx context.Context, r api.SignInWebauthnRequestObject) (api.SignInWebauthnResponseObject, error) {
	var email domain.Email
	if r.Body != nil && r.Body.Email != "" {
		var err error
		if email, err = domain.ParseEmail("email", r.Body.Email); err != nil {
			return nil, err
		}
	}
	options, err := h.useCases.SignInWebauthn.Do(ctx, email)
	return ceremonyOptions(options), err
}

// VerifySignInWebauthn is POST /signin/webauthn/verify.
func (h *handlers) VerifySignInWebauthn(ctx context.Context, r api.VerifySignInWebauthnRequestObject) (api.VerifySignInWebauthnResponseObject, error) {
	session, err := h.useCases.VerifySignInWebauthn.Do(ctx, r.Body.Credential)
	if err != nil {
		return nil, err
	}
	return api.VerifySignInWebauthn200JSONResponse(payloadOf(&session)), nil
}

// ElevateWebauthn is POST /elevate/webauthn.
func (h *handlers) ElevateWebauthn(ctx context.Context, _ api.ElevateWebauthnRequestObject) (api.ElevateWebauthnResponseObject, error) {
	options, err := h.useCases.ElevateWebauthn.Do(ctx, bearerOf(ctx).Subject)
	return ceremonyOptions(options), err
}

// VerifyElevateWebauthn is POST /elevate/webauthn/verify.
func (h *handlers) VerifyElevateWebauthn(ctx context.Context, r api.VerifyElevateWebauthnRequestObject) (api.VerifyElevateWebauthnResponseObject, error) {
	session, err := h.useCases.VerifyElevateWebauthn.Do(ctx, bearerOf(ctx).Subject, r.Body.Credential)
	if err != nil {
		return nil, err
	}
	return api.VerifyElevateWebauthn200JSONResponse(payloadOf(&session)), nil
}

// AddSecurityKey is POST /user/webauthn/add.
func (h *handlers) AddSecurityKey(ctx context.Context, _ api.AddSecurityKeyRequestObject) (api.AddSecurityKeyResponseObject, error) {
	options, err := h.useCases.AddSecurityKey.Do(ctx, bearerOf(ctx).Subject)
	return ceremonyOptions(options), err
}

// VerifyAddSecurityKey is POST /user/webauthn/verify.
func (h *handlers) VerifyAddSecurityKey(ctx context.Context, r api.VerifyAddSecurityKeyRequestObject) (api.VerifyAddSecurityKeyResponseObject, error) {
	key, err := h.useCases.VerifyAddSecurityKey.Do(ctx, usecase.VerifyAddSecurityKeyInput{
		Bearer: bearerOf(ctx).Subject, Answer: r.Body.Credential, Nickname: r.Body.Nickname,
	})
	return api.VerifyAddSecurityKey200JSONResponse{ID: string(key.ID), Nickname: key.Nickname}, err
}

// ListSecurityKeys is GET /user/webauthn.
func (h *handlers) ListSecurityKeys(ctx context.Context, _ api.ListSecurityKeysRequestObject) (api.ListSecurityKeysResponseObject, error) {
	keys, err := h.useCases.ListSecurityKeys.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	list := make([]api.SecurityKey, len(keys))
	for i, key := range keys {
		list[i] = securityKeyOf(key)
	}
	return api.ListSecurityKeys200JSONResponse{SecurityKeys: list}, nil
}

// RenameSecurityKey is PATCH /user/webauthn/{id}.
func (h *handlers) RenameSecurityKey(ctx context.Context, r api.RenameSecurityKeyRequestObject) (api.RenameSecurityKeyResponseObject, error) {
	key, err := h.useCases.RenameSecurityKey.Do(ctx, usecase.RenameSecurityKeyInput{
		Bearer: bearerOf(ctx).Subject, ID: domain.SecurityKeyID(r.ID), Nickname: r.Body.Nickname,
	})
	return api.RenameSecurityKey200JSONResponse(securityKeyOf(key)), err
}

// RemoveSecurityKey is DELETE /user/webauthn/{id}.
func (h *handlers) RemoveSecurityKey(ctx context.Context, r api.RemoveSecurityKeyRequestObject) (api.RemoveSecurityKeyResponseObject, error) {
	return api.RemoveSecurityKey200JSONResponse(api.OKResponseOK), h.useCases.RemoveSecurityKey.Do(ctx, bearerOf(ctx).Subject, domain.SecurityKeyID(r.ID))
}

func securityKeyOf(k domain.SecurityKey) api.SecurityKey {
	return api.SecurityKey{
		ID: string(k.ID), CredentialID: k.CredentialID, Nickname: k.Nickname, Transports: k.Transports,
		BackupEligible: k.BackupEligible, BackedUp: k.BackedUp, CreatedAt: timeOrNil(k.CreatedAt), LastUsedAt: timeOrNil(k.LastUsedAt),
	}
}

// timeOrNil is nil for the zero time.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
