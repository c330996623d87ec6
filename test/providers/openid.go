package providers

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"html"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// Apple's side of a client, and the issuer that Apple keeps whatever its address.
const (
	AppleTeamID = "TEAM123456"
	AppleKeyID  = "KEY1234567"
	AppleIssuer = "https://appleid.apple.com"

	firstSigningKey = "signing-1"
)

// ApplePrivateKey is the key of the client, in PEM.
func (p *Provider) ApplePrivateKey() string {
	der, _ := x509.MarshalPKCS8PrivateKey(p.secret) // a key of our own making
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// goodClientSecret checks Apple's client secret: a JWT signed by the client's key, for at most six months.
func (p *Provider) goodClientSecret(secret string) bool {
	claims := jwt.RegisteredClaims{}
	token, err := jwt.ParseWithClaims(secret, &claims, func(*jwt.Token) (any, error) { return &p.secret.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(p.Now), jwt.WithIssuer(AppleTeamID), jwt.WithSubject(ClientID),
		jwt.WithAudience(AppleIssuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	return err == nil && token.Header["kid"] == AppleKeyID && claims.ExpiresAt.Sub(claims.IssuedAt.Time) <= 180*24*time.Hour
}

// Claims are the claims of an id token for a person who asked with a nonce.
func (p *Provider) Claims(person Person, nonce string) jwt.MapClaims {
	now := p.Now()
	claims := jwt.MapClaims{
		"iss": p.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "sub": p.subject(person),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	switch p.Name {
	case "apple":
		claims["iss"] = AppleIssuer
		if person.Email != "" {
			claims["email"] = person.Email
		}
		if flag := person.Attested.flag(); flag != nil {
			claims["email_verified"] = flag
		}
	case "azuread":
		claims["sub"], claims["oid"] = "pairwise-subject", p.subject(person)
	}
	return claims
}

// subject is the id that the profile tells, too.
func (p *Provider) subject(person Person) string {
	if p.Name == "apple" {
		return cmp.Or(person.ID, "001234.a1b2c3d4e5f60718293a4b5c6d7e8f90.1234")
	}
	profile := p.dialect.profile(person).(object)
	for _, member := range []string{"oid", "sub", "id"} {
		if id, ok := profile[member].(string); ok {
			return id
		}
	}
	return ""
}

// Sign returns an id token with any claims, signed by this provider.
func (p *Provider) Sign(claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	key, kid := p.signingKey()
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		panic(err) // a key of our own making
	}
	return signed
}

// Rotate takes a new key for id tokens; the old one is no longer published.
func (p *Provider) Rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no entropy
	}
	p.keyMu.Lock()
	defer p.keyMu.Unlock()
	p.signing, p.signingID = key, "signing-"+rand.Text()
}

func (p *Provider) signingKey() (*rsa.PrivateKey, string) {
	p.keyMu.Lock()
	defer p.keyMu.Unlock()
	return p.signing, p.signingID
}

func (p *Provider) idToken(person Person, nonce string) string {
	return p.Sign(p.Claims(person, nonce))
}

// keys publishes the JWKS.
func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	key, kid := p.signingKey()
	if key == nil {
		http.Error(w, "no keys", http.StatusNotFound)
		return
	}
	encode := base64.RawURLEncoding.EncodeToString
	writeJSON(w, http.StatusOK, object{"keys": []object{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encode(key.N.Bytes()),
		"e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}})
}

// goodProof checks Facebook's appsecret_proof.
func (p *Provider) goodProof(proof, token string) bool {
	mac := hmac.New(sha256.New, []byte(ClientSecret))
	mac.Write([]byte(token))
	return proof == hex.EncodeToString(mac.Sum(nil))
}

var formPage = template.Must(template.New("form").Parse(`<!doctype html><title>Apple</title>
<form method="post" action="{{.Action}}">{{range $name, $value := .Values}}
<input type="hidden" name="{{$name}}" value="{{index $value 0}}">{{end}}
</form><script>document.forms[0].submit()</script>`))

// postForm answers as Apple does: a page that posts itself, with the name at the first consent only.
func (p *Provider) postForm(w http.ResponseWriter, g *grant, values url.Values) {
	values.Set("id_token", p.idToken(g.person, g.nonce))
	p.mu.Lock()
	p.counter++
	p.mu.Unlock()
	if g.person.Name != "" {
		first, last := half(g.person.Name)
		user, _ := json.Marshal(object{"name": object{"firstName": first, "lastName": last}, "email": g.person.Email})
		values.Set("user", string(user))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = formPage.Execute(w, map[string]any{"Action": g.redirectURI, "Values": values})
}

// readForm is the browser's reading of such a page.
func readForm(t testing.TB, page string) Callback {
	t.Helper()
	action := regexp.MustCompile(`<form method="post" action="([^"]*)">`).FindStringSubmatch(page)
	require.NotNil(t, action, page)
	values := url.Values{}
	for _, input := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		values.Set(input[1], html.UnescapeString(input[2]))
	}
	return Callback{Method: http.MethodPost, URL: strings.TrimSpace(html.UnescapeString(action[1])), Values: values}
}
