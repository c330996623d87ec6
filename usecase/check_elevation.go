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

// Do returns ElevatedClaimRequired when it is not. The database is asked only where the answer depends on the user's factors.
func (uc *CheckElevation) Do(ctx context.Context, bearer domain.Claims, op domain.ElevationDemand) error {
	demanded, undecided := uc.Policy.Demands(op)
	if bearer.Elevated || !demanded && !undecided {
		return nil
	}
	if undecided {
		factors, err := uc.Store.Users().SecondFactors(ctx, bearer.Subject)
		if err != nil {
			return err
		}
		demanded = uc.Policy.CanElevate(factors)
	}
	if demanded {
		return domain.ElevatedClaimRequired
	}
	return nil
}
