package cost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Password is that of every account that a Client makes.
const Password = "correct horse battery staple"

// Client calls the API. It may be used by many goroutines.
type Client struct {
	URL  string // without a path
	HTTP *http.Client

	Inbox *Inbox // of the server's mails; nil where it sends none
}

// Session is what a client keeps of a session.
type Session struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	User         struct {
		Email string `json:"email"`
	} `json:"user"`
}

// Call sends a request, with a JSON body unless body is nil and a bearer unless it is "", and reads the whole answer. It is an
// error when the answer's status is not the wanted one.
func (c *Client) Call(want int, method, path, bearer string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, c.URL+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	if strings.HasPrefix(path, "/admin/") {
		request.Header.Set("X-Hexauth-Admin-Secret", adminSecret)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %d instead of %d: %s", method, path, response.StatusCode, want, answer)
	}
	return answer, nil
}

// SignUp makes an account with a new address and Password.
func (c *Client) SignUp() (Session, error) {
	return c.session("/signup/email-password", map[string]string{"email": newAddress(), "password": Password})
}

// SignIn signs an account made by SignUp in.
func (c *Client) SignIn(email string) (Session, error) {
	return c.session("/signin/email-password", map[string]string{"email": email, "password": Password})
}

// SignInAnonymous makes an anonymous account.
func (c *Client) SignInAnonymous() (Session, error) {
	return c.session("/signin/anonymous", nil)
}

// Refresh replaces a refresh token.
func (c *Client) Refresh(token string) (Session, error) {
	answer, err := c.Call(http.StatusOK, http.MethodPost, "/token", "", refreshBody(token))
	if err != nil {
		return Session{}, err
	}
	var session Session
	return session, json.Unmarshal(answer, &session)
}

func (c *Client) session(path string, body any) (Session, error) {
	answer, err := c.Call(http.StatusOK, http.MethodPost, path, "", body)
	if err != nil {
		return Session{}, err
	}
	var payload struct {
		Session Session `json:"session"`
	}
	return payload.Session, json.Unmarshal(answer, &payload)
}

func refreshBody(token string) any { return map[string]string{"refreshToken": token} }

// newAddress is one nobody has yet.
func newAddress() string {
	return "user-" + strings.ReplaceAll(uuid.NewString(), "-", "") + "@example.com"
}
