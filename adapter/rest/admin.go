package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// AdminListUsers is GET /admin/users.
func (h *handlers) AdminListUsers(ctx context.Context, r api.AdminListUsersRequestObject) (api.AdminListUsersResponseObject, error) {
	query, err := domain.NewUserQuery(r.Params.Search, r.Params.Cursor, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	page, err := h.useCases.AdminListUsers.Do(ctx, query)
	if err != nil {
		return nil, err
	}
	return api.AdminListUsers200JSONResponse(PageOf(page)), nil
}

// AdminCreateUser is POST /admin/users.
func (h *handlers) AdminCreateUser(ctx context.Context, r api.AdminCreateUserRequestObject) (api.AdminCreateUserResponseObject, error) {
	in, err := newUserOf(*r.Body)
	if err != nil {
		return nil, err
	}
	account, err := h.useCases.AdminCreateUser.Do(ctx, in)
	if err != nil {
		return nil, err
	}
	return api.AdminCreateUser200JSONResponse(AccountOf(account)), nil
}

// AdminGetUser is GET /admin/users/{id}.
func (h *handlers) AdminGetUser(ctx context.Context, r api.AdminGetUserRequestObject) (api.AdminGetUserResponseObject, error) {
	account, err := h.useCases.AdminGetUser.Do(ctx, refOf(r.ID))
	if err != nil {
		return nil, err
	}
	return api.AdminGetUser200JSONResponse(AccountOf(account)), nil
}

// AdminUpdateUser is PATCH /admin/users/{id}.
func (h *handlers) AdminUpdateUser(ctx context.Context, r api.AdminUpdateUserRequestObject) (api.AdminUpdateUserResponseObject, error) {
	change, err := changeOf(*r.Body)
	if err != nil {
		return nil, err
	}
	account, err := h.useCases.AdminUpdateUser.Do(ctx, refOf(r.ID), change)
	if err != nil {
		return nil, err
	}
	return api.AdminUpdateUser200JSONResponse(AccountOf(account)), nil
}

// AdminDeleteUser is DELETE /admin/users/{id}.
func (h *handlers) AdminDeleteUser(ctx context.Context, r api.AdminDeleteUserRequestObject) (api.AdminDeleteUserResponseObject, error) {
	return api.AdminDeleteUser200JSONResponse(api.OKResponseOK), h.useCases.AdminDeleteUser.Do(ctx, refOf(r.ID))
}

// AdminExportUser is GET /admin/users/{id}/export.
func (h *handlers) AdminExportUser(ctx context.Context, r api.AdminExportUserRequestObject) (api.AdminExportUserResponseObject, error) {
	export, err := h.useCases.AdminExportUser.Do(ctx, refOf(r.ID))
	if err != nil {
		return nil, err
	}
	return api.AdminExportUser200JSONResponse(ExportOf(export)), nil
}

// AdminSetPassword is POST /admin/users/{id}/password.
func (h *handlers) AdminSetPassword(ctx context.Context, r api.AdminSetPasswordRequestObject) (api.AdminSetPasswordResponseObject, error) {
	return api.AdminSetPassword200JSONResponse(api.OKResponseOK), h.useCases.AdminSetPassword.Do(ctx, refOf(r.ID), r.Body.Password)
}

// AdminListSessions is GET /admin/users/{id}/sessions.
func (h *handlers) AdminListSessions(ctx context.Context, r api.AdminListSessionsRequestObject) (api.AdminListSessionsResponseObject, error) {
	open, err := h.useCases.AdminListSessions.Do(ctx, refOf(r.ID))
	if err != nil {
		return nil, err
	}
	return api.AdminListSessions200JSONResponse{Sessions: SessionsOf(open)}, nil
}

// AdminEndSessions is DELETE /admin/users/{id}/sessions.
func (h *handlers) AdminEndSessions(ctx context.Context, r api.AdminEndSessionsRequestObject) (api.AdminEndSessionsResponseObject, error) {
	return api.AdminEndSessions200JSONResponse(api.OKResponseOK), h.useCases.AdminEndSessions.Do(ctx, usecase.AdminEndSessionsInput{
		User: refOf(r.ID), Session: domain.SessionID(r.Params.Session), Tokens: r.Params.Tokens,
	})
}

func refOf(id string) domain.UserRef { return domain.UserRef{ID: domain.UserID(id)} }
