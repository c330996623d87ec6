package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// CheckElevation tells whether an access token is good enough for an operation: some operations can ask for one of a session whose
// user has, shortly before, proven once more who they are.
type CheckElevation struct {
	Store  port.Store
	Policy domain.ElevationPolicy
}

// Do returns ElevatedClaimRequired when it is not, and Unauthorized when its session has ended and the operation is sensitive or asks for
// an open one.
func (uc *CheckElevation) Do(ctx context.Context, bearer domain.Claims, op domain.ElevationDemand) error {
	return elevated(ctx, uc.Store, uc.Policy, bearer, op)
}
