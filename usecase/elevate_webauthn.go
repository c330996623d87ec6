package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// ElevateWebauthn begins an elevation: a user who is signed in proves once more, with a security key, who they are.
type ElevateWebauthn struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
}

// Do returns the options for navigator.credentials.get with the bearer's keys. Errors: InvalidRequest (the user has no key), those of
// Ceremonies.actingOwner.
func (uc *ElevateWebauthn) Do(ctx context.Context, bearer domain.UserID) ([]byte, error) {
	owner, err := uc.Ceremonies.actingOwner(ctx, uc.Policy, bearer)
	if err != nil {
		return nil, err
	}
	return uc.Ceremonies.ask(ctx, domain.CeremonyElevate, &owner, false)
}
