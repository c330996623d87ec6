package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

var _ port.KeyMaker = Maker{}

// DefaultAlgorithm is that of new keys: an ES256 signature costs a thirtieth of an RS256 one, and every verifier knows it.
const DefaultAlgorithm = "ES256"

// Cipher keeps private keys unreadable in the database; it is made of AUTH_ENCRYPTION_KEY.
type Cipher interface {
	Encrypt(plain string) (string, error)
	Decrypt(text string) (string, error)
}

// Maker makes key pairs whose private half is encrypted PKCS#8.
type Maker struct {
	Cipher Cipher
	Random io.Reader // cryptographically strong
}

// Make returns a new key pair for an asymmetric algorithm ("" means DefaultAlgorithm; RS* keys have 2048 bits), with its
// thumbprint as id and without generation or times.
func (m Maker) Make(algorithm string) (domain.SigningKey, error) {
	if algorithm == "" {
		algorithm = DefaultAlgorithm
	}
	private, err := m.generate(algorithm)
	if err != nil {
		return domain.SigningKey{}, err
	}
	id, err := Thumbprint(private.Public())
	if err != nil {
		return domain.SigningKey{}, err
	}
	public, err := publicPEM(private.Public())
	if err != nil {
		return domain.SigningKey{}, err
	}
	text, err := privatePEM(private)
	if err != nil {
		return domain.SigningKey{}, err
	}
	encrypted, err := m.Cipher.Encrypt(text)
	if err != nil {
		return domain.SigningKey{}, err
	}
	return domain.SigningKey{ID: id, Algorithm: algorithm, PrivateKey: encrypted, PublicKey: public}, nil
}

func (m Maker) generate(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), m.Random)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), m.Random)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), m.Random)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(m.Random)
		return private, err
	case "RS256", "RS384", "RS512":
		return rsa.GenerateKey(m.Random, minRSABits)
	default:
		return nil, fmt.Errorf("no key pairs for algorithm %q: must be ES256, ES384, ES512, EdDSA, RS256, RS384 or RS512", algorithm)
	}
}
