package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInWebauthn begins a sign-in with a security key.
type SignInWebauthn struct {
	Ceremonies Ceremonies
	Policy     domain.SignInPolicy
	Conceal    bool // tell nobody whether there is such an account
	Decoys     domain.DecoyKey
}

// Do returns the options for navigator.credentials.get: with the keys of the user who has the address or, without an address, for
// any passkey. Errors: DisabledEndpoint, InvalidEmailPassword (nobody has the address), InvalidRequest (the user has no key), those of
// domain.SignInPolicy.MayAct.
//
// Where errors are concealed, every address is answered alike and at the same cost: with keys that are made up where there are none.
// The state of the account is told at the end, to whoever has the key.
func (uc *SignInWebauthn) Do(ctx context.Context, email domain.Email) ([]byte, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return nil, err
	}
	if email == "" {
		return uc.Ceremonies.ask(ctx, domain.CeremonySignIn, nil, true)
	}
	owner, err := uc.owner(ctx, email)
	if err != nil {
		return nil, err
	}
	return uc.Ceremonies.ask(ctx, domain.CeremonySignIn, &owner, true)
}

func (uc *SignInWebauthn) owner(ctx context.Context, email domain.Email) (port.KeyOwner, error) {
	user, err := uc.Ceremonies.Store.Users().ByEmail(ctx, email)
	unknown := errors.Is(err, port.ErrNotFound)
	if err != nil && !unknown {
		return port.KeyOwner{}, err
	}
	if !uc.Conceal {
		if unknown {
			return port.KeyOwner{}, domain.InvalidEmailPassword
		}
		if err := uc.Policy.MayAct(user); err != nil {
			return port.KeyOwner{}, err
		}
		return uc.Ceremonies.owner(ctx, user)
	}
	id, key := uc.Decoys.For(email)
	if unknown {
		user = domain.User{ID: id}
	}
	owner, err := uc.Ceremonies.owner(ctx, user)
	if err == nil && len(owner.Keys) == 0 {
		owner = port.KeyOwner{ID: id, Keys: []domain.SecurityKey{key}}
	}
	return owner, err
}
