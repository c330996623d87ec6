package jwt

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// What a text that is no key is told. The reasons of the parsers are left out: they may quote the key.
var (
	errPrivatePEM = errors.New("is not a private key in PEM (PKCS#8, PKCS#1 or SEC 1, not encrypted)")
	errPublicPEM  = errors.New("is not a public key in PEM (PKIX, PKCS#1 or a certificate)")
)

// ParsePrivateKey reads a private key in PEM: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915). Errors quote nothing
// of it.
func ParsePrivateKey(text string) (crypto.Signer, error) {
	for _, block := range blocks(text) {
		if key, err := x509.ParsePKCS8PrivateKey(block); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
		if key, err := x509.ParsePKCS1PrivateKey(block); err == nil {
			return key, nil
		}
		if key, err := x509.ParseECPrivateKey(block); err == nil {
			return key, nil
		}
	}
	return nil, errPrivatePEM
}

// ParsePublicKey reads a public key in PEM: PKIX (RFC 5280), PKCS#1 (RFC 8017) or a certificate.
func ParsePublicKey(text string) (crypto.PublicKey, error) {
	for _, block := range blocks(text) {
		if key, err := x509.ParsePKIXPublicKey(block); err == nil {
			return key, nil
		}
		if key, err := x509.ParsePKCS1PublicKey(block); err == nil {
			return key, nil
		}
		if certificate, err := x509.ParseCertificate(block); err == nil {
			return certificate.PublicKey, nil
		}
	}
	return nil, errPublicPEM
}

// blocks returns the contents of all PEM blocks: tools write EC parameters before the key.
func blocks(text string) [][]byte {
	var found [][]byte
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		found = append(found, block.Bytes)
	}
	return found
}

func privatePEM(key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

func publicPEM(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}
