package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInPasswordlessSMS sends a code that signs in to a phone.
type SignInPasswordlessSMS struct{ SMSSignIn }

// Do sends the code, creating the account when there is none and auto sign-up is on. Errors: DisabledEndpoint, a FieldError for
// what is no number, CannotSendSMS (the country gets none, the number is ambiguous, or the gateway refused), those of
// domain.SignUpPolicy.Resolve and domain.SignInPolicy.MayAct, SignupDisabled, DisabledUser, TooManyRequests (a cap is used up).
func (uc *SignInPasswordlessSMS) Do(ctx context.Context, in SMSSignInInput) error {
	r, err := uc.begin(ctx, in)
	switch {
	case err != nil:
		return err
	case r.user.ID != "":
		if err := uc.SignIn.MayAct(r.user); err != nil {
			return err
		}
	case !uc.AutoOff:
		if r, err = uc.newcomer(ctx, r); err != nil {
			return err
		}
	}
	if err := uc.count(ctx, r); err != nil {
		return err
	}
	if uc.AutoOff {
		return uc.queue(ctx, r)
	}
	return uc.handOver(ctx, r)
}

// SMSSignIn is what signing in and signing up by SMS share: a code goes to an account that exists, to a new one, or to nobody. All
// checks come before the message.
//
// Where everybody who asks gets a message, the answer waits for the gateway and says whether it took the message: it tells nothing
// about accounts. Where it would, because nobody may know whether there is an account, the message goes through the outbox, as one
// to nobody does.
type SMSSignIn struct {
	Store        port.Store
	Random       port.Random
	Audit        Audit
	Numbers      port.PhoneNumbers
	Journal      port.Journal
	Dispatch     Dispatch
	Tickets      Tickets
	SignUp       domain.SignUpPolicy
	SignIn       domain.SignInPolicy
	Policy       domain.SMSPolicy
	Enabled      bool
	AutoOff      bool // AUTH_DISABLE_AUTO_SIGNUP: signing in creates no account
	GatewayCodes bool // the gateway makes the codes and checks them
}

// SMSSignInInput is a request for a code.
type SMSSignInInput struct {
	PhoneNumber string // however it is written
	Options     domain.SignUpOptions
}

// smsRequest is a request whose form is right.
type smsRequest struct {
	number  string // in E.164
	country string
	profile domain.Profile
	user    domain.User // the zero value: nobody
	isNew   bool        // user is yet to be created
}

// begin applies the rules in the order of the API and looks for the user.
func (s SMSSignIn) begin(ctx context.Context, in SMSSignInInput) (smsRequest, error) {
	if !s.Enabled {
		return smsRequest{}, domain.DisabledEndpoint
	}
	number, country, err := s.Numbers.Parse(in.PhoneNumber)
	if err != nil {
		return smsRequest{}, err
	}
	r := smsRequest{number: number, country: country}
	if r.profile, err = s.SignUp.Resolve(in.Options, number); err != nil {
		return smsRequest{}, err
	}
	if !s.Policy.IsTest(number) {
		if err := s.Policy.MayReach(country); err != nil {
			return smsRequest{}, err
		}
	}
	r.user, err = s.find(ctx, number, in.PhoneNumber)
	return r, err
}

