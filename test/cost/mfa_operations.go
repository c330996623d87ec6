package cost

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pquerna/otp/totp"
)

// mfaOperations are those around the second factor that can be called again and again: a code that is right works once.
func mfaOperations() []Operation {
	return []Operation{
		{Name: "GET /mfa/totp/generate", Statements: 6, RoundTrips: 6, Prepare: asBearer(http.StatusOK, http.MethodGet, "/mfa/totp/generate", nil)},
		{Name: "POST /signin/email-password, a second factor is asked for", Statements: 2, RoundTrips: 2, Prepare: askForCode},
		{Name: "POST /elevate/totp, guesses are spent", Statements: 2, RoundTrips: 2, Prepare: guessInVain},
	}
}

// enrol makes an account with TOTP switched on.
func (c *Client) enrol() (Session, error) {
	session, err := c.SignUp()
	if err != nil {
		return Session{}, err
	}
	answer, err := c.Call(http.StatusOK, http.MethodGet, "/mfa/totp/generate", session.AccessToken, nil)
	if err != nil {
		return Session{}, err
	}
	var secret struct {
		Text string `json:"totpSecret"`
	}
	if err := json.Unmarshal(answer, &secret); err != nil {
		return Session{}, err
	}
	code, err := totp.GenerateCode(secret.Text, time.Now())
	if err != nil {
		return Session{}, err
	}
	_, err = c.Call(http.StatusOK, http.MethodPost, "/user/mfa", session.AccessToken, map[string]string{"code": code, "activeMfaType": "totp"})
	return session, err
}

func askForCode(c *Client) (func() error, error) {
	account, err := c.enrol()
	return func() error {
		answer, err := c.Call(http.StatusOK, http.MethodPost, "/signin/email-password", "", map[string]string{"email": account.User.Email, "password": Password})
		if err != nil {
			return err
		}
		var step struct {
			MFA *struct{} `json:"mfa"`
		}
		if err := json.Unmarshal(answer, &step); err != nil || step.MFA == nil {
			return errors.Join(err, errors.New("no code was asked for"))
		}
		return nil
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
