package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// GetJWKS returns the public keys of access tokens.
type GetJWKS struct {
	Keys port.PublicKeys
}

// Do returns the keys, none when tokens are signed with a shared secret, and for how long they may be cached.
func (uc *GetJWKS) Do(ctx context.Context) (keys []domain.JWK, maxAge time.Duration, err error) {
	return uc.Keys.JWKS(ctx)
}
