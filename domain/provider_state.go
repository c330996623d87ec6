package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// ProviderStateLifetime is how long a user may take at the provider, second factor included.
const ProviderStateLifetime = 10 * time.Minute

// ProviderFlow is what somebody who goes to a provider wants.
type ProviderFlow string

// The flows.
const (
	ProviderSignIn  ProviderFlow = "signin"
	ProviderSignUp  ProviderFlow = "signup"
	ProviderConnect ProviderFlow = "connect" // link the identity to a user who is signed in
)

// ProviderState is the state parameter of OAuth (RFC 6749 §10.12): 32 random bytes in base64url that mean something to this
// server alone. It is no token of any other use.
type ProviderState string

// NewProviderState returns the state made of two times 16 random bytes.
func NewProviderState(a, b [16]byte) ProviderState {
	return ProviderState(base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...)))
}

// Hash returns what the store keeps of the state.
func (s ProviderState) Hash() string {
	sum := sha256.Sum256([]byte("provider state\x00" + string(s)))
	return hex.EncodeToString(sum[:])
}

// BrowserSecret is what a browser keeps in a cookie, so that only the browser that went to a provider can come back from it.
type BrowserSecret string

// NewBrowserSecret returns the secret made of two times 16 random bytes.
func NewBrowserSecret(a, b [16]byte) BrowserSecret {
	return BrowserSecret(base64.RawURLEncoding.EncodeToString(append(a[:], b[:]...)))
}

// WellFormed tells whether a text can be such a secret.
func (s BrowserSecret) WellFormed() bool {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	return err == nil && len(decoded) == 32
}

// Hash returns what is kept of the secret.
func (s BrowserSecret) Hash() string {
	sum := sha256.Sum256([]byte("browser\x00" + string(s)))
	return hex.EncodeToString(sum[:])
}

// ProviderStateRecord is a state as the store keeps it: where its owner went, and what is to happen on the way back.
type ProviderStateRecord struct {
	Hash          string
	Provider      string
	Flow          ProviderFlow
	Browser       string        // hash of the secret of the browser that began; "" when its cookie can't reach the callback
	ConnectUser   UserID        // whose account gets the identity, for ProviderConnect alone
	Session       SessionID     // that ConnectUser asked in, "" when unknown
	Options       SignUpOptions // of a new user; RedirectTo is always set
	AppState      string        // the app's own, comes back to it untouched
	HasAppState   bool
	CodeChallenge string // of the app (PKCE), "" without
	Secret        string // what the provider's adapter needs to finish
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// FromBrowser tells whether the browser that comes back is the one that left. Without its cookie a flow may go on only where
// something else binds it: an app that gave a challenge is the only one that can use the code it gets in the end (RFC 7636), so
// a stranger's answer is of no use in it. Linking needs the cookie wherever there can be one.
func (r ProviderStateRecord) FromBrowser(secret BrowserSecret) bool {
	switch {
	case r.Browser == "":
		return true
	case secret == "":
		return r.CodeChallenge != "" && r.Flow != ProviderConnect
	}
	return subtle.ConstantTimeCompare([]byte(r.Browser), []byte(secret.Hash())) == 1
}