// find returns the account with a number, the zero value when there is none. A number was once kept as it was typed, so several
// accounts may have the same one: meant is the account that writes it as it is typed now or, failing that, in E.164. Nobody gets into
// another by chance: when neither is there, nobody is meant and an operator is told.
func (s SMSSignIn) find(ctx context.Context, number, typed string) (domain.User, error) {
	candidates, err := s.Store.Users().ByPhoneEnding(ctx, number)
	if err != nil {
		return domain.User{}, err
	}
	var found []domain.User
	for _, user := range candidates {
		if parsed, _, err := s.Numbers.Parse(user.PhoneNumber); err == nil && parsed == number {
			found = append(found, user)
		}
	}
	switch len(found) {
	case 0:
		return domain.User{}, nil
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for _, writing := range []string{typed, number} {
		for i, user := range found {
			if ids[i] = string(user.ID); user.PhoneNumber == writing {
				return user, nil
			}
		}
	}
	s.Journal.SMSAmbiguous(ids)
	return domain.User{}, domain.CannotSendSMS
}

// newcomer makes the account that the request shall create.
func (s SMSSignIn) newcomer(ctx context.Context, r smsRequest) (smsRequest, error) {
	if err := s.SignUp.MaySignUp(); err != nil {
		return r, err
	}
	r.user, r.isNew = s.SignUp.WithPhone(domain.UserID(s.Random.UUID()), r.number, r.profile), true
	r.user.CreatedAt = s.Tickets.Clock.Now()
	if r.user.Disabled {
		if err := s.Audit.create(ctx, s.Store.Users(), port.NewUser{User: r.user}, domain.ActorClient); err != nil && !errors.Is(err, port.ErrTaken) {
			return r, err
		}
		return r, domain.DisabledUser
	}
	return r, nil
}

// count answers TooManyRequests when a cap is used up. A request about nobody counts too, or the answer would tell.
func (s SMSSignIn) count(ctx context.Context, r smsRequest) error {
	if s.Policy.IsTest(r.number) {
		return nil
	}
	now := s.Tickets.Clock.Now()
	err := s.Store.SMSCounts().Count(ctx, s.Policy.Caps(s.Tickets.OTPKey.Subject(r.number), r.country, now), now)
	if errors.Is(err, port.ErrTaken) {
		return &domain.LaterError{Code: domain.TooManyRequests, After: s.Policy.Window}
	}
	return err
}

// handOver sends the code and, when the gateway has taken it, stores it: a refusal leaves everything as it was, an earlier code
// included. What was begun is finished also when the client hangs up.
func (s SMSSignIn) handOver(ctx context.Context, r smsRequest) error {
	ctx = context.WithoutCancel(ctx)
	code, message := s.Tickets.sms(r.user, r.number, s.gatewayCodes(r))
	if s.Policy.IsTest(r.number) {
		s.Journal.SMSOfTest(r.number, message.Ticket)
	} else if err := s.Dispatch.send(ctx, message); err != nil {
		s.Journal.SMSRefused(err)
		return err
	}
	if r.isNew {
		err := s.Audit.create(ctx, s.Store.Users(), port.NewUser{User: r.user, OTP: &code}, domain.ActorClient)
		if !errors.Is(err, port.ErrTaken) {
			return err
		}
		winner, err := s.find(ctx, r.number, r.number) // another request created the account meanwhile
		if err != nil {
			return err
		}
		code.UserID = winner.ID
	}
	return s.Store.OTPs().Put(ctx, code, s.Tickets.Clock.Now())
}

// queue stores the code and leaves its message to the outbox, in one step.
func (s SMSSignIn) queue(ctx context.Context, r smsRequest) error {
	code, message := s.Tickets.sms(r.user, r.number, s.gatewayCodes(r))
	if s.Policy.IsTest(r.number) && r.user.ID != "" {
		s.Journal.SMSOfTest(r.number, message.Ticket)
		message.Template = domain.Silence
	}
	if !r.isNew {
		return s.Store.OTPs().Issue(ctx, code, message, s.Tickets.Clock.Now())
	}
	err := s.Audit.create(ctx, s.Store.Users(), port.NewUser{User: r.user, OTP: &code, Message: &message}, domain.ActorClient)
	if errors.Is(err, port.ErrTaken) {
		return nil // who loses a race for the number is answered the same, and may ask again
	}
	return err
}

func (s SMSSignIn) gatewayCodes(r smsRequest) bool {
	return s.GatewayCodes && !s.Policy.IsTest(r.number)
}
