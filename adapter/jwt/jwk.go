package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/hexauth/hexauth/domain"
)

// Thumbprint returns the RFC 7638 thumbprint of a public key: base64url of a SHA-256. It is the kid of keys that were given none.
func Thumbprint(public crypto.PublicKey) (string, error) {
	jwk, err := newJWK(public)
	if err != nil {
		return "", err
	}
	return thumbprint(jwk), nil
}

// newJWK returns the key's type and numbers; its id and algorithm are left to the caller.
func newJWK(public crypto.PublicKey) (domain.JWK, error) {
	encode := base64.RawURLEncoding.EncodeToString
	switch key := public.(type) {
	case *rsa.PublicKey: // RFC 7518 §6.3.1: without leading zeros
		return domain.JWK{KeyType: "RSA", N: encode(key.N.Bytes()), E: encode(big.NewInt(int64(key.E)).Bytes())}, nil
	case *ecdsa.PublicKey: // RFC 7518 §6.2.1: both coordinates in the full length of the field
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			return domain.JWK{}, err
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		return domain.JWK{KeyType: "EC", Curve: key.Params().Name, X: encode(x), Y: encode(y)}, nil
	case ed25519.PublicKey: // RFC 8037 §2
		return domain.JWK{KeyType: "OKP", Curve: "Ed25519", X: encode(key)}, nil
	default:
		return domain.JWK{}, fmt.Errorf("a key of type %T has no JWK here", public)
	}
}

// thumbprint hashes the required members in lexicographic order (RFC 7638 §3.2; RFC 8037 §2 for OKP). Their values need no
// escaping.
func thumbprint(k domain.JWK) string {
	var text string
	switch k.KeyType {
	case "RSA":
		text = fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, k.E, k.N)
	case "EC":
		text = fmt.Sprintf(`{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, k.Curve, k.X, k.Y)
	default:
		text = fmt.Sprintf(`{"crv":"%s","kty":"OKP","x":"%s"}`, k.Curve, k.X)
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
