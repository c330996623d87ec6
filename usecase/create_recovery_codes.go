package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// CreateRecoveryCodes gives a user codes for the day when the authenticator app is lost.
type CreateRecoveryCodes struct {
	Store  port.Store
	Random port.Random
	Factor SecondFactor
	Policy domain.SignInPolicy
}

// CreateRecoveryCodesInput is who wants codes, and the proof that it is them: a code, or an elevated access token.
type CreateRecoveryCodesInput struct {
	Bearer domain.Claims
	Code   string
}

// Do returns new codes, which are shown once; earlier ones stop working. Errors: those of domain.SignInPolicy.MayAct, DisabledMFATOTP,
// ElevatedClaimRequired (neither proof is there), NoTOTPSecret, TooManyRequests, InvalidTOTP.
func (uc *CreateRecoveryCodes) Do(ctx context.Context, in CreateRecoveryCodesInput) (_ []domain.RecoveryCode, err error) {
	defer func() { uc.Factor.Audit.wrongCode(ctx, in.Bearer.Subject, err) }()
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, in.Bearer.Subject)
	switch {
	case err != nil:
		return nil, err
	case user.ActiveMFA != domain.TOTPMFA:
		return nil, domain.DisabledMFATOTP
	case in.Code == "" && !in.Bearer.Elevated:
		return nil, domain.ElevatedClaimRequired
	}
	var given *proof
	if in.Code != "" {
		checked, err := uc.Factor.check(ctx, user.ID, in.Code)
		if err != nil {
			return nil, err
		}
		given = &checked
	}
	codes, hashes := make([]domain.RecoveryCode, domain.RecoveryCodeCount), make([]string, domain.RecoveryCodeCount)
	for i := range codes {
		codes[i] = domain.NewRecoveryCode(uc.Random.Nonce())
		hashes[i] = uc.Factor.Key.Hash(user.ID, codes[i])
	}
	err = uc.Factor.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if given != nil {
			if err := given.use(ctx, repos); err != nil {
				return err
			}
		}
		repos.note(ctx, domain.Event{Kind: domain.RecoveryCodesCreated, UserID: user.ID})
		return repos.MFASecrets().ReplaceRecoveryCodes(ctx, user.ID, hashes)
	})
	if errors.Is(err, port.ErrNotFound) {
		return nil, domain.DisabledMFATOTP // the account was removed in the meantime
	}
	if err != nil {
		return nil, err
	}
	return codes, nil
}
