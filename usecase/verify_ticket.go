package usecase

import (
	"context"
	"errors"
	"net/url"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifyTicket is the use of a link that was mailed: it does what the ticket is for and signs its user in.
//
// A link can be opened again for domain.LinkGrace, because scanners of mail servers open it first. Each use ends the session
// of the one before, so a link never has more than one live session. Only the first use changes the account; a later one is
// refused when the account has got another address since.
type VerifyTicket struct {
	Store     port.Store
	Random    port.Random
	Sessions  Sessions
	Policy    domain.SignInPolicy
	Redirects domain.RedirectPolicy
}

// VerifyTicketInput is a link that was opened.
type VerifyTicketInput struct {
	Ticket        domain.Ticket
	RedirectTo    string
	CodeChallenge string
}

// RedirectedError is an error that the browser takes along to Target, with Parameters, instead of being shown it here.
type RedirectedError struct {
	Target     string
	Parameters map[string]string
	Err        error
}

// Error says what went wrong.
func (e *RedirectedError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *RedirectedError) Unwrap() error { return e.Err }

// verified is what goes into the redirect: a refresh token; for an app that gave a challenge, a code; for a user who is asked for a
// second factor, the ticket for that step.
type verified struct {
	token domain.RefreshToken
	code  domain.PKCECode
	mfa   domain.Ticket

	signedIn SignedIn // as far as an audit log needs it
}

// Do uses the ticket and returns where to send the browser, the secret in the query. When it fails the ticket is as good as
// before. Errors: InvalidRequest (redirectTo is no URL) and, as RedirectedError, RedirectToNotAllowed (towards the client's own
// address), InvalidTicket, InvalidRequest (the ticket is bound to a challenge that the link lacks), DisabledUser,
// UnverifiedUser, InvalidEmailPassword, ForbiddenAnonymous, EmailAlreadyInUse.
func (uc *VerifyTicket) Do(ctx context.Context, in VerifyTicketInput) (location string, err error) {
	if _, err := url.Parse(in.RedirectTo); err != nil {
		return "", &domain.FieldError{Code: domain.InvalidRequest, Field: "redirectTo", Reason: "is not a URL"}
	}
	if err := uc.Redirects.Check(in.RedirectTo); err != nil {
		return "", uc.redirected(uc.Redirects.Default(), err)
	}
	purpose, known := in.Ticket.Purpose()
	if !known {
		return "", uc.redirected(in.RedirectTo, domain.InvalidTicket)
	}
	try := uc.Sessions.Audit.signIn(domain.MethodEmailLink)
	result, err := uc.use(ctx, in, try)
	if errors.Is(err, domain.InvalidTicket) { // among ours; a hasura-auth server may have left it
		if err = adopt(ctx, uc.Store, in.Ticket, uc.Sessions.Clock.Now()); err == nil {
			result, err = uc.use(ctx, in, try)
		}
	}
	try.ended(ctx, result.signedIn, err)
	if err != nil {
		return "", uc.redirected(in.RedirectTo, err)
	}
	parameters := map[string]string{"type": string(purpose)}
	switch {
	case result.code != "":
		parameters["code"] = string(result.code)
	case result.mfa != "":
		parameters["mfaTicket"] = string(result.mfa)
	default:
		parameters["refreshToken"] = string(result.token)
	}
	return domain.WithQuery(in.RedirectTo, parameters), nil
}

// redirected sends errors of the product along with the browser. What is no fault of the link is answered here: who tries again
// may succeed.
func (uc *VerifyTicket) redirected(target string, err error) error {
	var code domain.Code
	if target == "" || !errors.As(err, &code) || code == domain.Unavailable {
		return err
	}
	return &RedirectedError{Target: target, Err: err}
}

func (uc *VerifyTicket) use(ctx context.Context, in VerifyTicketInput, try *signInTry) (result verified, err error) {
	err = uc.Sessions.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		id := domain.SessionID(uc.Random.UUID())
		now := uc.Sessions.Clock.Now()
		ticket, err := repos.Tickets().Redeem(ctx, in.Ticket.Hash(), id, now, now.Add(-domain.LinkGrace))
		if err != nil {
			return ticketError(err)
		}
		try.user = ticket.UserID
		if ticket.CodeChallenge != "" && in.CodeChallenge != ticket.CodeChallenge {
			// Otherwise whoever reads the mail could leave the challenge out.
			return &domain.FieldError{Code: domain.InvalidRequest, Field: "codeChallenge", Reason: "is not the one that the link was asked for with"}
		}
		if err := endEarlierUse(ctx, repos, ticket.SessionID); err != nil {
			return err
		}
		user, err := uc.apply(ctx, repos, ticket)
		if err != nil {
			return err
		}
		if in.CodeChallenge != "" {
			result.code, err = uc.Sessions.code(ctx, repos.PKCECodes(), user.ID, id, in.CodeChallenge, in.RedirectTo)
			return err
		}
		if uc.Sessions.MFA.Asks(user, domain.ByPossession) {
			result.mfa, err = uc.Sessions.challenge(ctx, repos.Tickets(), user, "", id)
			result.signedIn.MFATicket = result.mfa
			return err
		}
		record, token := uc.Sessions.record(ctx, user, id)
		result.token, result.signedIn.Session = token, &Session{ID: id, User: user}
		return repos.Sessions().Start(ctx, record, "")
	})
	return result, err
}

// apply does what the ticket is for, and returns its user as the account is then.
func (uc *VerifyTicket) apply(ctx context.Context, repos *change, ticket domain.TicketRecord) (domain.User, error) {
	var err error
	switch {
	case ticket.Purpose == domain.TicketPasswordlessEmail:
		err = claim(ctx, repos, uc.Policy, ticket.UserID, ticket.Email)
	case ticket.Purpose.Verifies(), ticket.Purpose == domain.TicketEmailConfirmChange && ticket.SessionID != "":
		err = repos.Users().MarkEmailVerified(ctx, ticket.UserID, ticket.Email)
	case ticket.Purpose == domain.TicketEmailConfirmChange:
		err = repos.Users().ChangeEmail(ctx, ticket.UserID, ticket.Email)
	}
	if errors.Is(err, port.ErrTaken) {
		return domain.User{}, domain.EmailAlreadyInUse
	}
	if err != nil {
		return domain.User{}, ticketError(err)
	}
	if ticket.SessionID == "" { // the first use: later ones change nothing
		switch {
		case ticket.Purpose == domain.TicketEmailConfirmChange:
			repos.note(ctx, domain.Event{Kind: domain.EmailChanged, UserID: ticket.UserID})
		case ticket.Purpose.Verifies() && ticket.Purpose != domain.TicketPasswordlessEmail:
			repos.note(ctx, domain.Event{Kind: domain.EmailVerified, UserID: ticket.UserID})
		}
	}
	user, err := repos.Users().ByID(ctx, ticket.UserID)
	if err != nil {
		return domain.User{}, ticketError(err)
	}
	if ticket.Purpose == domain.TicketPasswordReset && !ticket.ReachedOwner(user) {
		return domain.User{}, domain.InvalidTicket
	}
	return user, uc.Policy.MayAct(user)
}

// endEarlierUse ends the session of the use before. The code first: an exchange that is under way has locked it, and the session
// that it opens is there to be ended once the lock is gone. All that before the user changes: exchanges and refreshes, too, lock
// the user last.
func endEarlierUse(ctx context.Context, repos port.Repos, session domain.SessionID) error {
	if session == "" {
		return nil
	}
	if err := repos.PKCECodes().Revoke(ctx, session); err != nil {
		return err
	}
	return repos.Sessions().End(ctx, session)
}
