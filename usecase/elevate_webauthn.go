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

// Do returns the options for navigator.credentials.get with the bearer's keys. Errors: DisabledEndpoint, InvalidRequest (the user
// has no key), those of domain.SignInPolicy.MayAct, InvalidEmailPassword (the account is gone).
func (uc *ElevateWebauthn) Do(ctx context.Context, bearer domain.UserID) ([]byte, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return nil, err
	}
	user, err := actingUser(ctx, uc.Ceremonies.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return nil, err
	}
	owner, err := uc.Ceremonies.owner(ctx, user)
	if err != nil {
		return nil, err
	}
	return uc.Ceremonies.ask(ctx, domain.CeremonyElevate, &owner, false)
}
