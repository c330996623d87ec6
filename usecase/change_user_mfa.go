package usecase

import (
	"cmp"
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ChangeUserMFA makes a TOTP secret for a user. It asks nobody for codes before VerifyChangeUserMFA has seen the first one.
type ChangeUserMFA struct {
	Store   port.Store
	TOTP    port.TOTP
	Policy  domain.SignInPolicy
	Enabled bool
}

// Do returns the secret, in base32, and a picture (PNG) of its QR code. An earlier secret that was not confirmed is forgotten; one in
// use is never touched: TOTPAlreadyActive. Errors besides: DisabledEndpoint, those of domain.SignInPolicy.MayAct.
func (uc *ChangeUserMFA) Do(ctx context.Context, bearer domain.UserID) (secret string, picture []byte, err error) {
	if !uc.Enabled {
		return "", nil, domain.DisabledEndpoint
	}
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, bearer)
	if err != nil {
		return "", nil, err
	}
	if user.ActiveMFA != domain.NoMFA {
		return "", nil, domain.TOTPAlreadyActive
	}
	secret, picture, err = uc.TOTP.Generate(cmp.Or(string(user.Email), user.PhoneNumber, user.DisplayName, string(user.ID)))
	if err != nil {
		return "", nil, err
	}
	err = uc.Store.MFASecrets().SetTOTPSecret(ctx, user.ID, secret)
	if errors.Is(err, port.ErrTaken) {
		return "", nil, domain.TOTPAlreadyActive
	}
	return secret, picture, err
}
