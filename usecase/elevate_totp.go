package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ElevateTOTP gives a signed-in user an elevated session for a code.
type ElevateTOTP struct {
	Store    port.Store
	Factor   SecondFactor
	Sessions Sessions
	Policy   domain.SignInPolicy
}

// Do returns a new session, beside the one that the bearer has, whose access token is elevated. Errors: those of
// domain.SignInPolicy.MayAct, DisabledMFATOTP, NoTOTPSecret, TooManyRequests, InvalidTOTP.
func (uc *ElevateTOTP) Do(ctx context.Context, bearer domain.UserID, code string) (session Session, err error) {
	defer func() { uc.Sessions.Audit.elevated(ctx, bearer, domain.MethodTOTP, session, err) }()
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return Session{}, err
	}
	if user.ActiveMFA != domain.TOTPMFA {
		return Session{}, domain.DisabledMFATOTP
	}
	proof, err := uc.Factor.check(ctx, user.ID, code)
	if err != nil {
		return Session{}, err
	}
	var o opened
	err = uc.Sessions.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if err := proof.use(ctx, repos); err != nil {
			return err
		}
		o, err = uc.Sessions.start(ctx, repos.Sessions(), user, uc.Sessions.newID())
		return err
	})
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidEmailPassword // the account was disabled or removed in the meantime
	}
	if err != nil {
		return Session{}, err
	}
	o.elevated = true
	return uc.Sessions.issue(ctx, o)
}
