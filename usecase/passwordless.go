package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// EmailSignIn is what the four operations share that begin with an address and nothing else: a link or a code is mailed, to
// an account that exists, to a new one, or to nobody.
type EmailSignIn struct {
	Store   port.Store
	Random  port.Random
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
		if err := e.Store.Users().Insert(ctx, port.NewUser{User: user}); err != nil && !errors.Is(err, port.ErrTaken) {
			return err
		}
		return domain.DisabledUser
	}
	ticket, code, message := make(user, in, profile.RedirectTo)
	err := e.Store.Users().Insert(ctx, port.NewUser{User: user, Ticket: ticket, OTP: code, Message: &message})
	if errors.Is(err, port.ErrTaken) {
		return nil
	}
	return err
}
