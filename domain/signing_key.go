package domain

import "time"

// SigningKey is a key for access tokens that lives in the database. Its private half is encrypted.
type SigningKey struct {
	Generation int    // 1, 2, 3 …: unique, so that two instances never create the same one
	ID         string // the JWT's kid: the RFC 7638 thumbprint of the public key
	Algorithm  string // a JWS algorithm: ES256, RS256, EdDSA …
	PrivateKey string // encrypted PKCS#8
	PublicKey  string // PKIX in PEM
	CreatedAt  time.Time
	ActivateAt time.Time // from then on it signs; it is published from the start
}

// SigningKeyState tells where in its life a key is.
type SigningKeyState string

// The states of a key, in the order in which it passes through them.
const (
	KeyUpcoming SigningKeyState = "upcoming" // published, not signing yet
	KeySigning  SigningKeyState = "signing"
	KeyRetiring SigningKeyState = "retiring" // published until no token can still need it
	KeyRetired  SigningKeyState = "retired"
)

// KeyState is one key's state at one moment.
type KeyState struct {
	Key       SigningKey
	State     SigningKeyState
	RetiredAt time.Time // zero while no successor is known
}

// KeyStates returns the state of each of keys (ordered by generation) at now. The newest key that is active signs. A key is
// kept for lifetime, the life of an access token and a margin, after its successor has taken over.
func KeyStates(keys []SigningKey, now time.Time, lifetime time.Duration) []KeyState {
	states := make([]KeyState, len(keys))
	var successor *SigningKey
	for i := len(keys) - 1; i >= 0; i-- {
		states[i] = KeyState{Key: keys[i], State: KeyRetiring}
		switch {
		case keys[i].ActivateAt.After(now):
			states[i].State = KeyUpcoming
			continue
		case successor == nil:
			states[i].State = KeySigning
		default:
			states[i].RetiredAt = successor.ActivateAt.Add(lifetime)
			if !states[i].RetiredAt.After(now) {
				states[i].State = KeyRetired
			}
		}
		successor = &keys[i]
	}
	return states
}

// JWK is a public key as JWKS documents write it (RFC 7517, RFC 7518 §6, RFC 8037 §2). Numbers are base64url without padding.
type JWK struct {
	KeyType   string // RSA, EC or OKP
	KeyID     string
	Algorithm string
	Curve     string // EC and OKP
	N, E      string // RSA
	X, Y      string // EC, and X of OKP
}
