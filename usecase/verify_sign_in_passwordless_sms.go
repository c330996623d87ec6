package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifySignInPasswordlessSMS signs in with a code that was sent to a phone.
type VerifySignInPasswordlessSMS struct {
	Store        port.Store
	Numbers      port.PhoneNumbers
	Verifier     port.SMSVerifier
	Passwords    port.Passwords // for codes that a hasura-auth server left: bcrypt
	Tickets      Tickets
	Sessions     Sessions
	Policy       domain.SignInPolicy
	Enabled      bool
	GatewayCodes bool // the gateway makes the codes and checks them
}

// VerifySignInPasswordlessSMSInput is a guess, or the code.
type VerifySignInPasswordlessSMSInput struct {
	PhoneNumber string // however it is written
	OTP         domain.OTP
}

// Do returns a session, or the ticket for a second step, and notes that the number is its owner's. Every guess that can be a code counts against the number, whether
// it has an account or not; when the budget is spent even the right code is InvalidRequest. Errors: DisabledEndpoint, a FieldError
// for what is no number, InvalidRequest, and those of domain.SignInPolicy.MayAct, which leave the code as it is.
func (uc *VerifySignInPasswordlessSMS) Do(ctx context.Context, in VerifySignInPasswordlessSMSInput) (signedIn SignedIn, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodSMSCode)
	defer func() { try.ended(ctx, signedIn, err) }()
	if !uc.Enabled {
		return SignedIn{}, domain.DisabledEndpoint
	}
	number, _, err := uc.Numbers.Parse(in.PhoneNumber)
	if err != nil {
		return SignedIn{}, err
	}
	if !in.OTP.WellFormed() && !(uc.GatewayCodes && in.OTP.Typed()) {
		return SignedIn{}, domain.InvalidRequest
	}
	p, err := uc.prove(ctx, number, in.OTP)
	if err != nil {
		return SignedIn{}, smsError(err)
	}
	var got admitted
	try.user = p.user
	err = uc.Store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		if err := p.consume(ctx, repos.OTPs()); err != nil {
			return smsError(err)
		}
		got, err = uc.admit(ctx, repos, p.user, number)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return uc.Sessions.finish(ctx, got)
}

// smsProof is who has shown to know a code, and how the code is used up.
type smsProof struct {
	user    domain.UserID
	consume func(ctx context.Context, otps port.OTPs) error
}

// prove counts an attempt and judges it. port.ErrNotFound: the guess is wrong, too late or one too many. A gateway that makes codes
// is asked about every number, so that the time does not tell which have accounts.
func (uc *VerifySignInPasswordlessSMS) prove(ctx context.Context, number string, guess domain.OTP) (smsProof, error) {
	now, key := uc.Tickets.Clock.Now(), uc.Tickets.OTPKey
	subject := key.Subject(number)
	code, err := uc.Store.OTPs().Attempt(ctx, subject, now, now.Add(domain.OTPWindow))
	if err != nil {
		return smsProof{}, err
	}
	pending := code.Hash != "" && code.ExpiresAt.After(now)
	ours := smsProof{code.UserID, func(ctx context.Context, otps port.OTPs) error { return otps.Consume(ctx, subject, code.Hash) }}
	if pending && key.Matches(code.Hash, subject, guess) {
		return ours, nil
	}
	if !uc.GatewayCodes {
		return uc.proveLegacy(ctx, number, func(hash string) (bool, error) {
			ok, _, err := uc.Passwords.Verify(ctx, hash, string(guess))
			return ok, err
		})
	}
	approved, err := uc.Verifier.CheckVerification(ctx, number, string(guess))
	switch {
	case err != nil:
		return smsProof{}, err
	case !approved:
		return smsProof{}, port.ErrNotFound
	case pending && key.Matches(code.Hash, subject, ""):
		return ours, nil
	}
	return uc.proveLegacy(ctx, number, func(string) (bool, error) { return true, nil })
}

// proveLegacy looks for a code that a hasura-auth server left with the account. Where two accounts with the number have one that is
// right, nobody is meant.
func (uc *VerifySignInPasswordlessSMS) proveLegacy(ctx context.Context, number string, right func(hash string) (bool, error)) (smsProof, error) {
	codes, err := uc.Store.OTPs().LegacySMS(ctx, number, uc.Tickets.Clock.Now())
	if err != nil {
		return smsProof{}, err
	}
	var found []domain.LegacySMSCode
	for _, code := range codes {
		if parsed, _, err := uc.Numbers.Parse(code.PhoneNumber); err != nil || parsed != number {
			continue
		}
		ok, err := right(code.Hash)
		if err != nil {
			return smsProof{}, err
		}
		if ok {
			found = append(found, code)
		}
	}
	if len(found) != 1 {
		return smsProof{}, port.ErrNotFound
	}
	return smsProof{found[0].UserID, func(ctx context.Context, otps port.OTPs) error { return otps.ConsumeLegacySMS(ctx, found[0]) }}, nil
}

func (uc *VerifySignInPasswordlessSMS) admit(ctx context.Context, repos port.Repos, id domain.UserID, number string) (admitted, error) {
	user, err := repos.Users().ByID(ctx, id)
	if err != nil {
		return admitted{}, smsError(err)
	}
	if parsed, _, err := uc.Numbers.Parse(user.PhoneNumber); err != nil || parsed != number {
		return admitted{}, domain.InvalidRequest // the account has another number by now
	}
	if err := uc.Policy.MayAct(user); err != nil {
		return admitted{}, err
	}
	if err := repos.Users().MarkPhoneVerified(ctx, id, user.PhoneNumber); err != nil {
		return admitted{}, smsError(err)
	}
	user.PhoneNumberVerified = true
	got, err := uc.Sessions.admit(ctx, repos, user, domain.ByPossession, uc.Sessions.newID())
	return got, smsError(err)
}

// smsError translates what is not, or no longer, there.
func smsError(err error) error {
	if errors.Is(err, port.ErrNotFound) {
		return domain.InvalidRequest
	}
	return err
}
