package cost

import (
	"encoding/json"
	"net/http"
	"time"
)

// accountOperations are those of personal access tokens, of the list of sessions and of passwords.
func accountOperations() []Operation {
	return []Operation{
		{Name: SignInPAT, Statements: 2, RoundTrips: 2, Prepare: signInPAT},
		{Name: "POST /pat", Statements: 9, RoundTrips: 9, Prepare: asBearer(http.StatusOK, http.MethodPost, "/pat", nextYear())},
		{Name: "GET /pat", Statements: 2, RoundTrips: 2, Prepare: asBearer(http.StatusOK, http.MethodGet, "/pat", nil)},
		{Name: "GET /user/sessions", Statements: 1, RoundTrips: 1, Prepare: asBearer(http.StatusOK, http.MethodGet, "/user/sessions", nil)},
		{Name: "POST /user/password", Statements: 12, RoundTrips: 12,
			Prepare: asBearer(http.StatusOK, http.MethodPost, "/user/password", map[string]string{"newPassword": Password})},
		{Name: "POST /user/email/change", Statements: 10, RoundTrips: 10, Prepare: changeAddress},
		{Name: "POST /signout", Statements: 1, RoundTrips: 1, Once: true, Prepare: signOut},
	}
}

func nextYear() any {
	return map[string]string{"expiresAt": time.Now().AddDate(1, 0, 0).Format(time.RFC3339)}
}

func signInPAT(c *Client) (func() error, error) {
	session, err := c.SignUp()
	if err != nil {
		return nil, err
	}
	answer, err := c.Call(http.StatusOK, http.MethodPost, "/pat", session.AccessToken, nextYear())
	if err != nil {
		return nil, err
	}
	var pat struct {
		Token string `json:"personalAccessToken"`
	}
	err = json.Unmarshal(answer, &pat)
	return func() error {
		_, err := c.session("/signin/pat", map[string]string{"personalAccessToken": pat.Token})
		return err
	}, err
}

func changeAddress(c *Client) (func() error, error) {
	session, err := c.SignUp()
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/user/email/change", session.AccessToken, map[string]string{"newEmail": newAddress()})
		return err
	}, err
}

func signOut(c *Client) (func() error, error) {
	session, err := c.SignInAnonymous()
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/signout", "", refreshBody(session.RefreshToken))
		return err
	}, err
}
