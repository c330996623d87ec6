package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	address    func(ctx context.Context) (string, error)
	algorithms []jose.SignatureAlgorithm
	published  kept[[]jose.JSONWebKey]
}

func newKeySet(client *http.Client, clock port.Clock, address func(context.Context) (string, error), algorithms []jose.SignatureAlgorithm) *keySet {
	s := &keySet{client: client, address: address, algorithms: algorithms}
	s.published = kept[[]jose.JSONWebKey]{clock: clock, fetch: s.fetch}
	return s
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
	keys, err := s.published.get(ctx, again)
	if err != nil {
		return nil, fmt.Errorf("%w: the issuer's keys can't be had: %w", domain.Unavailable, err)
	}
	return keys, nil
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
