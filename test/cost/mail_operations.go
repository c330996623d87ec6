package cost

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

const (
	resetUnknown = "POST /user/password/reset, unknown"
	linkUnknown  = "POST /signin/passwordless/email, unknown"
	codeUnknown  = "POST /signin/otp/email, unknown"
)

// MailOperations lists those that have to do with mails, with what they may cost at most. Their clients have an Inbox, and a server with
// its Environment.
func MailOperations() []Operation {
	return []Operation{
		{Name: "POST /signup/email-password, verification required", Statements: 1, RoundTrips: 1, Prepare: onceSignedUp},
		{Name: "POST /signup/passwordless/email", Statements: 2, RoundTrips: 2, Prepare: onNew("/signup/passwordless/email")},
		{Name: "POST /signup/otp/email", Statements: 2, RoundTrips: 2, Prepare: onNew("/signup/otp/email")},
		{Name: StartReset, Statements: 2, RoundTrips: 2, Prepare: onKnown("/user/password/reset")},
		{Name: resetUnknown, Statements: 2, RoundTrips: 2, Prepare: onNew("/user/password/reset")},
		{Name: StartLink, Statements: 2, RoundTrips: 2, Prepare: onKnown("/signin/passwordless/email")},
		{Name: linkUnknown, Statements: 2, RoundTrips: 2, Prepare: onNew("/signin/passwordless/email")},
		{Name: StartOTP, Statements: 2, RoundTrips: 2, Prepare: onKnown("/signin/otp/email")},
		{Name: codeUnknown, Statements: 2, RoundTrips: 2, Prepare: onNew("/signin/otp/email")},
		{Name: VerifyLink, Statements: 11, RoundTrips: 11, Once: true, Prepare: openLink},
		{Name: VerifyLink + ", again", Statements: 10, RoundTrips: 10, Once: true, Prepare: openLinkAgain},
		{Name: VerifyLink + ", unknown", Statements: 9, RoundTrips: 9, Prepare: openUnknownLink},
		{Name: VerifyOTP, Statements: 11, RoundTrips: 11, Once: true, Prepare: giveCode},
		{Name: VerifyOTP + ", wrong", Statements: 4, RoundTrips: 4, Once: true, Prepare: guessCode},
	}
}

func (c *Client) mailTo(path, email string) error {
	_, err := c.Call(http.StatusOK, http.MethodPost, path, "", map[string]string{"email": email})
	return err
}

// known makes an account; what it was mailed is read.
func known(c *Client) (string, error) {
	email := newAddress()
	if err := c.mailTo("/signup/passwordless/email", email); err != nil {
		return "", err
	}
	s, err := c.Inbox.next(email)
	if err != nil {
		return "", err
	}
	return email, c.follow(s.link, "refreshToken=")
}

// follow opens a link on this server and demands something in the address that it leads to.
func (c *Client) follow(link, want string) error {
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(c.URL + link[strings.Index(link, "/verify?"):])
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if location := response.Header.Get("Location"); response.StatusCode != http.StatusFound || !strings.Contains(location, want) {
		return fmt.Errorf("the link: %d to %q", response.StatusCode, location)
	}
	return nil
}

func onceSignedUp(c *Client) (func() error, error) {
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/signup/email-password", "", map[string]string{"email": newAddress(), "password": Password})
		return err
	}, nil
}

func onNew(path string) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		return func() error { return c.mailTo(path, newAddress()) }, nil
	}
}

func onKnown(path string) func(*Client) (func() error, error) {
	return func(c *Client) (func() error, error) {
		email, err := known(c)
		return func() error { return c.mailTo(path, email) }, err
	}
}

// mailed is a new account with a mail just read.
func mailed(c *Client, path string) (string, secret, error) {
	email := newAddress()
	if err := c.mailTo(path, email); err != nil {
		return "", secret{}, err
	}
	s, err := c.Inbox.next(email)
	return email, s, err
}

func openLink(c *Client) (func() error, error) {
	_, s, err := mailed(c, "/signup/passwordless/email")
	return func() error { return c.follow(s.link, "refreshToken=") }, err
}

func openLinkAgain(c *Client) (func() error, error) {
	_, s, err := mailed(c, "/signup/passwordless/email")
	if err == nil {
		err = c.follow(s.link, "refreshToken=")
	}
	return func() error { return c.follow(s.link, "refreshToken=") }, err
}

func openUnknownLink(c *Client) (func() error, error) {
	query := url.Values{"ticket": {"passwordlessEmail:" + uuid.NewString()}, "type": {"signinPasswordless"}, "redirectTo": {"https://app.example.com"}}
	return func() error { return c.follow("/verify?"+query.Encode(), "error=invalid-ticket") }, nil
}

func giveCode(c *Client) (func() error, error) {
	email, s, err := mailed(c, "/signup/otp/email")
	return func() error { return c.guess(http.StatusOK, email, s.ticket) }, err
}

func guessCode(c *Client) (func() error, error) {
	email, s, err := mailed(c, "/signup/otp/email")
	wrong := "000000"
	if s.ticket == wrong {
		wrong = "000001"
	}
	return func() error { return c.guess(http.StatusUnauthorized, email, wrong) }, err
}

func (c *Client) guess(want int, email, code string) error {
	_, err := c.Call(want, http.MethodPost, "/signin/otp/email/verify", "", map[string]string{"email": email, "otp": code})
	return err
}
