package cost

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/proc"
)

const (
	beginKnown   = "POST /signin/webauthn, by address"
	beginUnknown = "POST /signin/webauthn, by address, unknown"
	beginKeyless = "POST /signin/webauthn, by address, without a key"
)

// keyOperations lists what the operations of passkeys may cost at most.
func keyOperations() []mailOperation {
	return []mailOperation{
		{"POST /signup/webauthn", 1, 1, beginWith("/signup/webauthn", func(*Client, *keyUser) string { return newAddress() })},
		{"POST /signup/webauthn/verify", 2, 2, finishSignUp},
		{"POST /signin/webauthn", 1, 1, beginWith("/signin/webauthn", func(*Client, *keyUser) string { return "" })},
		{beginKnown, 3, 3, beginWith("/signin/webauthn", func(_ *Client, u *keyUser) string { return u.session.User.Email })},
		{beginUnknown, 3, 3, beginWith("/signin/webauthn", func(*Client, *keyUser) string { return newAddress() })},
		{beginKeyless, 3, 3, beginKeylessUser},
		{"POST /signin/webauthn/verify", 5, 5, finishSignIn},
		{"POST /user/webauthn/add", 4, 4, asKeyUser(http.MethodPost, "/user/webauthn/add")},
		{"POST /user/webauthn/verify", 8, 8, finishAdd},
		{"POST /elevate/webauthn", 3, 3, asKeyUser(http.MethodPost, "/elevate/webauthn")},
		{"POST /elevate/webauthn/verify", 6, 6, finishElevate},
		{"GET /user/webauthn", 2, 2, asKeyUser(http.MethodGet, "/user/webauthn")},
		{"PATCH /user/webauthn/{id}", 6, 6, rename},
		{"DELETE /user/webauthn/{id}", 8, 8, remove},
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

func beginWith(path string, email func(*Client, *keyUser) string) func(*Client, *inbox) (func() error, error) {
	return func(c *Client, _ *inbox) (func() error, error) {
		user, err := newKeyUser(c)
		if err != nil {
			return nil, err
		}
		address := email(c, user)
		return do(func() ([]byte, error) { return c.begin(path, "", address) }), nil
	}
}

func beginKeylessUser(c *Client, _ *inbox) (func() error, error) {
	session, err := c.SignUp()
	return do(func() ([]byte, error) { return c.begin("/signin/webauthn", "", session.User.Email) }), err
}

func finishSignUp(c *Client, _ *inbox) (func() error, error) {
	options, err := c.begin("/signup/webauthn", "", newAddress())
	if err != nil {
		return nil, err
	}
	credential := newPasskey().Create(options)
	return do(func() ([]byte, error) { return c.finish("/signup/webauthn/verify", "", credential) }), nil
}

func finishSignIn(c *Client, _ *inbox) (func() error, error) {
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

func finishAdd(c *Client, _ *inbox) (func() error, error) {
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

func finishElevate(c *Client, _ *inbox) (func() error, error) {
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

func asKeyUser(method, path string) func(*Client, *inbox) (func() error, error) {
	return func(c *Client, _ *inbox) (func() error, error) {
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

func rename(c *Client, _ *inbox) (func() error, error) {
	path, bearer, err := secondKey(c)
	return do(func() ([]byte, error) {
		return c.Call(http.StatusOK, http.MethodPatch, path, bearer, map[string]string{"nickname": "Blue"})
	}), err
}

func remove(c *Client, _ *inbox) (func() error, error) {
	path, bearer, err := secondKey(c)
	return do(func() ([]byte, error) { return c.Call(http.StatusOK, http.MethodDelete, path, bearer, nil) }), err
}

// startKeys runs a server behind proxy that has passkeys and tells nobody who has an account.
func startKeys(t *testing.T, proxy *Proxy) (*Client, *proc.Server) {
	t.Helper()
	extra := withStaticKey(t)
	extra["AUTH_WEBAUTHN_ENABLED"], extra["AUTH_CONCEAL_ERRORS"] = "true", "true"
	return start(t, proxy, extra)
}

func TestKeyOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	proxy := newProxy(t)
	client, _ := startKeys(t, proxy)
	records := map[string]Record{}
	for _, operation := range keyOperations() {
		record := count(t, proxy, client, nil, operation)
		require.LessOrEqual(t, len(record.Statements), operation.statements, "%s: %s", operation.name, record)
		require.LessOrEqual(t, record.RoundTrips, operation.roundTrips, "%s: %s", operation.name, record)
		require.NotZero(t, record.RoundTrips, operation.name)
		records[operation.name] = record
	}
	// What is asked of the database must not tell whether there is such an account, or whether it has a key.
	require.Equal(t, records[beginKnown], records[beginUnknown])
	require.Equal(t, records[beginKnown], records[beginKeyless])
}

// populateKeys fills the tables of passkeys.
const populateKeys = `
	INSERT INTO auth.user_security_keys (user_id, credential_id, credential_public_key) SELECT id, md5(id::text), '\x00' FROM auth.users;
	INSERT INTO auth.hexauth_ceremonies (challenge, purpose, user_id, state, expires_at)
	SELECT md5(id::text), 'add', id, '{}', now() + interval '1 day' FROM auth.users;
	ANALYZE auth.user_security_keys, auth.hexauth_ceremonies`

func TestKeyOperations_ReadNoWholeTable(t *testing.T) {
	proxy := newProxy(t)
	_, first := startKeys(t, proxy) // migrates
	require.Zero(t, first.Stop())
	execute(t, proxy, populate)
	execute(t, proxy, populateKeys)
	before, keysBefore := readScans(t, proxy), scansOf(t, proxy, "user_security_keys", "hexauth_ceremonies")

	client, server := startKeys(t, proxy)
	for _, operation := range keyOperations() {
		for _, call := range prepareAll(t, client, nil, operation, drives) {
			require.NoError(t, call(), operation.name)
		}
	}
	require.Zero(t, server.Stop())
	require.Equal(t, before.whole, readScans(t, proxy).whole)
	after := scansOf(t, proxy, "user_security_keys", "hexauth_ceremonies")
	require.Equal(t, keysBefore.whole, after.whole)
	require.Greater(t, after.index, keysBefore.index+drives, "the statistics of the server's connections must be in")
}
