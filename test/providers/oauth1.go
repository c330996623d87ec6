package providers

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 5849 §3.4.2
	"encoding/base64"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// percent is the encoding of RFC 5849 §3.6.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+0x100, 16)[1:]))
		}
	}
	return b.String()
}

// signed reads the header of a request and computes its signature anew (RFC 5849 §3.4). secretOf returns the secret that
// belongs to the token of the request.
func (p *Provider) signed(r *http.Request, secretOf func(token string) (string, bool)) (map[string]string, bool) {
	header, found := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	sent := map[string]string{}
	for _, part := range strings.Split(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		plain, err := url.PathUnescape(strings.Trim(value, `"`))
		if !ok || err != nil || !strings.HasPrefix(value, `"`) || !strings.HasSuffix(value, `"`) {
			return nil, false
		}
		sent[name] = plain
	}
	var pairs []string
	for name, value := range sent {
		if name != "oauth_signature" && name != "realm" {
			pairs = append(pairs, percent(name)+"="+percent(value))
		}
	}
	for _, values := range []url.Values{r.URL.Query(), r.PostForm} {
		for name, list := range values {
			for _, value := range list {
				pairs = append(pairs, percent(name)+"="+percent(value))
			}
		}
	}
	sort.Strings(pairs)
	base := r.Method + "&" + percent("http://"+r.Host+r.URL.Path) + "&" + percent(strings.Join(pairs, "&"))
	secret, known := secretOf(sent["oauth_token"])
	mac := hmac.New(sha1.New, []byte(percent(ClientSecret)+"&"+percent(secret)))
	mac.Write([]byte(base))
	seconds, err := strconv.ParseInt(sent["oauth_timestamp"], 10, 64)
	fresh := err == nil && p.Now().Sub(time.Unix(seconds, 0)).Abs() < 5*time.Minute
	return sent, found && known && fresh && sent["oauth_consumer_key"] == ClientID && sent["oauth_signature_method"] == "HMAC-SHA1" &&
		sent["oauth_version"] == "1.0" && p.firstUse(sent["oauth_nonce"]) &&
		sent["oauth_signature"] == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// firstUse refuses a nonce that was used before.
func (p *Provider) firstUse(nonce string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, used := p.codes["nonce "+nonce]
	p.codes["nonce "+nonce] = nil
	return nonce != "" && !used
}

func refuseOAuth1(w http.ResponseWriter) {
	writeJSON(w, http.StatusUnauthorized, object{"errors": []object{{"code": 32, "message": "Could not authenticate you."}}})
}

func writeForm(w http.ResponseWriter, values url.Values) {
	w.Header().Set("Content-Type", "text/html;charset=utf-8") // as Twitter labels it
	_, _ = w.Write([]byte(values.Encode()))
}

func (p *Provider) requestToken(w http.ResponseWriter, r *http.Request) {
	sent, ok := p.signed(r, func(token string) (string, bool) { return "", token == "" })
	callback, err := url.Parse(sent["oauth_callback"])
	if !ok || r.Method != http.MethodPost || err != nil || callback.Host == "" {
		refuseOAuth1(w)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	token, secret := p.draw("request"), p.draw("requestsecret")
	p.codes[token] = &grant{redirectURI: sent["oauth_callback"], token: token, secret: secret}
	writeForm(w, url.Values{"oauth_token": {token}, "oauth_token_secret": {secret}, "oauth_callback_confirmed": {"true"}})
}

func (p *Provider) authorizeOAuth1(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[r.URL.Query().Get("oauth_token")]
	if g == nil || g.verifier != "" || len(r.URL.Query()) != 1 {
		http.Error(w, "the request token is not good", http.StatusForbidden)
		return
	}
	g.person, g.verifier = p.person, p.draw("verifier")
	target, err := url.Parse(g.redirectURI)
	if err != nil {
		http.Error(w, "the callback is not good", http.StatusForbidden)
		return
	}
	q := target.Query()
	q.Set("oauth_token", g.token)
	q.Set("oauth_verifier", g.verifier)
	target.RawQuery = q.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

func (p *Provider) accessToken(w http.ResponseWriter, r *http.Request) {
	sent, ok := p.signed(r, func(token string) (string, bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if g := p.codes[token]; g != nil {
			return g.secret, true
		}
		return "", false
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[sent["oauth_token"]]
	p.codes[sent["oauth_token"]] = nil
	verifier := sent["oauth_verifier"]
	if verifier == "" {
		verifier = r.PostForm.Get("oauth_verifier")
	}
	if !ok || r.Method != http.MethodPost || g == nil || g.verifier == "" || g.verifier != verifier {
		refuseOAuth1(w)
		return
	}
	access, secret := p.draw("access"), p.draw("accesssecret")
	p.tokens[access], p.codes["access "+access] = g.person, &grant{secret: secret}
	writeForm(w, url.Values{"oauth_token": {access}, "oauth_token_secret": {secret}, "user_id": {"2244994945"}, "screen_name": {"jane"}})
}

func (p *Provider) profileOAuth1(w http.ResponseWriter, r *http.Request) {
	sent, ok := p.signed(r, func(token string) (string, bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if g := p.codes["access "+token]; g != nil {
			return g.secret, true
		}
		return "", false
	})
	p.mu.Lock()
	person := p.tokens[sent["oauth_token"]]
	p.mu.Unlock()
	if !ok || r.Method != http.MethodGet {
		refuseOAuth1(w)
		return
	}
	if r.URL.Query().Get("include_email") != "true" {
		person.Email = ""
	}
	writeJSON(w, http.StatusOK, twitterProfile(person))
}
