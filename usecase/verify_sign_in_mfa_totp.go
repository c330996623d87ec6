package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifySignInMFATOTP is the second step of a sign-in. It works even where TOTP is not offered any more: who has it switched on must
// not be locked out, nor let in without it.
type VerifySignInMFATOTP struct {
	Store    port.Store
	Factor   SecondFactor
	Sessions Sessions
	Policy   domain.SignInPolicy
}

// VerifySignInMFATOTPInput is the ticket of the first step and a code.
type VerifySignInMFATOTPInput struct {
	Ticket domain.Ticket
	Code   string
}

// Do returns a session. A wrong code leaves the ticket good for domain.MFATicketAttempts codes in all. Errors: InvalidTicket, those of
// domain.SignInPolicy.MayAct, DisabledMFATOTP, NoTOTPSecret, TooManyRequests, InvalidTOTP.
func (uc *VerifySignInMFATOTP) Do(ctx context.Context, in VerifySignInMFATOTPInput) (session Session, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodTOTP)
	defer func() { try.endedWith(ctx, session, err) }()
	if !in.Ticket.IsMFA() {
		return Session{}, domain.InvalidTicket
	}
	ticket, err := uc.attempt(ctx, in.Ticket)
	if err != nil {
		return Session{}, ticketError(err)
	}
	if ticket.SessionID == "" { // a hasura-auth server's
		ticket.SessionID = domain.SessionID(uc.Sessions.Random.UUID())
	}
	try.user = ticket.UserID
	user, err := actingUser(ctx, uc.Store.Users(), uc.Policy, ticket.UserID)
	if err != nil {
		return Session{}, err
	}
	if user.ActiveMFA != domain.TOTPMFA {
		return Session{}, domain.DisabledMFATOTP
	}
	proof, err := uc.Factor.check(ctx, user.ID, in.Code)
	if err != nil {
		return Session{}, err
	}
	var o opened
	err = uc.Sessions.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if _, err := repos.Tickets().Consume(ctx, in.Ticket.Hash(), uc.Sessions.Clock.Now()); err != nil {
			return ticketError(err)
		}
		if err := proof.use(ctx, repos); err != nil {
			return err
		}
		o, err = uc.Sessions.start(ctx, repos.Sessions(), user, ticket.SessionID)
		return err
	})
	if errors.Is(err, port.ErrNotFound) {
		return Session{}, domain.InvalidTicket // the account was disabled or removed in the meantime
	}
	if err != nil {
		return Session{}, err
	}
	return uc.Sessions.issue(ctx, o)
}

// attempt counts a code that is tried with the ticket. A ticket that a hasura-auth server left is taken over before. port.ErrNotFound.
func (uc *VerifySignInMFATOTP) attempt(ctx context.Context, ticket domain.Ticket) (domain.TicketRecord, error) {
	now := uc.Sessions.Clock.Now()
	found, err := uc.Store.Tickets().Attempt(ctx, ticket.Hash(), now)
	if errors.Is(err, port.ErrNotFound) {
		if err = adopt(ctx, uc.Store, ticket, now); err == nil {
			found, err = uc.Store.Tickets().Attempt(ctx, ticket.Hash(), now)
		}
	}
	return found, err
}
