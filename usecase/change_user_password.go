package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ChangeUserPassword sets a new password, for the bearer of an access token or for who has a ticket from a mail.
type ChangeUserPassword struct {
	Store     port.Store
	Passwords port.Passwords
	Checks    PasswordChecks
	Clock     port.Clock
	Policy    domain.SignInPolicy
	Audit     Audit
}

// ChangeUserPasswordInput is a new password and whose it shall be. A bearer wins over a ticket.
type ChangeUserPasswordInput struct {
	Bearer      domain.UserID
	Session     domain.SessionID // the bearer's, "" when unknown
	Ticket      domain.Ticket
	NewPassword string
}

// Do sets the password and ends the user's other sessions: all of them when a ticket was the proof. A ticket is used up only by
// success. Errors: InvalidRequest (neither bearer nor ticket), InvalidTicket, those of domain.SignInPolicy.MayAct,
// PasswordTooShort, PasswordInHIBPDatabase.
func (uc *ChangeUserPassword) Do(ctx context.Context, in ChangeUserPasswordInput) error {
	ticket, err := uc.whose(ctx, in)
	if err != nil {
		return err
	}
	if err := uc.mayChange(ctx, uc.Store.Users(), ticket); err != nil {
		return err
	}
	if err := uc.Checks.check(ctx, "newPassword", in.NewPassword); err != nil {
		return err
	}
	hash, err := uc.Passwords.Hash(ctx, in.NewPassword)
	if err != nil {
		return err
	}
	event := domain.Event{Kind: domain.PasswordChanged, UserID: ticket.UserID, SessionID: in.Session}
	if in.Bearer == "" {
		event.Kind, event.SessionID = domain.PasswordReset, ""
	}
	return uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, event)
		if in.Bearer == "" {
			if _, err := repos.Tickets().Consume(ctx, in.Ticket.Hash(), uc.Clock.Now()); err != nil {
				return ticketError(err)
			}
		}
		if err := repos.Sessions().EndAllBut(ctx, ticket.UserID, in.Session); err != nil {
			return err
		}
		if err := repos.Users().SetPasswordHash(ctx, ticket.UserID, hash); err != nil {
			return err
		}
		return uc.mayChange(ctx, repos.Users(), ticket) // hashing took its time
	})
}

// mayChange looks at the account: that it may be acted upon and, where a ticket is the proof, still has the address it went to.
func (uc *ChangeUserPassword) mayChange(ctx context.Context, users port.Users, ticket domain.TicketRecord) error {
	user, err := actingUser(ctx, users, uc.Policy, ticket.UserID)
	if err == nil && !ticket.ReachedOwner(user) {
		return domain.InvalidTicket
	}
	return err
}

// whose tells whose password is meant: the bearer's, or that of a ticket, which is looked at here and consumed with the change.
func (uc *ChangeUserPassword) whose(ctx context.Context, in ChangeUserPasswordInput) (domain.TicketRecord, error) {
	if in.Bearer != "" {
		return domain.TicketRecord{UserID: in.Bearer}, nil
	}
	if in.Ticket == "" {
		return domain.TicketRecord{}, &domain.FieldError{Code: domain.InvalidRequest, Field: "ticket", Reason: "is required without an access token"}
	}
	if purpose, _ := in.Ticket.Purpose(); purpose != domain.TicketPasswordReset {
		return domain.TicketRecord{}, domain.InvalidTicket
	}
	ticket, err := uc.Store.Tickets().Find(ctx, in.Ticket.Hash(), uc.Clock.Now())
	if errors.Is(err, port.ErrNotFound) {
		if err = adopt(ctx, uc.Store, in.Ticket, uc.Clock.Now()); err == nil {
			ticket, err = uc.Store.Tickets().Find(ctx, in.Ticket.Hash(), uc.Clock.Now())
		}
	}
	if err != nil {
		return domain.TicketRecord{}, ticketError(err)
	}
	if ticket.CodeChallenge != "" {
		return domain.TicketRecord{}, domain.InvalidTicket // bound to an app: only the link and its exchange will do
	}
	return ticket, nil
}
