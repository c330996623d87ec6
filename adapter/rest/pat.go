package rest

import (
	"context"
	"encoding/json"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// CreatePAT is POST /pat.
func (h *handlers) CreatePAT(ctx context.Context, r api.CreatePATRequestObject) (api.CreatePATResponseObject, error) {
	id, token, err := h.useCases.CreatePAT.Do(ctx, usecase.CreatePATInput{
		Bearer: bearerOf(ctx).Subject, ExpiresAt: r.Body.ExpiresAt, Metadata: domain.Metadata(r.Body.Metadata),
	})
	if err != nil {
		return nil, err
	}
	return api.CreatePAT200JSONResponse{ID: id, PersonalAccessToken: token}, nil
}

// SignInPAT is POST /signin/pat.
func (h *handlers) SignInPAT(ctx context.Context, r api.SignInPATRequestObject) (api.SignInPATResponseObject, error) {
	session, err := h.useCases.SignInPAT.Do(ctx, r.Body.PersonalAccessToken)
	if err != nil {
		return nil, err
	}
	return api.SignInPAT200JSONResponse(payloadOf(&session)), nil
}

// ListPATs is GET /pat.
func (h *handlers) ListPATs(ctx context.Context, _ api.ListPATsRequestObject) (api.ListPATsResponseObject, error) {
	tokens, err := h.useCases.ListPATs.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return api.ListPATs200JSONResponse{PersonalAccessTokens: each(tokens, patOf)}, nil
}

// DeletePAT is DELETE /pat/{id}.
func (h *handlers) DeletePAT(ctx context.Context, r api.DeletePATRequestObject) (api.DeletePATResponseObject, error) {
	return api.DeletePAT200JSONResponse(api.OKResponseOK), h.useCases.DeletePAT.Do(ctx, bearerOf(ctx).Subject, r.ID)
}

// metadataJSON is the text of metadata, null without.
func metadataJSON(m domain.Metadata) json.RawMessage {
	if m == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(m)
}
