package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/hexauth/hexauth/domain"
)

// minRSABits is the smallest RSA key (RFC 7518 §3.3).
const minRSABits = 2048

// Key is a key for access tokens.
type Key struct {
	ID        string // the kid; "" for the RFC 7638 thumbprint, or for none at all with HS*
	Algorithm string // one of Algorithms
	HMAC      []byte // HS*: the shared secret

	Private crypto.Signer    // *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey
	Public  crypto.PublicKey // nil, or what must belong to Private
}

// Algorithms returns the JWS algorithms with which access tokens can be signed (RFC 7518 §3.1, RFC 8037 §3.1).
func Algorithms() []string {
	return []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}
}

func isSymmetric(algorithm string) bool { return strings.HasPrefix(algorithm, "HS") }

// pair is a Key that was found usable, with everything derived from it. It is immutable.
type pair struct {
	id        string
	algorithm string
	method    gojwt.SigningMethod
	signer    any
	verifier  any
	jwk       domain.JWK // zero for HS*
	header    string     // of every token it signs, in base64url
}

// prepare checks a key and derives what signing and verifying need. Error texts hold nothing of the key.
func prepare(k Key) (*pair, error) {
	if !slices.Contains(Algorithms(), k.Algorithm) {
		return nil, fmt.Errorf("algorithm %q: must be one of %s", k.Algorithm, strings.Join(Algorithms(), ", "))
	}
	p := &pair{id: k.ID, algorithm: k.Algorithm, method: gojwt.GetSigningMethod(k.Algorithm)}
	if isSymmetric(k.Algorithm) {
		if len(k.HMAC) == 0 || k.Private != nil || k.Public != nil {
			return nil, fmt.Errorf("%s needs a shared secret and nothing else", k.Algorithm)
		}
		p.signer, p.verifier = slices.Clone(k.HMAC), slices.Clone(k.HMAC)
		return p, p.prepareHeader()
	}
	if err := checkPrivate(k); err != nil {
		return nil, err
	}
	p.signer, p.verifier = k.Private, k.Private.Public()
	jwk, err := newJWK(p.verifier)
	if err != nil {
		return nil, err
	}
	if p.id == "" {
		p.id = thumbprint(jwk)
	}
	jwk.KeyID, jwk.Algorithm = p.id, p.algorithm
	p.jwk = jwk
	return p, p.prepareHeader()
}

// prepareHeader writes the JOSE header: alg, the kid where there is one, and typ.
func (p *pair) prepareHeader() error {
	text, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid,omitempty"`
		Type      string `json:"typ"`
	}{p.algorithm, p.id, "JWT"})
	p.header = base64.RawURLEncoding.EncodeToString(text)
	return err
}

// checkPrivate tells whether the private key fits the algorithm and the public key.
func checkPrivate(k Key) error {
	var fits string
	switch private := k.Private.(type) {
	case nil:
		return fmt.Errorf("%s needs a private key", k.Algorithm)
	case *rsa.PrivateKey:
		if private.N.BitLen() < minRSABits {
			return fmt.Errorf("the RSA key has %d bits: must have %d at least", private.N.BitLen(), minRSABits)
		}
		fits = "RS256 RS384 RS512"
	case *ecdsa.PrivateKey:
		fits = map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[private.Params().BitSize]
	case ed25519.PrivateKey:
		fits = "EdDSA"
	}
	if !slices.Contains(strings.Fields(fits), k.Algorithm) {
		return fmt.Errorf("the private key is none for %s", k.Algorithm)
	}
	public, ok := k.Private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if k.Public != nil && (!ok || !public.Equal(k.Public)) {
		return errors.New("the public key and the private key do not belong together")
	}
	return nil
}
