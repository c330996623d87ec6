package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// ErrDecrypt says that a text was encrypted with another key, or was damaged, or never was a ciphertext; AES-GCM can't tell
// these apart.
var ErrDecrypt = errors.New("was encrypted with another key or is damaged")

// Cipher encrypts and decrypts texts with one key. It is safe for concurrent use when its source of randomness is.
type Cipher struct {
	aead   cipher.AEAD
	random io.Reader
}

// New returns the cipher with a key of 16, 24 or 32 bytes (AES-128, -192 or -256). Nonces come from random, which must be
// cryptographically strong: a nonce used twice gives away both texts (NIST SP 800-38D §8).
func New(key []byte, random io.Reader) (*Cipher, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("the encryption key must have 16, 24 or 32 bytes: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Cipher{aead: aead, random: random}, nil
}

// Encrypt returns plain encrypted, in hex. Two calls never return the same text. It fails only when randomness does.
func (c *Cipher) Encrypt(plain string) (string, error) {
	nonce := make([]byte, c.aead.NonceSize(), c.aead.NonceSize()+len(plain)+c.aead.Overhead())
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return "", fmt.Errorf("drawing a nonce: %w", err)
	}
	return hex.EncodeToString(c.aead.Seal(nonce, nonce, []byte(plain), nil)), nil
}

// Decrypt returns what Encrypt was given. Any failure is ErrDecrypt.
func (c *Cipher) Decrypt(text string) (string, error) {
	sealed, err := hex.DecodeString(text)
	if err != nil || len(sealed) < c.aead.NonceSize() {
		return "", ErrDecrypt
	}
	nonce, ciphertext := sealed[:c.aead.NonceSize()], sealed[c.aead.NonceSize():]
	plain, err := c.aead.Open(nil, nonce, ciphertext, nil)
	if err != nil {
		return "", ErrDecrypt
	}
	return string(plain), nil
}

// DeriveKey returns a key for one purpose, made of master with HKDF-SHA-256 (RFC 5869) with purpose as its info and no salt.
// Keys of different purposes tell nothing about each other or about master.
func DeriveKey(master []byte, purpose string) [32]byte {
	key, err := hkdf.Key(sha256.New, master, nil, purpose, 32)
	if err != nil {
		panic("hkdf: " + err.Error()) // only for more than 255 × 32 bytes (RFC 5869 §2.3)
	}
	return [32]byte(key)
}
