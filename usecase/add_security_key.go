package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AddSecurityKey begins the registration of another security key.
type AddSecurityKey struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
}

// Do returns the options for navigator.credentials.create; keys that the bearer has are excluded. Errors: InvalidRequest (there are
// domain.MaxSecurityKeys already), those of Ceremonies.actingOwner.
func (uc *AddSecurityKey) Do(ctx context.Context, bearer domain.UserID) ([]byte, error) {
	owner, err := uc.Ceremonies.actingOwner(ctx, uc.Policy, bearer)
	if err == nil {
		err = domain.RoomForKey(owner.Keys)
	}
	if err != nil {
		return nil, err
	}
	return uc.Ceremonies.register(ctx, domain.Ceremony{Purpose: domain.CeremonyAdd}, owner, false)
}
