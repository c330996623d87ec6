package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

// JWTSecret is HASURA_GRAPHQL_JWT_SECRET, parsed. Printing or marshalling it reveals nothing.
type JWTSecret struct {
	Algorithm       string // JWS name (RFC 7518 §3.1, RFC 8037 §3.1); EdDSA where the variable says Ed25519
	KeyID           string // kid of header and JWKS; "" for none
	Issuer          string // "" where the variable names none; see Config.Issuer
	ClaimsNamespace string // never ""

	HMAC    []byte           // HS*: the key; nil otherwise
	Private crypto.Signer    // *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey; nil for HS*
	Public  crypto.PublicKey // belongs to Private; nil for HS*
}

// Format keeps the keys out of anything printed with the fmt package, whatever the verb.
func (s JWTSecret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("config.JWTSecret(hidden)")) }

// MarshalJSON keeps the keys out of JSON, structured logs included.
func (s JWTSecret) MarshalJSON() ([]byte, error) { return []byte(`"config.JWTSecret(hidden)"`), nil }

// minHMACBytes is the shortest HMAC key production accepts: the hash length of HS256 (RFC 7518 §3.2).
const minHMACBytes = 32

// minRSABits is the shortest RSA modulus production accepts (RFC 7518 §3.3).
const minRSABits = 2048

// checkJWTSecret looks at the strength of the key, and at variables that lose their meaning beside it.
func (l *loader) checkJWTSecret() {
	const name = "HASURA_GRAPHQL_JWT_SECRET"
	secret := l.cfg.JWTSecret
	if secret == nil || l.hasProblem(name) {
		return
	}
	if l.isSet("AUTH_SIGNING_ALGORITHM") {
		l.warn("AUTH_SIGNING_ALGORITHM", "has no effect because "+name+" is set")
	}
	if public, ok := secret.Public.(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
		l.unsafe(name, fmt.Sprintf("the RSA key must have at least %d bits", minRSABits))
	}
	if secret.HMAC == nil {
		return
	}
	hash := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[secret.Algorithm]
	switch size := len(secret.HMAC); {
	case size < minHMACBytes:
		l.unsafe(name, fmt.Sprintf("key must have at least %d bytes, best chosen at random, for example by \"openssl rand -hex 32\"", minHMACBytes))
	case size < hash:
		l.warn(name, fmt.Sprintf("key should have at least %d bytes for %s", hash, secret.Algorithm))
	}
}

// secretMembers holds the members that mean something here; Hasura's others are ignored.
type secretMembers struct {
	Type            string
	Key             string
	SigningKey      string
	KeyID           string
	Issuer          string
	ClaimsNamespace string
	ClaimsFormat    string
	JWKURL          string
}

// parseJWTSecret reads the variable. Its error is of type mistakes and repeats no part of the text.
func parseJWTSecret(text string) (JWTSecret, error) {
	in, found := decodeJWTSecret(text)
	if found != nil {
		return JWTSecret{}, found
	}
	secret := JWTSecret{Algorithm: in.Type, KeyID: in.KeyID, Issuer: in.Issuer, ClaimsNamespace: firstOf(in.ClaimsNamespace, DefaultClaimsNamespace)}
	if in.Type == "Ed25519" {
		secret.Algorithm = "EdDSA"
	}
	if in.ClaimsFormat != "" && in.ClaimsFormat != "json" {
		found = append(found, `claims_format must be "json" or left out: claims are written as a JSON object, not as a string`)
	}
	symmetric := slices.Contains([]string{"HS256", "HS384", "HS512"}, secret.Algorithm)
	asymmetric := slices.Contains([]string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}, secret.Algorithm)
	switch {
	case in.Key == "" && in.SigningKey == "" && in.JWKURL != "":
		found = append(found, "jwk_url alone is not enough: this server signs tokens, so it needs the key itself (type, key, and signing_key where the type is not HS*)")
	case !symmetric && !asymmetric:
		found = append(found, "type must be one of HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, EdDSA, Ed25519")
	case symmetric:
		secret.HMAC = []byte(in.Key)
		found = append(found, hmacMistakes(in)...)
	default:
		found = append(found, secret.readKeys(in)...)
	}
	if found != nil {
		return JWTSecret{}, found
	}
	return secret, nil
}

