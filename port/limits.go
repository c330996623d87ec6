package port

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// RateLimiter counts requests.
type RateLimiter interface {
	// Take counts one request of a client in the buckets, in their order, and stops at the first that refuses it; those before
	// keep what they counted. It returns the usage that binds the client most (domain.Usage.Tighter). Each bucket is decided and counted in one step:
	// of any number of parallel calls exactly as many are admitted as the limit says. It is cheap enough for every request, and an
	// error means that nothing is known.
	Take(ctx context.Context, client string, buckets []domain.Bucket) (domain.Usage, error)
}
