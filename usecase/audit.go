package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Audit takes down what happens to accounts, for the audit log and for webhooks.
//
// What changes an account is taken down in the transaction of the change: neither is there without the other, and what a client was
// told has happened is in the log. A sign-in, or one that failed, changes nothing that could not be told from the session itself: it is
// taken down a moment later, so that no sign-in waits for the log.
type Audit struct {
	Clock   port.Clock
	Random  port.Random
	Witness port.Witness
	Keep    bool // in the audit log; otherwise only witnesses and webhooks learn of events
	Hooks   []domain.Webhook
}

// change is a transaction together with what is taken down of it.
type change struct {
	port.Repos
	audit  Audit
	events []domain.Event
}

// note takes down an event of the change.
func (c *change) note(ctx context.Context, e domain.Event) {
	c.events = append(c.events, c.audit.complete(ctx, e))
}

// change runs do in a transaction and keeps what it noted with it.
func (a Audit) change(ctx context.Context, store port.Store, do func(ctx context.Context, c *change) error) error {
	var events []domain.Event
	err := store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		c := &change{Repos: repos, audit: a}
		if err := do(ctx, c); err != nil {
			return err
		}
		if err := hold(ctx, repos); err != nil {
			return err
		}
		events = c.events
		if noted := a.noted(events...); !noted.Empty() {
			return repos.Events().Add(ctx, noted)
		}
		return nil
	})
	if err == nil {
		a.Witness.Committed(ctx, events...)
	}
	return err
}

// hold refuses a change that is made in the name of a session that was ended since the access token was looked at. The moment
// between would do for somebody who is being thrown out of an account, and who decides how slowly a request arrives.
func hold(ctx context.Context, repos port.Repos) error {
	acting := domain.ActingOf(ctx)
	if acting.ID == "" {
		return nil
	}
	err := repos.Sessions().Hold(ctx, acting.UserID, acting.ID)
	if errors.Is(err, port.ErrNotFound) {
		return fmt.Errorf("%w: the session has ended", domain.Unauthorized)
	}
	return err
}

// create stores a new account together with the event.
func (a Audit) create(ctx context.Context, users port.Users, account port.NewUser, actor domain.Actor) error {
	event := a.complete(ctx, createdEvent(account, actor))
	account.Noted = a.noted(event)
	err := users.Insert(ctx, account)
	if err == nil {
		a.Witness.Committed(ctx, event)
	}
	return err
}

func createdEvent(account port.NewUser, actor domain.Actor) domain.Event {
	event := domain.Event{Kind: domain.UserCreated, UserID: account.ID, Actor: actor}
	if account.Session != nil {
		event.SessionID = account.Session.ID
	}
	if account.IsAnonymous {
		event.Method = domain.MethodAnonymous
	}
	if account.Link != nil {
		event.Target = account.Link.Identity.Provider
	}
	return event
}

// happened takes down an event that changed nothing.
func (a Audit) happened(ctx context.Context, e domain.Event) {
	e = a.complete(ctx, e)
	a.Witness.Happened(ctx, e, a.noted(e))
}

func (a Audit) complete(ctx context.Context, e domain.Event) domain.Event {
	e.ID, e.At, e.Device, e.RequestID = a.Random.UUID(), a.Clock.Now(), domain.DeviceOf(ctx), domain.RequestIDOf(ctx)
	if e.Actor == "" {
		e.Actor = domain.ActorUser
	}
	return e
}

func (a Audit) noted(events ...domain.Event) (noted port.Noted) {
	if a.Keep {
		noted.Kept = events
	}
	for _, event := range events {
		for _, hook := range a.Hooks {
			if hook.Wants(event.Kind) {
				noted.Webhooks = append(noted.Webhooks, hook.Message(a.Random.UUID(), event))
			}
		}
	}
	return noted
}

// endAllBut ends all sessions of a user except one.
func (a Audit) endAllBut(ctx context.Context, store port.Store, user domain.UserID, spared domain.SessionID) error {
	return a.change(ctx, store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.SessionsEnded, UserID: user, SessionID: spared})
		return repos.Sessions().EndAllBut(ctx, user, spared)
	})
}

// signInTry is somebody who tries to sign in.
type signInTry struct {
	audit  Audit
	method domain.SignInMethod
	target string
	user   domain.UserID // as far as it is known whom they claim to be
}

func (a Audit) signIn(method domain.SignInMethod) *signInTry {
	return &signInTry{audit: a, method: method}
}

// ended takes down how a try ended. Whoever is neither let in nor refused waits for a mail, or has got a code.
func (t *signInTry) ended(ctx context.Context, in SignedIn, err error) {
	event := domain.Event{UserID: t.user, Method: t.method, Target: t.target}
	var code domain.Code
	switch {
	case err != nil:
		if !errors.As(err, &code) || !domain.FailedSignIn(code) {
			return
		}
		event.Kind, event.Actor, event.Reason = domain.SignInFailed, domain.ActorClient, code
	case in.MFATicket != "":
		event.Kind, event.Actor = domain.SignInChallenged, domain.ActorClient
	case in.Session != nil:
		event.Kind, event.UserID, event.SessionID = domain.SignInSucceeded, in.Session.User.ID, in.Session.ID
	default:
		return
	}
	t.audit.happened(ctx, event)
}

// signedIn is as much of what a first factor gave as the log needs.
func (a admitted) signedIn() SignedIn {
	in := SignedIn{MFATicket: a.mfaTicket}
	if a.opened != nil {
		in.Session = &Session{ID: a.opened.id, User: a.opened.user}
	}
	return in
}

// endedWith is ended for a way in that asks for no second factor.
func (t *signInTry) endedWith(ctx context.Context, session Session, err error) {
	t.ended(ctx, SignedIn{Session: &session}, err)
}

// elevated takes down whether somebody has proven once more who they are.
func (a Audit) elevated(ctx context.Context, user domain.UserID, method domain.SignInMethod, session Session, err error) {
	event := domain.Event{Kind: domain.SessionElevated, UserID: user, Method: method, SessionID: session.ID}
	if err != nil {
		var code domain.Code
		if !errors.As(err, &code) || !domain.FailedSignIn(code) {
			return
		}
		event.Kind, event.Reason = domain.ElevationFailed, code
	}
	a.happened(ctx, event)
}

// wrongCode takes down a code that was wrong where a user is to prove that the second factor is theirs.
func (a Audit) wrongCode(ctx context.Context, user domain.UserID, err error) {
	for _, code := range []domain.Code{domain.InvalidTOTP, domain.TooManyRequests} {
		if errors.Is(err, code) {
			a.happened(ctx, domain.Event{Kind: domain.SecondFactorFailed, UserID: user, Method: domain.MethodTOTP, Reason: code})
		}
	}
}
