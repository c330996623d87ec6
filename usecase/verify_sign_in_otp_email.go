package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifySignInOTPEmail signs in with a code that was mailed.
type VerifySignInOTPEmail struct {
	Store    port.Store
	Tickets  Tickets
	Sessions Sessions
	Policy   domain.SignInPolicy
}

// VerifySignInOTPEmailInput is a guess, or the code.
type VerifySignInOTPEmailInput struct {
	Email domain.Email
	OTP   domain.OTP
}

// Do returns a session, or the ticket for a second step, and notes that the address is its owner's. Every well-formed guess counts against the address, whether
// it has an account or not; when the budget is spent even the right code is InvalidTicket. Errors: InvalidTicket,
// InvalidEmailPassword, DisabledUser; these two leave the code as it is.
func (uc *VerifySignInOTPEmail) Do(ctx context.Context, in VerifySignInOTPEmailInput) (signedIn SignedIn, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodEmailCode)
	defer func() { try.ended(ctx, signedIn, err) }()
	if !in.OTP.WellFormed() {
		return SignedIn{}, domain.InvalidTicket
	}
	now := uc.Tickets.Clock.Now()
	subject := uc.Tickets.subject(in.Email)
	code, err := uc.Store.OTPs().Attempt(ctx, subject, now, now.Add(domain.OTPWindow))
	if err != nil {
		return SignedIn{}, ticketError(err)
	}
	try.user = code.UserID
	right := code.Hash != "" && code.ExpiresAt.After(now) && uc.Tickets.OTPKey.Matches(code.Hash, subject, in.OTP)
	var got admitted
	err = uc.Sessions.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) (err error) {
		user := code.UserID
		if right {
			err = repos.OTPs().Consume(ctx, subject, code.Hash)
		} else {
			user, err = repos.OTPs().ConsumeLegacy(ctx, in.Email, in.OTP, now)
		}
		if err != nil {
			return ticketError(err)
		}
		try.user = user
		got, err = uc.admit(ctx, repos, user, in.Email)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return uc.Sessions.finish(ctx, got)
}

func (uc *VerifySignInOTPEmail) admit(ctx context.Context, repos *change, id domain.UserID, email domain.Email) (admitted, error) {
	if err := claim(ctx, repos, uc.Policy, id, email); err != nil {
		return admitted{}, ticketError(err) // the account has another address by now
	}
	user, err := repos.Users().ByID(ctx, id)
	if err != nil {
		return admitted{}, ticketError(err)
	}
	if err := uc.Policy.MayAct(user); err != nil {
		return admitted{}, err
	}
	return uc.Sessions.admit(ctx, repos, user, domain.ByPossession, uc.Sessions.newID())
}
