package cost

import (
	"encoding/json"
	"net/http"

	"github.com/hexauth/hexauth/test/authenticator"
)

const (
	beginKnown   = "POST /signin/webauthn, by address"
	beginUnknown = "POST /signin/webauthn, by address, unknown"
	beginKeyless = "POST /signin/webauthn, by address, without a key"
)

// KeyOperations lists those of passkeys, with what they may cost at most.
func KeyOperations() []Operation {
	return []Operation{
		{Name: "POST /signup/webauthn", Statements: 1, RoundTrips: 1, Prepare: beginWith("/signup/webauthn", func(*Client, *keyUser) string { return newAddress() })},
		{Name: "POST /signup/webauthn/verify", Statements: 2, RoundTrips: 2, Once: true, Prepare: finishSignUp},
		{Name: "POST /signin/webauthn", Statements: 1, RoundTrips: 1, Prepare: beginWith("/signin/webauthn", func(*Client, *keyUser) string { return "" })},
		{Name: beginKnown, Statements: 3, RoundTrips: 3, Prepare: beginWith("/signin/webauthn", func(_ *Client, u *keyUser) string { return u.session.User.Email })},
		{Name: beginUnknown, Statements: 3, RoundTrips: 3, Prepare: beginWith("/signin/webauthn", func(*Client, *keyUser) string { return newAddress() })},
		{Name: beginKeyless, Statements: 3, RoundTrips: 3, Prepare: beginKeylessUser},
		{Name: SignInKey, Statements: 5, RoundTrips: 5, Once: true, Prepare: finishSignIn},
		{Name: "POST /user/webauthn/add", Statements: 4, RoundTrips: 4, Prepare: asKeyUser(http.MethodPost, "/user/webauthn/add")},
		{Name: "POST /user/webauthn/verify", Statements: 10, RoundTrips: 10, Once: true, Prepare: finishAdd},
		{Name: "POST /elevate/webauthn", Statements: 4, RoundTrips: 4, Prepare: asKeyUser(http.MethodPost, "/elevate/webauthn")},
		{Name: "POST /elevate/webauthn/verify", Statements: 7, RoundTrips: 7, Once: true, Prepare: finishElevate},
		{Name: "GET /user/webauthn", Statements: 2, RoundTrips: 2, Prepare: asKeyUser(http.MethodGet, "/user/webauthn")},
		{Name: "PATCH /user/webauthn/{id}", Statements: 6, RoundTrips: 6, Prepare: rename},
		{Name: "DELETE /user/webauthn/{id}", Statements: 10, RoundTrips: 10, Once: true, Prepare: remove},
	}
}

// keyUser is a user with a passkey.
type keyUser struct {
	session Session
	key     *authenticator.Key
}

func newPasskey() *authenticator.Key {
	return authenticator.EdDSA("https://app.example.com", "app.example.com", newAddress())
}

// begin sends a first half and returns its options.
func (c *Client) begin(path, bearer, email string) ([]byte, error) {
	var body any
	if email != "" {
		body = map[string]string{"email": email}
	}
	return c.Call(http.StatusOK, http.MethodPost, path, bearer, body)
}

// finish sends a second half.
func (c *Client) finish(path, bearer string, credential []byte) ([]byte, error) {
	return c.Call(http.StatusOK, http.MethodPost, path, bearer, map[string]json.RawMessage{"credential": credential})
}

func newKeyUser(c *Client) (*keyUser, error) {
	key := newPasskey()
	options, err := c.begin("/signup/webauthn", "", newAddress())
	if err != nil {
		return nil, err
	}
	answer, err := c.finish("/signup/webauthn/verify", "", key.Create(options))
	if err != nil {
		return nil, err
	}
	var payload struct{ Session Session }
	err = json.Unmarshal(answer, &payload)
	return &keyUser{payload.Session, key}, err
}

// do makes a call of something that yields an answer nobody looks at.
func do(call func() ([]byte, error)) func() error {
	return func() error {
		_, err := call()
		return err
	}
}

func beginWith(path string, email func(*Client, *keyUser) string) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		user, err := newKeyUser(c)
		if err != nil {
			return nil, err
		}
		address := email(c, user)
		return do(func() ([]byte, error) { return c.begin(path, "", address) }), nil
	}
}

func beginKeylessUser(c *Client) (func() error, error) {
	session, err := c.SignUp()
	return do(func() ([]byte, error) { return c.begin("/signin/webauthn", "", session.User.Email) }), err
}

func finishSignUp(c *Client) (func() error, error) {
	options, err := c.begin("/signup/webauthn", "", newAddress())
	if err != nil {
		return nil, err
	}
	credential := newPasskey().Create(options)
	return do(func() ([]byte, error) { return c.finish("/signup/webauthn/verify", "", credential) }), nil
}

func finishSignIn(c *Client) (func() error, error) {
	user, err := newKeyUser(c)
	if err != nil {
		return nil, err
	}
	options, err := c.begin("/signin/webauthn", "", "")
	if err != nil {
		return nil, err
	}
	credential := user.key.Get(options)
	return do(func() ([]byte, error) { return c.finish("/signin/webauthn/verify", "", credential) }), nil
}

func finishAdd(c *Client) (func() error, error) {
	user, err := newKeyUser(c)
	if err != nil {
		return nil, err
	}
	options, err := c.begin("/user/webauthn/add", user.session.AccessToken, "")
	if err != nil {
		return nil, err
	}
	credential := newPasskey().Create(options)
	return do(func() ([]byte, error) { return c.finish("/user/webauthn/verify", user.session.AccessToken, credential) }), nil
}

func finishElevate(c *Client) (func() error, error) {
	user, err := newKeyUser(c)
	if err != nil {
		return nil, err
	}
	options, err := c.begin("/elevate/webauthn", user.session.AccessToken, "")
	if err != nil {
		return nil, err
	}
	credential := user.key.Get(options)
	return do(func() ([]byte, error) {
		return c.finish("/elevate/webauthn/verify", user.session.AccessToken, credential)
	}), nil
}

func asKeyUser(method, path string) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		user, err := newKeyUser(c)
		if err != nil {
			return nil, err
		}
		return do(func() ([]byte, error) { return c.Call(http.StatusOK, method, path, user.session.AccessToken, nil) }), nil
	}
}

// secondKey makes a user with two keys and returns the path of one.
func secondKey(c *Client) (path, bearer string, err error) {
	user, err := newKeyUser(c)
	if err != nil {
		return "", "", err
	}
	options, err := c.begin("/user/webauthn/add", user.session.AccessToken, "")
	if err != nil {
		return "", "", err
	}
	answer, err := c.finish("/user/webauthn/verify", user.session.AccessToken, newPasskey().Create(options))
	if err != nil {
		return "", "", err
	}
	var added struct{ ID string }
	err = json.Unmarshal(answer, &added)
	return "/user/webauthn/" + added.ID, user.session.AccessToken, err
}

func rename(c *Client) (func() error, error) {
	path, bearer, err := secondKey(c)
	return do(func() ([]byte, error) {
		return c.Call(http.StatusOK, http.MethodPatch, path, bearer, map[string]string{"nickname": "Blue"})
	}), err
}

func remove(c *Client) (func() error, error) {
	path, bearer, err := secondKey(c)
	return do(func() ([]byte, error) { return c.Call(http.StatusOK, http.MethodDelete, path, bearer, nil) }), err
}
