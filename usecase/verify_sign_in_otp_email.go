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

// Do returns a session and notes that the address is its owner's. Every well-formed guess counts against the address, whether
// it has an account or not; when the budget is spent even the right code is InvalidTicket. Errors: InvalidTicket,
// InvalidEmailPassword, DisabledUser; these two leave the code as it is.
func (uc *VerifySignInOTPEmail) Do(ctx context.Context, in VerifySignInOTPEmailInput) (session Session, err error) {
	if !in.OTP.WellFormed() {
		return Session{}, domain.InvalidTicket
	}
	now := uc.Tickets.Clock.Now()
	subject := uc.Tickets.subject(in.Email)
	code, err := uc.Store.OTPs().Attempt(ctx, subject, now, now.Add(domain.OTPWindow))
	if err != nil {
		return Session{}, ticketError(err)
	}
	right := code.Hash != "" && code.ExpiresAt.After(now) && uc.Tickets.OTPKey.Matches(code.Hash, subject, in.OTP)
	err = uc.Store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		user := code.UserID
		if right {
			err = repos.OTPs().Consume(ctx, subject, code.Hash)
		} else {
			user, err = repos.OTPs().ConsumeLegacy(ctx, in.Email, in.OTP, now)
		}
		if err != nil {
			return ticketError(err)
		}
		session, err = uc.signIn(ctx, repos, user, in.Email)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

func (uc *VerifySignInOTPEmail) signIn(ctx context.Context, repos port.Repos, id domain.UserID, email domain.Email) (Session, error) {
	if err := claim(ctx, repos, uc.Policy, id, email); err != nil {
		return Session{}, ticketError(err) // the account has another address by now
	}
	user, err := repos.Users().ByID(ctx, id)
	if err != nil {
		return Session{}, ticketError(err)
	}
	if err := uc.Policy.MayAct(user); err != nil {
		return Session{}, err
	}
	return uc.Sessions.open(ctx, repos.Sessions(), user, "")
}
