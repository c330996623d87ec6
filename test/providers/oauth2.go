package providers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize shows no page: the user agrees at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if mistake := p.authorizeMistake(q); mistake != "" || err != nil || redirect.Host == "" {
		http.Error(w, "this request can't be answered: "+mistake, http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	g := &grant{
		person: p.person, redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), scope: q.Get("scope"),
	}
	code := p.draw("code")
	p.codes[code] = g
	p.mu.Unlock()
	values := url.Values{"code": {code}, "state": {q.Get("state")}}
	if p.dialect.issuer {
		values.Set("iss", p.URL)
	}
	if q.Get("response_mode") == "form_post" {
		p.postForm(w, g, values)
		return
	}
	back := redirect.Query()
	for name, value := range values {
		back[name] = value
	}
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// authorizeMistake holds a request to what the provider wants of every client.
func (p *Provider) authorizeMistake(q url.Values) string {
	d := p.dialect
	wanted := url.Values{"client_id": {ClientID}, "response_type": {"code"}, "scope": {strings.Join(d.scopes, " ")}}
	if len(d.scopes) == 0 {
		wanted.Del("scope")
	}
	for name, value := range d.parameters {
		wanted[name] = value
	}
	if d.pkce {
		wanted["code_challenge_method"] = []string{"S256"}
	}
	for name := range wanted {
		if q.Get(name) != wanted.Get(name) || len(q[name]) != 1 {
			return name
		}
	}
	known := append([]string{"state", "redirect_uri"}, d.optional...)
	if d.pkce {
		known = append(known, "code_challenge")
		if digest, err := base64.RawURLEncoding.DecodeString(q.Get("code_challenge")); err != nil || len(digest) != sha256.Size {
			return "code_challenge"
		}
	}
	if d.nonce {
		known = append(known, "nonce")
		if len(q.Get("nonce")) < 22 {
			return "nonce"
		}
	}
	for name := range q {
		if wanted[name] == nil && !slices.Contains(known, name) {
			return name + " is unknown"
		}
	}
	if q.Get("state") == "" {
		return "state"
	}
	return ""
}

// token answers the grants authorization_code and refresh_token.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		p.refuse(w, http.StatusMethodNotAllowed, "invalid_request")
		return
	}
	if !p.authenticated(r) {
		p.refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		code := r.PostForm.Get("code")
		g := p.codes[code]
		p.codes[code] = nil // good once, whatever comes of it
		if g == nil || g.redirectURI != r.PostForm.Get("redirect_uri") || !g.proven(r.PostForm.Get("code_verifier")) {
			p.refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		p.answerToken(w, g.person, g)
	case "refresh_token":
		old := r.PostForm.Get("refresh_token")
		person, ok := p.refresh[old]
		if !ok || r.PostForm.Has("code") || r.PostForm.Has("redirect_uri") {
			p.refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		p.answerToken(w, person, nil)
	default:
		p.refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// proven checks the PKCE verifier (RFC 7636 §4.6). A verifier without a challenge is a mistake too.
func (g *grant) proven(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return g.challenge == "" && verifier == "" || g.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

// authenticated wants the credentials where this provider wants them, and nowhere else.
func (p *Provider) authenticated(r *http.Request) bool {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	user, password, inHeader := r.BasicAuth()
	if p.Name == "apple" {
		return !inHeader && id == ClientID && p.goodClientSecret(secret)
	}
	if p.dialect.basic {
		user, errUser := url.QueryUnescape(user) // RFC 6749 §2.3.1
		password, errPassword := url.QueryUnescape(password)
		return errUser == nil && errPassword == nil && user == ClientID && password == ClientSecret && id == "" && secret == ""
	}
	return !inHeader && id == ClientID && secret == ClientSecret
}

func (p *Provider) answerToken(w http.ResponseWriter, person Person, g *grant) {
	access := p.draw("access")
	p.tokens[access] = person
	answer := map[string]any{"access_token": access, "token_type": "Bearer"}
	if p.dialect.expires != nil {
		answer["expires_in"] = p.dialect.expires
	}
	if p.dialect.refreshes {
		refresh := p.draw("refresh")
		p.refresh[refresh] = person
		answer["refresh_token"] = refresh
	}
	if g != nil {
		answer["scope"] = g.scope
		if p.dialect.signs {
			answer["id_token"] = p.idToken(person, g.nonce)
		}
	}
	for name, value := range p.dialect.tokenExtra {
		answer[name] = value
	}
	if p.dialect.tokenProfile {
		answer["profile"] = p.dialect.profile(person)
	}
	writeJSON(w, http.StatusOK, answer)
}

// refuse answers as RFC 6749 §5.2 says, unless the provider has its own way.
func (p *Provider) refuse(w http.ResponseWriter, status int, code string) {
	switch p.Name {
	case "facebook":
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": "This authorization code has been used.", "type": "OAuthException", "code": 100}})
	case "github": // says so with a 200
		writeJSON(w, http.StatusOK, map[string]any{"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."})
	case "strava":
		writeJSON(w, status, map[string]any{"message": "Bad Request", "errors": []any{map[string]any{"resource": "AuthorizationCode", "field": "code", "code": "invalid"}}})
	case "twitch":
		writeJSON(w, status, map[string]any{"status": status, "message": "Invalid authorization code"})
	default:
		writeJSON(w, status, map[string]any{"error": code, "error_description": "described to developers"})
	}
}

// bearer returns the person whose access token a request carries.
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) (Person, bool) {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	person, ok := p.tokens[token]
	p.mu.Unlock()
	if !found || !ok || r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
		writeJSON(w, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
		return Person{}, false
	}
	for name, value := range p.dialect.headers {
		if r.Header.Get(name) != value {
			writeJSON(w, http.StatusBadRequest, map[string]any{"message": name + " is missing"})
			return Person{}, false
		}
	}
	if p.Name == "facebook" && !p.goodProof(r.URL.Query().Get("appsecret_proof"), token) {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": "Invalid appsecret_proof", "code": 100}})
		return Person{}, false
	}
	return person, true
}

func (p *Provider) profile(w http.ResponseWriter, r *http.Request) {
	if person, ok := p.bearer(w, r); ok {
		writeJSON(w, http.StatusOK, p.dialect.profile(person))
	}
}

func (p *Provider) emails(w http.ResponseWriter, r *http.Request) {
	if person, ok := p.bearer(w, r); ok && p.dialect.emails != nil {
		writeJSON(w, http.StatusOK, p.dialect.emails(person))
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
