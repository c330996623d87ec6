package cost

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// DatabaseURL is the variable that names the database.
const DatabaseURL = "AUTH_DATABASE_URL"

// Environment is that of a server in production mode on a database, with a new encryption key and without an address to
// listen on.
func Environment(databaseURL string) map[string]string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, it would end the process
	return map[string]string{
		DatabaseURL:                                 databaseURL,
		"AUTH_SERVER_URL":                           "http://127.0.0.1:4000",
		"AUTH_CLIENT_URL":                           "https://app.example.com",
		"AUTH_ENCRYPTION_KEY":                       hex.EncodeToString(key),
		"AUTH_ANONYMOUS_USERS_ENABLED":              "true",
		"AUTH_ADMIN_SECRET":                         adminSecret,
		"AUTH_MFA_ENABLED":                          "true",
		"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED": "false",
	}
}

// StaticKey returns a HASURA_GRAPHQL_JWT_SECRET with a new ES256 key. A server that has it never looks for keys in the
// database.
func StaticKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("cost: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("cost: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", fmt.Errorf("cost: %w", err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	secret, err := json.Marshal(map[string]string{
		"type": "ES256", "kid": "cost", "key": text("PUBLIC KEY", public), "signing_key": text("PRIVATE KEY", private),
	})
	return string(secret), err
}
