package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SendVerificationEmail mails the link that verifies an address once more.
type SendVerificationEmail struct {
	Store   port.Store
	Tickets Tickets
	SignUp  domain.SignUpPolicy
	Policy  domain.SignInPolicy
	Conceal bool // answer nil where an error would tell about an account
}

// Do mails the link. Errors: RedirectToNotAllowed and, unless they are concealed, InvalidEmailPassword (nobody has the
// address), DisabledUser, EmailAlreadyVerified. What is concealed costs what the mail would have.
func (uc *SendVerificationEmail) Do(ctx context.Context, in MailInput) error {
	redirectTo, err := uc.SignUp.LinkTarget(in.RedirectTo)
	if err != nil {
		return err
	}
	user, err := uc.user(ctx, in.Email)
	var code domain.Code
	if uc.Conceal && errors.As(err, &code) && code != domain.Unavailable {
		user, err = domain.User{}, nil
	}
	if err != nil {
		return err
	}
	return uc.Tickets.mail(ctx, uc.Store.Tickets(), forLink{domain.TicketVerifyEmail, user, in.Email, redirectTo, in.CodeChallenge})
}

func (uc *SendVerificationEmail) user(ctx context.Context, email domain.Email) (domain.User, error) {
	user, err := uc.Store.Users().ByEmail(ctx, email)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, domain.InvalidEmailPassword
	}
	if err != nil {
		return domain.User{}, err
	}
	if err := uc.Policy.MayAct(user); err != nil && !errors.Is(err, domain.UnverifiedUser) {
		return domain.User{}, err
	}
	if user.EmailVerified {
		return domain.User{}, domain.EmailAlreadyVerified
	}
	return user, nil
}
