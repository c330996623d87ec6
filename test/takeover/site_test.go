package takeover

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
	"github.com/hexauth/hexauth/test/providers"
)

const (
	appURL = "https://app.example.com"
	domain = "app.example.com"

	// What happens in the background is looked for that often, that long; machines that run tests can be very busy.
	waitStep, waitLimit = 20 * time.Millisecond, 30 * time.Second
)

// world is what surrounds the servers of one deployment, be they of hasura-auth or hexauth, and the configuration that is handed on.
type world struct {
	peer      *peer
	url       string // of the server
	env       map[string]string
	providers map[string]*providers.Provider
	gateway   *gateway
}

// newWorld builds a deployment of that era. Its environment names no variable that hasura-auth does not have, but for those that
// point at imitations.
func newWorld(t testing.TB, e era) *world {
	t.Helper()
	port := strconv.Itoa(pgtest.FreePort())
	w := &world{peer: newPeer(t, e), url: "http://127.0.0.1:" + port, providers: map[string]*providers.Provider{}, gateway: newGateway(t)}
	w.env = map[string]string{
		"POSTGRES_CONNECTION": w.peer.url, "AUTH_ENCRYPTION_KEY": encryptionKey, "AUTH_PORT": port, "AUTH_SERVER_URL": w.url, "AUTH_CLIENT_URL": appURL,
		"HASURA_GRAPHQL_JWT_SECRET":       `{"type":"HS256","key":"` + jwtKey + `"}`,
		"AUTH_ANONYMOUS_USERS_ENABLED":    "true",
		"AUTH_EMAIL_PASSWORDLESS_ENABLED": "true", "AUTH_OTP_EMAIL_ENABLED": "true", "AUTH_MFA_ENABLED": "true", "AUTH_WEBAUTHN_ENABLED": "true",
		"AUTH_SMS_PASSWORDLESS_ENABLED": "true", "AUTH_SMS_PROVIDER": "modica", "AUTH_SMS_MODICA_USERNAME": "example", "AUTH_SMS_MODICA_PASSWORD": "secret",
		"AUTH_SMS_MODICA_API_URL":         w.gateway.url,
		"AUTH_USER_DEFAULT_ALLOWED_ROLES": "user,me,editor",
	}
	for _, row := range w.peer.all(`SELECT id FROM auth.providers`) { // those that the version knows
		w.providers[row[0]] = providers.Start(t, row[0])
		maps.Copy(w.env, w.providers[row[0]].Environment())
	}
	return w
}

// gateway takes messages to phones as Modica does.
type gateway struct {
	url string

	mu       sync.Mutex
	messages map[string]string // the newest, by number
}

func newGateway(t testing.TB) *gateway {
	g := &gateway{messages: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct{ Destination, Content string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.messages[message.Destination] = message.Content
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// code waits for a message to the number and returns the code in it.
func (g *gateway) code(t testing.TB, number string) (code string) {
	t.Helper()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, word := range strings.FieldsFunc(g.messages[number], func(c rune) bool { return c < '0' || c > '9' }) {
			if len(word) == 6 {
				code = word
			}
		}
		return code != ""
	}, waitLimit, waitStep)
	return code
}

// site is a running hexauth, as its clients see it.
type site struct {
	t     testing.TB
	world *world
	proc  *proc.Server
}

// start runs hexauth with the environment that was handed on, and more, pairs of names and values.
func (w *world) start(t testing.TB, more ...string) *site {
	t.Helper()
	env := maps.Clone(w.env)
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return &site{t: t, world: w, proc: proc.Start(t, env)}
}

// in is the site for a part of the test.
func (s *site) in(t testing.TB) *site { return &site{t: t, world: s.world, proc: s.proc} }

type object = map[string]any

// answer is a response that was read to its end.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 40 * time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

func (s *site) send(method, path string, header http.Header, body string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.proc.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header = header
	res, err := client.Do(req)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return answer{t: s.t, status: res.StatusCode, header: res.Header, body: string(text)}
}

func (s *site) post(path, bearer string, body any) answer {
	s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(s.t, err)
	header := http.Header{"Content-Type": {"application/json"}}
	if bearer != "" {
		header.Set("Authorization", "Bearer "+bearer)
	}
	return s.send(http.MethodPost, path, header, string(text))
}

func (s *site) get(path, bearer string) answer {
	s.t.Helper()
	header := http.Header{}
	if bearer != "" {
		header.Set("Authorization", "Bearer "+bearer)
	}
	return s.send(http.MethodGet, path, header, "")
}

// ok demands a 200.
func (a answer) ok() answer {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.status, a.body)
	return a
}

// refused demands an error by its code.
func (a answer) refused(status int, code string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	require.Equal(a.t, code, a.fields()["error"], a.body)
}

func (a answer) fields() (o object) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal([]byte(a.body), &o), a.body)
	return o
}

