package cost

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pquerna/otp/totp"
)

// mfaOperations are those around the second factor.
func mfaOperations() []Operation {
	return []Operation{
		{Name: "GET /mfa/totp/generate", Statements: 6, RoundTrips: 6, Prepare: asBearer(http.StatusOK, http.MethodGet, "/mfa/totp/generate", nil)},
		{Name: "POST /signin/email-password, a second factor is asked for", Statements: 2, RoundTrips: 2, Prepare: askForCode},
		{Name: SignInTOTP, Statements: 8, RoundTrips: 8, Once: true, Prepare: giveTOTP},
		{Name: "POST /elevate/totp, guesses are spent", Statements: 3, RoundTrips: 3, Prepare: guessInVain},
	}
}

// enrolled is an account with TOTP switched on.
type enrolled struct {
	Session
	secret string
}

// code is that of a step from now: of this one to switch TOTP on, of the next to sign in, because none is good twice. Servers take
// either.
func (e enrolled) code(step time.Duration) (string, error) {
	return totp.GenerateCode(e.secret, time.Now().Add(step*totpStep))
}

// totpStep is how long an authenticator app shows a code (RFC 6238 §5.2).
const totpStep = 30 * time.Second

func (c *Client) enrol() (enrolled, error) {
	session, err := c.SignUp()
	if err != nil {
		return enrolled{}, err
	}
	answer, err := c.Call(http.StatusOK, http.MethodGet, "/mfa/totp/generate", session.AccessToken, nil)
	if err != nil {
		return enrolled{}, err
	}
	var secret struct {
		Text string `json:"totpSecret"`
	}
	if err := json.Unmarshal(answer, &secret); err != nil {
		return enrolled{}, err
	}
	account := enrolled{session, secret.Text}
	code, err := account.code(0)
	if err != nil {
		return enrolled{}, err
	}
	_, err = c.Call(http.StatusOK, http.MethodPost, "/user/mfa", session.AccessToken, map[string]string{"code": code, "activeMfaType": "totp"})
	return account, err
}

// firstStep signs an account in by password and returns the ticket for the second step.
func (c *Client) firstStep(email string) (ticket string, err error) {
	answer, err := c.Call(http.StatusOK, http.MethodPost, "/signin/email-password", "", map[string]string{"email": email, "password": Password})
	if err != nil {
		return "", err
	}
	var step struct {
		MFA struct{ Ticket string }
	}
	if err := json.Unmarshal(answer, &step); err != nil || step.MFA.Ticket == "" {
		return "", errors.Join(err, errors.New("no code was asked for"))
	}
	return step.MFA.Ticket, nil
}

func askForCode(c *Client) (func() error, error) {
	account, err := c.enrol()
	return func() error {
		_, err := c.firstStep(account.User.Email)
		return err
	}, err
}

func giveTOTP(c *Client) (func() error, error) {
	account, err := c.enrol()
	if err != nil {
		return nil, err
	}
	ticket, err := c.firstStep(account.User.Email)
	return func() error {
		code, err := account.code(1)
		if err != nil {
			return err
		}
		_, err = c.Call(http.StatusOK, http.MethodPost, "/signin/mfa/totp", "", map[string]string{"ticket": ticket, "otp": code})
		return err
	}, err
}

// guessInVain spends an account's guesses first.
func guessInVain(c *Client) (func() error, error) {
	account, err := c.enrol()
	guess := func(want int) error {
		_, err := c.Call(want, http.MethodPost, "/elevate/totp", account.AccessToken, map[string]string{"code": "no code"})
		return err
	}
	for range 5 {
		err = errors.Join(err, guess(http.StatusUnauthorized))
	}
	return func() error { return guess(http.StatusTooManyRequests) }, err
}
