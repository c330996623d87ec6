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
	message := t.message(l.purpose.Template(), l.user, string(l.to))
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
	message := t.message(domain.TemplateSignInOTP, user, string(to))
	message.Ticket, message.RedirectTo = string(code), redirectTo
	return record, message
}

// sms makes a code and its message to a number in E.164. What stands for a code that the gateway makes is the empty one.
func (t Tickets) sms(user domain.User, number string, byGateway bool) (domain.OTPRecord, domain.Message) {
	now, subject := t.Clock.Now(), t.OTPKey.Subject(number)
	code, lifetime := domain.NewOTP(t.Random.Nonce()), domain.SMSOTPLifetime
	if byGateway {
		code, lifetime = "", domain.GatewayOTPLifetime
	}
	record := domain.OTPRecord{
		Subject: subject, UserID: user.ID, Hash: t.OTPKey.Hash(subject, code), ExpiresAt: now.Add(lifetime), WindowEndsAt: now.Add(domain.OTPWindow),
	}
	message := t.message(domain.TemplateSignInSMS, user, number)
	message.Ticket = string(code)
	if user.ID == "" {
		record.Hash = "" // the budget of the number is kept, but there is nothing to guess
	}
	return record, message
}

func (t Tickets) subject(email domain.Email) domain.OTPSubject {
	return t.OTPKey.Subject(email.Canonical())
}

func (t Tickets) message(template domain.Template, user domain.User, to string) domain.Message {
	message := domain.Message{
		ID: t.Random.UUID(), Template: template, Locale: user.Locale, To: to, DisplayName: user.DisplayName, Email: string(user.Email),
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

// EmailSignIn is what the four operations share that begin with an address and nothing else: a link or a code is mailed, to
// an account that exists, to a new one, or to nobody.
type EmailSignIn struct {
	Store   port.Store
	Random  port.Random
	Audit   Audit
	Tickets Tickets
	SignUp  domain.SignUpPolicy
	SignIn  domain.SignInPolicy
	Enabled bool
	AutoOff bool // AUTH_DISABLE_AUTO_SIGNUP: signing in creates no account
}

// EmailSignInInput is a request for a link or a code.
type EmailSignInInput struct {
	Email         domain.Email
	Options       domain.SignUpOptions
	CodeChallenge string // links only
}

// secret makes a message and either a ticket or a code for a user.
type secret func(user domain.User, in EmailSignInInput, redirectTo string) (*domain.TicketRecord, *domain.OTPRecord, domain.Message)

func (e EmailSignIn) byLink(user domain.User, in EmailSignInInput, redirectTo string) (*domain.TicketRecord, *domain.OTPRecord, domain.Message) {
	record, message := e.Tickets.link(forLink{domain.TicketPasswordlessEmail, user, in.Email, redirectTo, in.CodeChallenge})
	return &record, nil, message
}

func (e EmailSignIn) byCode(user domain.User, in EmailSignInInput, redirectTo string) (*domain.TicketRecord, *domain.OTPRecord, domain.Message) {
	record, message := e.Tickets.otp(user, in.Email, redirectTo)
	return nil, &record, message
}

// signIn mails to who has the address, and creates an account for it when nobody has.
func (e EmailSignIn) signIn(ctx context.Context, in EmailSignInInput, make secret) error {
	profile, user, err := e.begin(ctx, in)
	switch {
	case err != nil:
		return err
	case user.ID != "":
		if err := e.SignIn.MaySignIn(user); err != nil && !errors.Is(err, domain.UnverifiedUser) {
			return err
		}
		return e.send(ctx, user, in, profile.RedirectTo, make)
	case e.AutoOff:
		return e.send(ctx, domain.User{}, in, profile.RedirectTo, make)
	}
	return e.create(ctx, in, profile, make)
}

// signUp creates an account, and pretends to when somebody has the address.
func (e EmailSignIn) signUp(ctx context.Context, in EmailSignInInput, make secret) error {
	if e.Enabled {
		if err := e.SignUp.MaySignUp(); err != nil {
			return err
		}
	}
	profile, user, err := e.begin(ctx, in)
	switch {
	case err != nil:
		return err
	case user.Disabled:
		return domain.DisabledUser
	case user.ID != "":
		_ = e.Random.UUID() // a new account would have drawn its id
		return e.send(ctx, domain.User{}, in, profile.RedirectTo, make)
	}
	return e.create(ctx, in, profile, make)
}

// begin applies the rules in the order of the API and looks for the user; the zero value when there is none.
func (e EmailSignIn) begin(ctx context.Context, in EmailSignInInput) (domain.Profile, domain.User, error) {
	if !e.Enabled {
		return domain.Profile{}, domain.User{}, domain.DisabledEndpoint
	}
	if err := e.SignUp.MayUseEmail(in.Email); err != nil {
		return domain.Profile{}, domain.User{}, err
	}
	profile, err := e.SignUp.Resolve(in.Options, string(in.Email))
	if err != nil {
		return domain.Profile{}, domain.User{}, err
	}
	user, err := e.Store.Users().ByEmail(ctx, in.Email)
	if errors.Is(err, port.ErrNotFound) {
		err = nil
	}
	return profile, user, err
}

// send issues the secret to an existing user, or to nobody.
func (e EmailSignIn) send(ctx context.Context, user domain.User, in EmailSignInInput, redirectTo string, make secret) error {
	ticket, code, message := make(user, in, redirectTo)
	if ticket != nil {
		return e.Store.Tickets().Issue(ctx, *ticket, message)
	}
	if user.ID == "" {
		code.Hash = "" // the budget of the address is kept, but there is nothing to guess
	}
	return e.Store.OTPs().Issue(ctx, *code, message, e.Tickets.Clock.Now())
}

// create makes an account whose owner will come with the secret. Who loses a race for the address is answered the same, and may
// ask again.
func (e EmailSignIn) create(ctx context.Context, in EmailSignInInput, profile domain.Profile, make secret) error {
	if err := e.SignUp.MaySignUp(); err != nil {
		return err
	}
	user := e.SignUp.WithEmail(domain.UserID(e.Random.UUID()), in.Email, "", profile)
	user.CreatedAt = e.Tickets.Clock.Now()
	if user.Disabled {
		if err := e.Audit.create(ctx, e.Store.Users(), port.NewUser{User: user}, domain.ActorClient); err != nil && !errors.Is(err, port.ErrTaken) {
			return err
		}
		return domain.DisabledUser
	}
	ticket, code, message := make(user, in, profile.RedirectTo)
	err := e.Audit.create(ctx, e.Store.Users(), port.NewUser{User: user, Ticket: ticket, OTP: code, Message: &message}, domain.ActorClient)
	if errors.Is(err, port.ErrTaken) {
		return nil
	}
	return err
}
