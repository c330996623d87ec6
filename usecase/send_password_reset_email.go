package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SendPasswordResetEmail mails a link with which a new password can be set.
type SendPasswordResetEmail struct {
	Store   port.Store
	Tickets Tickets
	SignUp  domain.SignUpPolicy
	Policy  domain.SignInPolicy
}

// Do answers the same, after the same work, whether there is such an account or not. Error: RedirectToNotAllowed.
func (uc *SendPasswordResetEmail) Do(ctx context.Context, in MailInput) error {
	redirectTo, err := uc.SignUp.LinkTarget(in.RedirectTo)
	if err != nil {
		return err
	}
	user, err := uc.Store.Users().ByEmail(ctx, in.Email)
	if err != nil && !errors.Is(err, port.ErrNotFound) {
		return err
	}
	if err != nil || uc.Policy.MayAct(user) != nil {
		user = domain.User{}
	}
	return uc.Tickets.mail(ctx, uc.Store.Tickets(), forLink{domain.TicketPasswordReset, user, in.Email, redirectTo, in.CodeChallenge})
}
