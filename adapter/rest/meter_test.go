package rest_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
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

func TestMeter_SeesThatASecondFactorIsAskedForWhateverTheFirstOneIs(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, changed(func(s *kit.Settings) { s.MFA.AllMethods = true }))
	jane := domain.ProviderIdentity{ID: "583231", Email: "jane@example.com", EmailVerified: true}
	byForm := func() {
		state, answer := b.provider.Agree(t, b.depart("/signin/provider/apple"), kit.Consent{Identity: jane})
		b.redirected(request{
			method: http.MethodPost, path: "/signin/provider/apple/callback", contentType: "application/x-www-form-urlencoded",
			body: url.Values{"state": {string(state)}, "code": {answer.Code}}.Encode(), header: http.Header{"Cookie": {b.cookie}},
		})
	}
	ways := map[string]func(){
		"signInEmailPassword": func() { b.mustPost("/signin/email-password", credentials("jane@example.com", kit.Password)) },
		"signInIdToken":       func() { b.mustPost("/signin/idtoken", `{"provider":"google","idToken":"good"}`) },
		"signInProviderCallbackGet": func() {
			jane.Provider = "github"
			b.back("github", b.depart("/signin/provider/github"), jane)
		},
		"signInProviderCallbackPost": func() {
			jane.Provider = "apple"
			byForm()
		},
		"tokenExchange": func() { b.mustPost("/token/exchange", exchange(b.code("jane@example.com"), verifier)) },
		"verifySignInOTPEmail": func() {
			b.mustPost("/signin/otp/email/verify", guess("jane@example.com", b.otp("jane@example.com")))
		},
		"verifySignInPasswordlessSms": func() { b.mustPost(verifySMS, smsGuess("+12025550123", b.smsCode(signInSMS, "+12025550123"))) },
		"verifyTicket": func() {
			b.mustPost("/signin/passwordless/email", address("jane@example.com"))
			b.redirected(b.link())
		},
	}
	b.enrol("jane@example.com")
	b.kit.Exec("UPDATE auth.users SET email_verified = true, phone_number = '+12025550123', phone_number_verified = true")
	for operation, signIn := range ways {
		before := len(b.metered())
		signIn()
		requests := b.metered()[before:]
		for i, r := range requests {
			require.Equal(t, i == len(requests)-1, r.Challenged, "%s: %s", operation, r.Operation)
		}
		require.Equal(t, operation, requests[len(requests)-1].Operation)
	}
	never := regexp.MustCompile(`^(elevate|verifyElevate|signUp|verifySignUp|signInAnonymous|signInPAT|verifySignInMfaTotp|verifySignInWebauthn)`)
	for _, item := range b.contract.Paths.Map() {
		for _, o := range item.Operations() {
			ok := o.Responses.Status(http.StatusOK)
			if ok == nil || ok.Value.Content.Get("application/json") == nil || never.MatchString(o.OperationID) {
				continue
			}
			if _, mfa := ok.Value.Content.Get("application/json").Schema.Value.Properties["mfa"]; mfa {
				require.Contains(t, ways, o.OperationID)
			}
		}
	}
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
