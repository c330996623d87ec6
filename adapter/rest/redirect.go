package rest

import (
	"context"
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// VerifyTicket is GET /verify.
func (h *handlers) VerifyTicket(ctx context.Context, r api.VerifyTicketRequestObject) (api.VerifyTicketResponseObject, error) {
	location, err := h.useCases.VerifyTicket.Do(ctx, usecase.VerifyTicketInput{
		Ticket: domain.Ticket(r.Params.Ticket), RedirectTo: r.Params.RedirectTo, CodeChallenge: r.Params.CodeChallenge,
	})
	if err != nil {
		return nil, err
	}
	return api.VerifyTicket302Response{Headers: api.VerifyTicket302ResponseHeaders{Location: location}}, nil
}

// redirect sends an error along with the browser, as error and errorDescription in the query.
func redirect(c echo.Context, r usecase.RedirectedError, body api.ErrorResponse) {
	parameters := map[string]string{}
	maps.Copy(parameters, r.Parameters)
	parameters["error"], parameters["errorDescription"] = string(body.Error), body.Message
	c.Response().Header().Set(echo.HeaderLocation, domain.WithQuery(r.Target, parameters))
	_ = c.NoContent(http.StatusFound)
}
