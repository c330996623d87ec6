package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Tickets makes tickets and codes together with the messages that carry them, so that all look alike.
type Tickets struct {
	Clock     port.Clock
	Random    port.Random
	OTPKey    domain.OTPKey
	ServerURL string // of this server, where links lead
}

// MailInput asks for a mail to an address.
type MailInput struct {
	Email         domain.Email
	RedirectTo    string
	CodeChallenge string
}

// forLink is what a mailed link needs to know.
type forLink struct {
	purpose       domain.TicketPurpose
	user          domain.User // the zero value: nobody
	to            domain.Email
	redirectTo    string
	codeChallenge string
}

// link makes a ticket and its message. For nobody they cost the same and reach nobody.
func (t Tickets) link(l forLink) (domain.TicketRecord, domain.Message) {
	now := t.Clock.Now()
	if l.user.Email != "" && l.purpose != domain.TicketEmailConfirmChange {
		l.to = l.user.Email // as its owner wrote it: another case may be another mailbox
	}
	ticket := domain.NewTicket(l.purpose, t.Random.UUID())
	record := domain.TicketRecord{
		Hash: ticket.Hash(), Purpose: l.purpose, UserID: l.user.ID, Email: l.to, CodeChallenge: l.codeChallenge,
		CreatedAt: now, ExpiresAt: now.Add(l.purpose.Lifetime()),
	}
	if l.user.ID == "" {
		record.ExpiresAt = now // of no use to anybody: to be removed soon
	}
	message := t.message(l.purpose.Template(), l.user, l.to)
	message.Link, message.Ticket, message.RedirectTo = ticket.Link(t.ServerURL, l.redirectTo, l.codeChallenge), string(ticket), l.redirectTo
	if l.purpose == domain.TicketEmailConfirmChange {
		message.NewEmail = string(l.to)
	}
	return record, message
}

// otp makes a code and its message.
func (t Tickets) otp(user domain.User, to domain.Email, redirectTo string) (domain.OTPRecord, domain.Message) {
	now := t.Clock.Now()
	code := domain.NewOTP(t.Random.Nonce())
	subject := t.subject(to)
	if user.Email != "" {
		to = user.Email
	}
	record := domain.OTPRecord{
		Subject: subject, UserID: user.ID, Hash: t.OTPKey.Hash(subject, code), ExpiresAt: now.Add(domain.OTPLifetime), WindowEndsAt: now.Add(domain.OTPWindow),
	}
	message := t.message(domain.TemplateSignInOTP, user, to)
	message.Ticket, message.RedirectTo = string(code), redirectTo
	return record, message
}

func (t Tickets) subject(email domain.Email) domain.OTPSubject {
	return t.OTPKey.Subject(email.Canonical())
}

func (t Tickets) message(template domain.Template, user domain.User, to domain.Email) domain.Message {
	message := domain.Message{
		ID: t.Random.UUID(), Template: template, Locale: user.Locale, To: string(to), DisplayName: user.DisplayName, Email: string(user.Email),
	}
	if user.ID == "" {
		message.Template = domain.Silence
	}
	return message
}

// mail stores a ticket and queues its mail.
func (t Tickets) mail(ctx context.Context, tickets port.Tickets, l forLink) error {
	record, message := t.link(l)
	return tickets.Issue(ctx, record, message)
}

// adopt takes over a ticket that a hasura-auth server left. It does so in a transaction of its own: uses lock the ticket and then
// its user, here it is the other way round. That there is none is no error: another request may just have taken it over, which the
// caller finds out by another look.
func adopt(ctx context.Context, store port.Store, ticket domain.Ticket, now time.Time) error {
	err := store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error { return repos.Tickets().Adopt(ctx, ticket, now) })
	if errors.Is(err, port.ErrNotFound) {
		return nil
	}
	return err
}
