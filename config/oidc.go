package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// OIDCProvider is one entry of AUTH_OIDC_PROVIDERS. Printing or marshalling it reveals nothing.
type OIDCProvider struct {
	Name         string
	Issuer       string
	ClientID     string
	ClientSecret string     // "" for a public client
	Scopes       []string   // nil: the usual ones
	Claims       OIDCClaims // which claims tell what; "" for the standard ones
	Audiences    []string   // of id tokens that apps bring; nil: the client id
}

// OIDCClaims names claims.
type OIDCClaims struct{ Email, EmailVerified, Name, Picture string }

// OIDCProviders are the entries of AUTH_OIDC_PROVIDERS.
type OIDCProviders []OIDCProvider

// Format keeps secrets out of anything printed with the fmt package.
func (p OIDCProviders) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte("config.OIDCProviders(hidden)"))
}

// Format keeps secrets out of anything printed with the fmt package.
func (p OIDCProvider) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte("config.OIDCProvider(hidden)"))
}

// MarshalJSON keeps secrets out of JSON.
func (p OIDCProvider) MarshalJSON() ([]byte, error) {
	return []byte(`"config.OIDCProvider(hidden)"`), nil
}

const (
	oidcVariable = "AUTH_OIDC_PROVIDERS"
	oidcWanted   = `must be a JSON list such as [{"name":"corp","issuer":"https://id.example.com","clientId":"hexauth"}]`
)

var (
	oidcName    = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	oidcScope   = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`) // RFC 6749 §3.3
	oidcMembers = []string{"name", "issuer", "clientId", "clientSecret", "scopes", "claims", "audiences"}
)

// parseOIDCProviders reads the variable. Its error is of type mistakes and repeats no part of the text.
func parseOIDCProviders(text string) (OIDCProviders, error) {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		return nil, mistakes{oidcWanted}
	}
	var list OIDCProviders
	var found mistakes
	for i, entry := range entries {
		at := fmt.Sprintf("entry %d: ", i+1)
		provider, problems := readOIDCProvider(entry)
		if slices.ContainsFunc(list, func(earlier OIDCProvider) bool { return earlier.Name == provider.Name }) {
			problems = append(problems, "name is that of an earlier entry")
		}
		for _, problem := range problems {
			found = append(found, at+problem)
		}
		list = append(list, provider)
	}
	if found != nil {
		return nil, found
	}
	return list, nil
}

func readOIDCProvider(entry map[string]json.RawMessage) (p OIDCProvider, found mistakes) {
	for name := range entry {
		if !slices.Contains(oidcMembers, name) {
			found = append(found, "has a member that is none of "+strings.Join(oidcMembers, ", "))
			break
		}
	}
	for _, member := range []struct {
		name, kind string
		into       any
	}{
		{"name", "a string", &p.Name}, {"issuer", "a string", &p.Issuer}, {"clientId", "a string", &p.ClientID}, {"clientSecret", "a string", &p.ClientSecret},
		{"scopes", "a list of strings", &p.Scopes}, {"audiences", "a list of strings", &p.Audiences},
		{"claims", "an object that names the claims email, emailVerified, name and picture", &p.Claims},
	} {
		if raw, ok := entry[member.name]; ok && !strictly(raw, member.into) {
			found = append(found, member.name+" must be "+member.kind)
		}
	}
	if found != nil {
		return p, found
	}
	return p, p.mistakes()
}

// strictly decodes a member that may have no members of its own but those that are read.
func strictly(raw json.RawMessage, into any) bool {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into) == nil
}

// mistakes says what is wrong with an entry whose members have the right types.
func (p OIDCProvider) mistakes() (found mistakes) {
	issuer, err := url.Parse(p.Issuer)
	switch {
	case !oidcName.MatchString(p.Name):
		found = append(found, "name must have 1 to 64 small letters, digits, - and _, and begin with a letter or digit")
	case domain.NamedProvider(p.Name):
		found = append(found, "name is that of a provider hexauth knows by itself: choose another one")
	}
	if err != nil || issuer.Scheme != "https" && issuer.Scheme != "http" || issuer.Hostname() == "" || issuer.User != nil ||
		strings.ContainsAny(p.Issuer, "?# \\") {
		found = append(found, "issuer must be an https URL without user, query and fragment, exactly as the issuer writes it")
	}
	if p.ClientID == "" {
		found = append(found, "clientId is required")
	}
	if p.Scopes != nil && !slices.Contains(p.Scopes, "openid") {
		found = append(found, "scopes must have openid among them")
	}
	if slices.ContainsFunc(p.Scopes, func(scope string) bool { return !oidcScope.MatchString(scope) }) {
		found = append(found, "scopes must be words without blanks and quotes")
	}
	if p.Audiences != nil && (len(p.Audiences) == 0 || slices.Contains(p.Audiences, "")) {
		found = append(found, "audiences must not be empty, nor have an empty member")
	}
	return found
}

// checkOIDC refuses issuers that show tokens to everybody on the way.
func (l *loader) checkOIDC() {
	for i, p := range l.cfg.OIDCProviders {
		if issuer, err := url.Parse(p.Issuer); err == nil && issuer.Scheme == "http" && !isLoopback(issuer.Hostname()) {
			l.unsafe(oidcVariable, fmt.Sprintf("entry %d: issuer: %s", i+1, plainHTTP))
		}
	}
}