// user is the user of a session.
type user struct {
	ID                  string          `json:"id"`
	Email               string          `json:"email"`
	EmailVerified       bool            `json:"emailVerified"`
	PhoneNumber         string          `json:"phoneNumber"`
	PhoneNumberVerified bool            `json:"phoneNumberVerified"`
	DisplayName         string          `json:"displayName"`
	AvatarURL           string          `json:"avatarUrl"`
	Locale              string          `json:"locale"`
	IsAnonymous         bool            `json:"isAnonymous"`
	DefaultRole         string          `json:"defaultRole"`
	Roles               []string        `json:"roles"`
	Metadata            json.RawMessage `json:"metadata"`
	ActiveMFAType       string          `json:"activeMfaType"`
}

// session is what a client keeps.
type session struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ID           string `json:"refreshTokenId"`
	User         user   `json:"user"`
}

// session reads the session of a 200, be it the body or its member "session".
func (a answer) session() session {
	a.t.Helper()
	var body struct {
		session
		Session *session `json:"session"`
	}
	require.NoError(a.t, json.Unmarshal([]byte(a.ok().body), &body), a.body)
	if body.Session != nil {
		body.session = *body.Session
	}
	require.NotEmpty(a.t, body.RefreshToken, a.body)
	require.NotEmpty(a.t, body.AccessToken, a.body)
	return body.session
}

func (s *site) signIn(email string) answer {
	s.t.Helper()
	return s.post("/signin/email-password", "", object{"email": email, "password": password})
}

func (s *site) refresh(token string) answer {
	s.t.Helper()
	return s.post("/token", "", object{"refreshToken": token})
}

// linkTypes are what links say in other words.
var linkTypes = map[string]string{
	"verifyEmail": "emailVerify", "passwordlessEmail": "signinPasswordless", "emailConfirmChange": "emailConfirmChange", "passwordReset": "passwordReset",
}

// opens follows a mailed link, demands that it leads to the app, and returns what it brings along.
func (s *site) opens(ticket string) url.Values {
	s.t.Helper()
	purpose, _, _ := strings.Cut(ticket, ":")
	return s.arrives(s.get("/verify?"+url.Values{"redirectTo": {appURL}, "ticket": {ticket}, "type": {linkTypes[purpose]}}.Encode(), ""))
}

// arrives demands that an answer leads to the app, and returns what it brings along.
func (s *site) arrives(a answer) url.Values {
	s.t.Helper()
	require.Equal(s.t, http.StatusFound, a.status, a.body)
	target, err := url.Parse(a.header.Get("Location"))
	require.NoError(s.t, err)
	require.Equal(s.t, appURL, target.Scheme+"://"+target.Host)
	return target.Query()
}

// brings demands that what was brought along opens a session.
func (s *site) brings(query url.Values) session {
	s.t.Helper()
	require.NotEmpty(s.t, query.Get("refreshToken"), query)
	return s.refresh(query.Get("refreshToken")).session()
}

// through signs in at a provider as somebody, and returns what the browser brings along to the app. wishes go into the query.
func (s *site) through(provider string, person providers.Person, wishes url.Values) url.Values {
	s.t.Helper()
	p := s.world.providers[provider]
	p.SignsIn(person)
	query := url.Values{"redirectTo": {appURL}}
	maps.Copy(query, wishes)
	away := s.get("/signin/provider/"+provider+"?"+query.Encode(), "")
	require.Equal(s.t, http.StatusFound, away.status, away.body)
	callback := p.Consent(s.t, away.header.Get("Location"))
	cookie, _, _ := strings.Cut(away.header.Get("Set-Cookie"), ";")
	header := http.Header{"Cookie": {cookie}}
	path, body := strings.TrimPrefix(callback.URL, s.world.url), ""
	if callback.Method == http.MethodGet {
		path += "?" + callback.Values.Encode()
	} else {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		body = callback.Values.Encode()
	}
	return s.arrives(s.send(callback.Method, path, header, body))
}

// withKey signs in with a passkey.
func (s *site) withKey(key *authenticator.Key) session {
	s.t.Helper()
	return s.withKeyOf("", key)
}

// withKeyOf signs in with a key of the user who has the address.
func (s *site) withKeyOf(email string, key *authenticator.Key) session {
	s.t.Helper()
	who := object{}
	if email != "" {
		who["email"] = email
	}
	options := s.post("/signin/webauthn", "", who).ok()
	return s.post("/signin/webauthn/verify", "", object{"credential": json.RawMessage(key.Get([]byte(options.body)))}).session()
}

// appCode is what an authenticator app shows now (RFC 6238: SHA-1, six digits, thirty seconds).
func appCode(t testing.TB, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, time.Now().Unix()/30))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[from:])&0x7fffffff)%1_000_000)
}

// compact is JSON without blanks.
func compact(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, text))
	return b.String()
}
