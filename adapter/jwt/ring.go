package jwt

import (
	"errors"
	"fmt"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// ErrEncryptionKey says that the private keys in the database can't be read.
var ErrEncryptionKey = errors.New("AUTH_ENCRYPTION_KEY is not the key with which the signing keys in the database were encrypted")

// ring is what was in the database at one moment, ready for use. It is immutable; what its keys are good for depends on the
// time and is asked each time.
type ring struct {
	keys  []domain.SigningKey // ordered by generation
	pairs map[string]*pair    // by kid
}

// newRing decrypts keys. The public keys are taken from the private ones, which nobody can put into the database without
// knowing AUTH_ENCRYPTION_KEY; those stored beside them are for people to look at.
func newRing(keys []domain.SigningKey, cipher Cipher) (*ring, error) {
	r := &ring{keys: keys, pairs: make(map[string]*pair, len(keys))}
	for _, key := range keys {
		text, err := cipher.Decrypt(key.PrivateKey)
		if err != nil {
			return nil, fmt.Errorf("signing key of generation %d: %w: %w", key.Generation, ErrEncryptionKey, err)
		}
		private, err := ParsePrivateKey(text)
		if err != nil {
			return nil, fmt.Errorf("signing key of generation %d: %w", key.Generation, err)
		}
		pair, err := prepare(Key{Algorithm: key.Algorithm, Private: private})
		if err != nil {
			return nil, fmt.Errorf("signing key of generation %d: %w", key.Generation, err)
		}
		if pair.id != key.ID {
			return nil, fmt.Errorf("signing key of generation %d: its id is not its thumbprint", key.Generation)
		}
		r.pairs[key.ID] = pair
	}
	return r, nil
}

// signing returns the key that signs at now. When all keys are yet to come, because another instance whose clock is ahead has
// just made the first, that is the first of them; nil when there are none.
func (r *ring) signing(now time.Time, lifetime time.Duration) *pair {
	for _, s := range domain.KeyStates(r.keys, now, lifetime) {
		if s.State == domain.KeySigning {
			return r.pairs[s.Key.ID]
		}
	}
	if len(r.keys) > 0 {
		return r.pairs[r.keys[0].ID]
	}
	return nil
}

// published returns the keys with which a good token may be signed now or soon, on any instance: all but the retired.
func (r *ring) published(now time.Time, lifetime time.Duration) []*pair {
	var pairs []*pair
	for _, s := range domain.KeyStates(r.keys, now, lifetime) {
		if s.State != domain.KeyRetired {
			pairs = append(pairs, r.pairs[s.Key.ID])
		}
	}
	return pairs
}

// find returns the published key with that kid, or nil.
func (r *ring) find(kid string, now time.Time, lifetime time.Duration) *pair {
	for _, p := range r.published(now, lifetime) {
		if p.id == kid {
			return p
		}
	}
	return nil
}
