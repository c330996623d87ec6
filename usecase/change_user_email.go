package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ChangeUserEmail mails a link to a new address; the account gets the address when the link is opened.
type ChangeUserEmail struct {
	Store   port.Store
	Tickets Tickets
	SignUp  domain.SignUpPolicy
	Policy  domain.SignInPolicy
	Audit   Audit
}

// ChangeUserEmailInput is who wants which address.
type ChangeUserEmailInput struct {
	Bearer domain.UserID
	MailInput
}

// Do mails the link. Errors: RedirectToNotAllowed, those of domain.SignInPolicy.MayAct, InvalidEmailPassword (the new address is
// refused), EmailAlreadyInUse.
func (uc *ChangeUserEmail) Do(ctx context.Context, in ChangeUserEmailInput) error {
	redirectTo, err := uc.SignUp.LinkTarget(in.RedirectTo)
	if err != nil {
		return err
	}
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, in.Bearer)
	if err != nil {
		return err
	}
	if err := uc.SignUp.MayUseEmail(in.Email); err != nil {
		return err
	}
	switch _, err := uc.Store.Users().ByEmail(ctx, in.Email); {
	case err == nil:
		return domain.EmailAlreadyInUse
	case !errors.Is(err, port.ErrNotFound):
		return err
	}
	return uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.EmailChangeRequested, UserID: user.ID})
		if err := repos.Users().AnnounceEmail(ctx, user.ID, in.Email); err != nil {
			return err
		}
		return uc.Tickets.mail(ctx, repos.Tickets(), forLink{domain.TicketEmailConfirmChange, user, in.Email, redirectTo, in.CodeChallenge})
	})
}
