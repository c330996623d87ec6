package rest_test

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

type guardedMFASecrets struct {
	port.MFASecrets
	before before
}

func (g guardedMFASecrets) SetTOTPSecret(ctx context.Context, user domain.UserID, secret string) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.SetTOTPSecret(ctx, user, secret) })
}

func (g guardedMFASecrets) Attempt(ctx context.Context, user domain.UserID, now, windowEndsAt time.Time) (string, error) {
	return yield(ctx, g.before, func() (string, error) { return g.MFASecrets.Attempt(ctx, user, now, windowEndsAt) })
}

func (g guardedMFASecrets) AcceptTOTP(ctx context.Context, user domain.UserID, step int64) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.AcceptTOTP(ctx, user, step) })
}

func (g guardedMFASecrets) ActivateTOTP(ctx context.Context, user domain.UserID, secret string) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.ActivateTOTP(ctx, user, secret) })
}

func (g guardedMFASecrets) DeactivateTOTP(ctx context.Context, user domain.UserID) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.DeactivateTOTP(ctx, user) })
}

func (g guardedMFASecrets) ReplaceRecoveryCodes(ctx context.Context, user domain.UserID, hashes []string) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.ReplaceRecoveryCodes(ctx, user, hashes) })
}

func (g guardedMFASecrets) ConsumeRecoveryCode(ctx context.Context, user domain.UserID, hash string) error {
	return g.before.do(ctx, func() error { return g.MFASecrets.ConsumeRecoveryCode(ctx, user, hash) })
}
