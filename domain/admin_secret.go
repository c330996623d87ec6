package domain

import (
	"crypto/sha256"
	"crypto/subtle"
)

// AdminSecret is what administrators of the API have in common. The zero value lets nobody in.
type AdminSecret struct {
	hash [sha256.Size]byte
	set  bool
}

// NewAdminSecret returns the secret; with "" there is none.
func NewAdminSecret(secret string) AdminSecret {
	return AdminSecret{hash: sha256.Sum256([]byte(secret)), set: secret != ""}
}

// Check answers DisabledEndpoint when there is no secret and InvalidAdminSecret for another one. It takes the same time whatever
// was presented: hashes are compared, byte for byte to the end.
func (s AdminSecret) Check(presented string) error {
	hash := sha256.Sum256([]byte(presented))
	switch equal := subtle.ConstantTimeCompare(hash[:], s.hash[:]) == 1; {
	case !s.set:
		return DisabledEndpoint
	case !equal || presented == "":
		return InvalidAdminSecret
	}
	return nil
}