func decodeJWTSecret(text string) (secretMembers, mistakes) {
	const wanted = `must be a JSON object such as {"type":"HS256","key":"at least 32 random characters"}`
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil || members == nil {
		return secretMembers{}, mistakes{wanted}
	}
	var in secretMembers
	var found mistakes
	for name, target := range map[string]*string{
		"type": &in.Type, "key": &in.Key, "signing_key": &in.SigningKey, "kid": &in.KeyID, "issuer": &in.Issuer,
		"claims_namespace": &in.ClaimsNamespace, "claims_format": &in.ClaimsFormat, "jwk_url": &in.JWKURL,
	} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, target) != nil {
			found = append(found, name+" must be a string")
		}
	}
	slices.Sort(found)
	return in, found
}

func hmacMistakes(in secretMembers) mistakes {
	switch {
	case in.Key == "":
		return mistakes{"key is required: at least 32 random characters"}
	case strings.Contains(in.Key, "-----BEGIN "):
		return mistakes{"key must be a random string for HS*, and not a PEM key: give the RS*, ES* or EdDSA type the key was made for"}
	case in.SigningKey != "":
		return mistakes{"signing_key belongs to RS*, ES* and EdDSA only: remove it or change type"}
	}
	return nil
}

// readKeys reads both halves of the key pair and checks that they fit each other and the algorithm.
func (s *JWTSecret) readKeys(in secretMembers) mistakes {
	var found mistakes
	var message string
	if s.Public, message = publicKey(in.Key); message == "" {
		message = s.fits(s.Public)
	}
	if message != "" {
		found = append(found, "key "+message)
	}
	if s.Private, message = privateKey(in.SigningKey); message == "" {
		message = s.fits(s.Private.Public())
	}
	if message != "" {
		found = append(found, "signing_key "+message)
	}
	if found != nil {
		return found
	}
	if !s.Public.(interface{ Equal(crypto.PublicKey) bool }).Equal(s.Private.Public()) {
		return mistakes{"key and signing_key do not belong together: key must be the public half of signing_key"}
	}
	return nil
}

// fits says what is wrong with a public key for the algorithm, or "". RSA keys below 1024 bits cannot sign at all.
func (s *JWTSecret) fits(key crypto.PublicKey) string {
	curves := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
	switch key := key.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(s.Algorithm, "RS") {
			if key.N.BitLen() < 1024 {
				return fmt.Sprintf("must be an RSA key of at least %d bits", minRSABits)
			}
			return ""
		}
	case *ecdsa.PublicKey:
		if curves[s.Algorithm] == key.Curve.Params().Name {
			return ""
		}
	case ed25519.PublicKey:
		if s.Algorithm == "EdDSA" {
			return ""
		}
	}
	if curve := curves[s.Algorithm]; curve != "" {
		return "must be a key on the curve " + curve + " for " + s.Algorithm
	}
	if s.Algorithm == "EdDSA" {
		return "must be an Ed25519 key for EdDSA"
	}
	return "must be an RSA key for " + s.Algorithm
}

// publicKey reads a public key in PEM: PKIX, PKCS#1 or a certificate.
func publicKey(text string) (key crypto.PublicKey, message string) {
	const wanted = "must be the public key in PEM, starting with -----BEGIN PUBLIC KEY-----"
	if text == "" {
		return nil, "is required: " + wanted
	}
	for block := range pemBlocks(text) {
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			key, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			key, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var certificate *x509.Certificate
			if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
				key = certificate.PublicKey
			}
		default:
			continue
		}
		if err != nil {
			return nil, "is damaged: " + wanted
		}
		return key, ""
	}
	return nil, wanted
}

// privateKey reads a private key in PEM: PKCS#8, PKCS#1 or SEC 1. Blocks of other types are skipped, as OpenSSL writes
// curve parameters in front of an EC key.
func privateKey(text string) (key crypto.Signer, message string) {
	const wanted = "must be the private key in PEM, starting with -----BEGIN PRIVATE KEY-----"
	if text == "" {
		return nil, "is required because this server signs tokens: " + wanted
	}
	for block := range pemBlocks(text) {
		var parsed any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			parsed, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, "must not be protected by a passphrase"
		default:
			continue
		}
		if block.Headers["Proc-Type"] != "" {
			return nil, "must not be protected by a passphrase"
		}
		signer, ok := parsed.(crypto.Signer)
		if err != nil || !ok {
			return nil, "is damaged: " + wanted
		}
		return signer, ""
	}
	return nil, wanted
}

// pemBlocks yields the blocks of a PEM text, in which a line break may also be written as \n.
func pemBlocks(text string) func(yield func(*pem.Block) bool) {
	return func(yield func(*pem.Block) bool) {
		rest := []byte(strings.ReplaceAll(strings.ReplaceAll(text, `\r`, ""), `\n`, "\n"))
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil || !yield(block) {
				return
			}
		}
	}
}
