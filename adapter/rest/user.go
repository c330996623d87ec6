package rest

import (
	"context"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// GetUser is GET /user.
func (h *handlers) GetUser(ctx context.Context, _ api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	user, err := h.useCases.GetUser.Do(ctx, bearerOf(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse(userOf(user)), nil
}
