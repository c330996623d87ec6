package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	// keyPause is how long an issuer is left alone after it was asked for its keys: tokens that name keys which don't exist must not
	// make this server ask again and again.
	keyPause = 10 * time.Second
	// renewal is how often keys and addresses are asked for in the background.
	renewal = 30 * time.Minute
)

// Algorithms that sign id tokens. None of them works with a shared secret, and none is "none".
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// keySet is the keys behind one address. It implements oidc.KeySet.
type keySet struct {
	client     *http.Client
	clock      port.Clock
	address    func(ctx context.Context) (string, error)
	algorithms []jose.SignatureAlgorithm

	mu      sync.Mutex // held while the issuer is asked: who needs keys meanwhile waits for them
	keys    []jose.JSONWebKey
	asked   time.Time
	failure error // of the last attempt, nil after a good one
}

var errUnknownKey = errors.New("no key of the issuer has signed this token")

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, s.algorithms)
	if err != nil {
		return nil, errors.New("the token is malformed, or signed with an algorithm that is not allowed")
	}
	for _, mayAsk := range []bool{false, true} {
		keys, err := s.known(ctx, mayAsk)
		if err != nil {
			return nil, err
		}
		if payload, ok := verifyWith(keys, signed); ok {
			return payload, nil
		}
	}
	return nil, errUnknownKey
}

// verifyWith tries the keys that the token's header allows.
func verifyWith(keys []jose.JSONWebKey, signed *jose.JSONWebSignature) ([]byte, bool) {
	header := signed.Signatures[0].Header
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// known returns the keys at hand. It asks the issuer where there are none or, with again, where that was not done just now.
func (s *keySet) known(ctx context.Context, again bool) ([]jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rested := s.clock.Now().Sub(s.asked) >= keyPause; rested && (again || s.keys == nil) {
		s.ask(ctx)
	}
	if s.keys == nil {
		return nil, fmt.Errorf("%w: the issuer's keys can't be had: %w", domain.Unavailable, s.failure)
	}
	return s.keys, nil
}

// renew asks the issuer whatever is known.
func (s *keySet) renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask(ctx)
	return s.failure
}

// ask replaces the keys, or keeps them where that fails. The caller holds the lock.
func (s *keySet) ask(ctx context.Context) {
	keys, err := s.fetch(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		s.failure = ctx.Err() // one caller hung up; the next one tries at once
		return
	}
	s.asked, s.failure = s.clock.Now(), err
	if err == nil {
		s.keys = keys
	}
}

func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	address, err := s.address(ctx)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := getJSON(ctx, s.client, address, "", &set); err != nil {
		return nil, fmt.Errorf("the keys: %w", err)
	}
	var keys []jose.JSONWebKey
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		// A key of a kind that we don't know is no reason to do without the others (RFC 7517 §5).
		if key.UnmarshalJSON(text) == nil && key.IsPublic() && slices.Contains([]string{"", "sig"}, key.Use) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the keys: there is none that can verify a signature")
	}
	return keys, nil
}
