package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifyChangeUserMFA switches TOTP on or off, which takes a code either way.
type VerifyChangeUserMFA struct {
	Store   port.Store
	Factor  SecondFactor
	Policy  domain.SignInPolicy
	Enabled bool // whether it may be switched on
}

// VerifyChangeUserMFAInput is what shall be, and the code that proves that the user has the secret.
type VerifyChangeUserMFAInput struct {
	Bearer domain.UserID
	Code   string
	Active bool
}

// Do switches. Switching off takes a recovery code as well, and is possible even where TOTP is not offered any more. Errors:
// DisabledEndpoint, those of domain.SignInPolicy.MayAct, TOTPAlreadyActive, DisabledMFATOTP (it is off already), NoTOTPSecret,
// TooManyRequests, InvalidTOTP.
func (uc *VerifyChangeUserMFA) Do(ctx context.Context, in VerifyChangeUserMFAInput) (err error) {
	defer func() { uc.Factor.Audit.wrongCode(ctx, in.Bearer, err) }()
	if in.Active && !uc.Enabled {
		return domain.DisabledEndpoint
	}
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, in.Bearer)
	switch {
	case err != nil:
		return err
	case in.Active && user.ActiveMFA != domain.NoMFA:
		return domain.TOTPAlreadyActive
	case !in.Active && user.ActiveMFA != domain.TOTPMFA:
		return domain.DisabledMFATOTP
	}
	proof, err := uc.Factor.check(ctx, user.ID, in.Code)
	if err != nil {
		return err
	}
	return uc.Factor.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if err := proof.use(ctx, repos); err != nil {
			return err
		}
		event := domain.Event{Kind: domain.TOTPEnabled, UserID: user.ID}
		if in.Active {
			err = repos.MFASecrets().ActivateTOTP(ctx, user.ID, proof.secret)
		} else {
			event.Kind = domain.TOTPDisabled
			err = repos.MFASecrets().DeactivateTOTP(ctx, user.ID)
		}
		if errors.Is(err, port.ErrNotFound) {
			return domain.InvalidTOTP // another request was faster
		}
		repos.note(ctx, event)
		return err
	})
}
