package cost

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// Operation is something a client does, and what it costs on a connection that has its statements prepared.
type Operation struct {
	Name       string
	Statements int // executed on PostgreSQL; one outside of a transaction is a transaction of its own
	RoundTrips int
	// Prepare makes what the operation needs, an account for instance, and returns the operation. That may be called again
	// and again, by one goroutine.
	Prepare func(c *Client) (do func() error, err error)
	// Once says that what Prepare returns may be called once only: it uses something up.
	Once bool
}

// preparing is how many calls are made ready at the same time.
const preparing = 16

// PrepareAll makes n calls ready, many at the same time: mails leave once a second.
func (o Operation) PrepareAll(c *Client, n int) ([]func() error, error) {
	calls := make([]func() error, n)
	var group errgroup.Group
	group.SetLimit(preparing)
	for i := range calls {
		group.Go(func() (err error) {
			calls[i], err = o.Prepare(c)
			return err
		})
	}
	return calls, group.Wait()
}

// The names of the operations that have a budget of time or that the benchmark loads.
const (
	Refresh     = "POST /token"
	GetUser     = "GET /user"
	SignUp      = "POST /signup/email-password"
	Anonymous   = "POST /signin/anonymous"
	SignIn      = "POST /signin/email-password"
	VerifyToken = "POST /token/verify, token in the body"
	SignInPAT   = "POST /signin/pat"
	SignInTOTP  = "POST /signin/mfa/totp"
	StartOTP    = "POST /signin/otp/email"
	VerifyOTP   = "POST /signin/otp/email/verify"
	StartLink   = "POST /signin/passwordless/email"
	VerifyLink  = "GET /verify"
	StartReset  = "POST /user/password/reset"
	SignInKey   = "POST /signin/webauthn/verify"
)

// Operations lists what the API can do. One that is refused stands apart, because refusals have their own ways.
func Operations() []Operation {
	return slices.Concat(sessionOperations(), accountOperations(), mfaOperations(), refusals(), systemOperations(), adminOperations())
}

func sessionOperations() []Operation {
	return []Operation{
		{Name: Refresh, Statements: 1, RoundTrips: 1, Prepare: refresh},
		{Name: "POST /token, replayed within the grace", Statements: 3, RoundTrips: 3, Prepare: replay},
		{Name: GetUser, Statements: 1, RoundTrips: 1, Prepare: asBearer(http.StatusOK, http.MethodGet, "/user", nil)},
		{Name: SignUp, Statements: 1, RoundTrips: 1, Prepare: signUp},
		{Name: Anonymous, Statements: 1, RoundTrips: 1, Prepare: anonymous},
		{Name: SignIn, Statements: 2, RoundTrips: 2, Prepare: signIn},
		{Name: VerifyToken, Prepare: verifyBody},
		{Name: "POST /token/verify, token in the header", Statements: 1, RoundTrips: 1,
			Prepare: asBearer(http.StatusOK, http.MethodPost, "/token/verify", map[string]string{})},
		{Name: "POST /signout, unknown", Statements: 1, RoundTrips: 1, Prepare: plain(http.StatusOK, http.MethodPost, "/signout", unknownToken)},
		{Name: "POST /signout of all sessions", Statements: 6, RoundTrips: 6,
			Prepare: asBearer(http.StatusOK, http.MethodPost, "/signout", map[string]bool{"all": true})},
	}
}

func refusals() []Operation {
	return []Operation{
		{Name: "POST /token, unknown", Statements: 2, RoundTrips: 2, Prepare: plain(http.StatusUnauthorized, http.MethodPost, "/token", unknownToken)},
		{Name: "POST /signin/email-password, unknown", Statements: 1, RoundTrips: 1,
			Prepare: plain(http.StatusUnauthorized, http.MethodPost, "/signin/email-password", func() any {
				return map[string]string{"email": newAddress(), "password": Password}
			})},
		{Name: "POST /signup/email-password, password too short",
			Prepare: plain(http.StatusBadRequest, http.MethodPost, "/signup/email-password", func() any {
				return map[string]string{"email": newAddress(), "password": "x"}
			})},
		{Name: "GET /user, forged token", Prepare: func(c *Client) (func() error, error) {
			return func() error {
				_, err := c.Call(http.StatusUnauthorized, http.MethodGet, "/user", "eyJhbGciOiJub25lIn0.e30.", nil)
				return err
			}, nil
		}},
		{Name: "GET of what there is not", Prepare: plain(http.StatusNotFound, http.MethodGet, "/nowhere", nothing)},
	}
}

func systemOperations() []Operation {
	return []Operation{
		{Name: "GET /.well-known/jwks.json", Prepare: plain(http.StatusOK, http.MethodGet, "/.well-known/jwks.json", nothing)},
		{Name: "GET /healthz", Prepare: plain(http.StatusOK, http.MethodGet, "/healthz", nothing)},
		{Name: "HEAD /healthz", Prepare: plain(http.StatusOK, http.MethodHead, "/healthz", nothing)},
		{Name: "GET /readyz", Statements: 1, RoundTrips: 1, Prepare: plain(http.StatusOK, http.MethodGet, "/readyz", nothing)},
		{Name: "GET /version", Prepare: plain(http.StatusOK, http.MethodGet, "/version", nothing)},
		{Name: "GET /openapi.yaml", Prepare: plain(http.StatusOK, http.MethodGet, "/openapi.yaml", nothing)},
	}
}

func refresh(c *Client) (func() error, error) {
	session, err := c.SignInAnonymous()
	return func() error {
		next, err := c.Refresh(session.RefreshToken)
		if err == nil && next.RefreshToken == session.RefreshToken {
			err = fmt.Errorf("the refresh token was not replaced")
		}
		session = next
		return err
	}, err
}

// replay presents the same replaced token again and again; each time it leads to the same successor.
func replay(c *Client) (func() error, error) {
	first, err := c.SignInAnonymous()
	if err != nil {
		return nil, err
	}
	second, err := c.Refresh(first.RefreshToken)
	return func() error {
		again, err := c.Refresh(first.RefreshToken)
		if err == nil && again.RefreshToken != second.RefreshToken {
			err = fmt.Errorf("the replay led to another successor")
		}
		return err
	}, err
}

func signUp(c *Client) (func() error, error) {
	return func() error {
		_, err := c.SignUp()
		return err
	}, nil
}

func anonymous(c *Client) (func() error, error) {
	return func() error {
		_, err := c.SignInAnonymous()
		return err
	}, nil
}

func signIn(c *Client) (func() error, error) {
	account, err := c.SignUp()
	return func() error {
		_, err := c.SignIn(account.User.Email)
		return err
	}, err
}

func verifyBody(c *Client) (func() error, error) {
	session, err := c.SignInAnonymous()
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/token/verify", "", map[string]string{"token": session.AccessToken})
		return err
	}, err
}

// asBearer is a request with the access token of an account of its own.
func asBearer(want int, method, path string, body any) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		session, err := c.SignUp()
		return func() error {
			_, err := c.Call(want, method, path, session.AccessToken, body)
			return err
		}, err
	}
}

// plain is a request without a bearer; body makes a new one each time.
func plain(want int, method, path string, body func() any) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		return func() error {
			_, err := c.Call(want, method, path, "", body())
			return err
		}, nil
	}
}

func nothing() any { return nil }

func unknownToken() any { return refreshBody(uuid.NewString()) }
