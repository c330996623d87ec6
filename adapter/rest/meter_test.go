package rest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
)

// metered returns the requests that were counted, without their durations, which must not be negative.
func (c *client) metered() []port.AnsweredRequest {
	c.t.Helper()
	underWay, answered := c.kit.Meter.Requests()
	require.Zero(c.t, underWay)
	for i := range answered {
		require.GreaterOrEqual(c.t, answered[i].Took, answered[i].Took*0)
		answered[i].Took = 0
	}
	return answered
}

func TestMeter_CountsRequestsByOperationStatusAndCode(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: func(o *rest.Options) { o.Prefix = "/v1" }})
	c.post("/v1/signup/email-password", credentials("jane@example.com", kit.Password))
	c.post("/v1/signin/email-password", credentials("jane@example.com", "not the password"))
	c.post("/v1/signin/email-password", `{`)
	c.get("/v1/verify?ticket=verifyEmail:unknown&redirectTo=https://app.example.com")
	c.get("/healthz")
	c.get("/v1/healthz")
	c.get("/v1/no/such/path")
	c.get("/v1/token")
	require.Equal(t, []port.AnsweredRequest{
		{Operation: "signUpEmailPassword", Status: http.StatusOK},
		{Operation: "signInEmailPassword", Status: http.StatusUnauthorized, Error: domain.InvalidEmailPassword},
		{Operation: "signInEmailPassword", Status: http.StatusBadRequest, Error: domain.RequestValidation},
		{Operation: "verifyTicket", Status: http.StatusFound, Error: domain.InvalidTicket},
		{Operation: "healthCheckGet", Status: http.StatusOK},
		{Operation: "healthCheckGet", Status: http.StatusOK},
		{Status: http.StatusNotFound, Error: domain.NotFound},
		{Status: http.StatusMethodNotAllowed, Error: domain.MethodNotAllowed},
	}, c.metered())
}

func TestMeter_SeesTheCodeThatIsConcealedFromTheClient(t *testing.T) {
	t.Parallel()
	c := newConcealing(t)
	c.concealed(request{method: http.MethodPost, path: "/signin/email-password", body: credentials("nobody@example.com", kit.Password)})
	require.Equal(t, []port.AnsweredRequest{
		{Operation: "signInEmailPassword", Status: http.StatusBadRequest, Error: domain.InvalidEmailPassword},
	}, c.metered())
	require.Equal(t, "invalid-email-password", c.log.lines(t, "request")[0]["error"])
}

func TestMeter_CountsRequestsThatPanicOrWhoseClientHangsUp(t *testing.T) {
	t.Parallel()
	c := failing(t, func(context.Context) error { panic("a defect") })
	c.post("/token", refresh(unknownToken))
	require.Equal(t, []port.AnsweredRequest{
		{Operation: "refreshToken", Status: http.StatusInternalServerError, Error: domain.InternalServerError},
	}, c.metered())

	ctx, hangUp := context.WithCancel(t.Context())
	c = failing(t, func(ctx context.Context) error {
		hangUp()
		return ctx.Err()
	})
	c.serve(request{method: http.MethodPost, path: "/token", body: refresh(unknownToken), ctx: ctx}.http())
	require.Equal(t, []port.AnsweredRequest{{Operation: "refreshToken", Status: 499}}, c.metered())
}
