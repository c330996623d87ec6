package rest_test

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

type guardedTickets struct {
	port.Tickets
	before before
}

func (g guardedTickets) Issue(ctx context.Context, ticket domain.TicketRecord, message domain.Message) error {
	return g.before.do(ctx, func() error { return g.Tickets.Issue(ctx, ticket, message) })
}

func (g guardedTickets) Find(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return yield(ctx, g.before, func() (domain.TicketRecord, error) { return g.Tickets.Find(ctx, hash, now) })
}

func (g guardedTickets) Redeem(
	ctx context.Context, hash domain.TicketHash, session domain.SessionID, now, reopenSince time.Time,
) (domain.TicketRecord, error) {
	return yield(ctx, g.before, func() (domain.TicketRecord, error) { return g.Tickets.Redeem(ctx, hash, session, now, reopenSince) })
}

func (g guardedTickets) Consume(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return yield(ctx, g.before, func() (domain.TicketRecord, error) { return g.Tickets.Consume(ctx, hash, now) })
}

func (g guardedTickets) Adopt(ctx context.Context, ticket domain.Ticket, now time.Time) error {
	return g.before.do(ctx, func() error { return g.Tickets.Adopt(ctx, ticket, now) })
}

func (g guardedTickets) Challenge(ctx context.Context, ticket domain.TicketRecord, passwordHash string) error {
	return g.before.do(ctx, func() error { return g.Tickets.Challenge(ctx, ticket, passwordHash) })
}

func (g guardedTickets) Attempt(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return yield(ctx, g.before, func() (domain.TicketRecord, error) { return g.Tickets.Attempt(ctx, hash, now) })
}

type guardedOTPs struct {
	port.OTPs
	before before
}

func (g guardedOTPs) Issue(ctx context.Context, code domain.OTPRecord, message domain.Message, now time.Time) error {
	return g.before.do(ctx, func() error { return g.OTPs.Issue(ctx, code, message, now) })
}

func (g guardedOTPs) Attempt(ctx context.Context, subject domain.OTPSubject, now, windowEndsAt time.Time) (domain.OTPRecord, error) {
	return yield(ctx, g.before, func() (domain.OTPRecord, error) { return g.OTPs.Attempt(ctx, subject, now, windowEndsAt) })
}

func (g guardedOTPs) Consume(ctx context.Context, subject domain.OTPSubject, hash string) error {
	return g.before.do(ctx, func() error { return g.OTPs.Consume(ctx, subject, hash) })
}

func (g guardedOTPs) ConsumeLegacy(ctx context.Context, email domain.Email, code domain.OTP, now time.Time) (domain.UserID, error) {
	return yield(ctx, g.before, func() (domain.UserID, error) { return g.OTPs.ConsumeLegacy(ctx, email, code, now) })
}

type guardedPKCECodes struct {
	port.PKCECodes
	before before
}

func (g guardedPKCECodes) Add(ctx context.Context, code domain.PKCERecord) error {
	return g.before.do(ctx, func() error { return g.PKCECodes.Add(ctx, code) })
}

func (g guardedPKCECodes) Redeem(ctx context.Context, hash, challenge string, now time.Time) (domain.PKCERecord, error) {
	return yield(ctx, g.before, func() (domain.PKCERecord, error) { return g.PKCECodes.Redeem(ctx, hash, challenge, now) })
}

func (g guardedPKCECodes) Revoke(ctx context.Context, session domain.SessionID) error {
	return g.before.do(ctx, func() error { return g.PKCECodes.Revoke(ctx, session) })
}
