package jwt

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

var (
	_ port.AccessTokens = (*Static)(nil)
	_ port.PublicKeys   = (*Static)(nil)
)

// Static signs and verifies with one key that never changes, that of HASURA_GRAPHQL_JWT_SECRET. It is immutable.
type Static struct {
	codec *codec
	key   *pair
}

// NewStatic returns the tokens of one key, or what is wrong with it. RS*, ES* and EdDSA tokens always carry a kid, the
// thumbprint when none is configured; HS* tokens only when one is configured.
func NewStatic(key Key, o Options) (*Static, error) {
	codec, err := newCodec(o)
	if err != nil {
		return nil, err
	}
	pair, err := prepare(key)
	if err != nil {
		return nil, err
	}
	return &Static{codec: codec, key: pair}, nil
}

// Sign returns the JWT for claims.
func (s *Static) Sign(_ context.Context, claims domain.Claims) (string, error) {
	return s.codec.sign(s.key, claims)
}

// Verify returns the claims of an access token, or domain.Unauthorized. A token without kid passes: it was issued before the
// key had one, by hasura-auth perhaps. One with another kid does not.
func (s *Static) Verify(_ context.Context, token string) (domain.Claims, error) {
	return s.codec.verify(token, func(kid string) (*pair, error) {
		if kid != "" && kid != s.key.id {
			return nil, errUnknownKey
		}
		return s.key, nil
	})
}

// JWKS returns the public key; none for HS*.
func (s *Static) JWKS(context.Context) ([]domain.JWK, time.Duration, error) {
	if isSymmetric(s.key.algorithm) {
		return []domain.JWK{}, JWKSMaxAge, nil
	}
	return []domain.JWK{s.key.jwk}, JWKSMaxAge, nil
}
