package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// SignUpPasswordlessSMS creates an account and sends a code that signs in to a phone.
type SignUpPasswordlessSMS struct{ SMSSignIn }

// Do answers nil, and sends nothing, for a number that somebody has. Errors as SignInPasswordlessSMS's; a gateway's refusal is not
// among them, for it would tell that the number is new.
func (uc *SignUpPasswordlessSMS) Do(ctx context.Context, in SMSSignInInput) error {
	if uc.Enabled {
		if err := uc.SignUp.MaySignUp(); err != nil {
			return err
		}
	}
	r, err := uc.begin(ctx, in)
	switch {
	case err != nil:
		return err
	case r.user.Disabled:
		return domain.DisabledUser
	case r.user.ID != "":
		_ = uc.Random.UUID() // a new account would have drawn its id
		r.user = domain.User{}
	default:
		if r, err = uc.newcomer(ctx, r); err != nil {
			return err
		}
	}
	if err := uc.count(ctx, r); err != nil {
		return err
	}
	return uc.queue(ctx, r)
}
