package usecase

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Ceremonies begins and ends the ceremonies of WebAuthn. What must be remembered between the two halves is in the store, so they
// may reach different instances; each ceremony is taken from there once, by its challenge, for its purpose and its user.
type Ceremonies struct {
	Enabled  bool
	Store    port.Store
	WebAuthn port.WebAuthn
	Clock    port.Clock
	Journal  port.Journal
	Audit    Audit
}

// allowed answers DisabledEndpoint where WebAuthn is switched off.
func (c Ceremonies) allowed() error {
	if !c.Enabled {
		return domain.DisabledEndpoint
	}
	return nil
}

// actingOwner returns who is signed in, with their keys. Errors: DisabledEndpoint, those of domain.SignInPolicy.MayAct,
// InvalidEmailPassword (the account is gone).
func (c Ceremonies) actingOwner(ctx context.Context, policy domain.SignInPolicy, bearer domain.UserID) (port.KeyOwner, error) {
	if err := c.allowed(); err != nil {
		return port.KeyOwner{}, err
	}
	user, err := actingUser(ctx, c.Store.Users(), policy, bearer)
	if err != nil {
		return port.KeyOwner{}, err
	}
	return c.owner(ctx, user)
}

// register begins a ceremony for a new key and returns the options for the browser.
func (c Ceremonies) register(ctx context.Context, ceremony domain.Ceremony, owner port.KeyOwner, userVerified bool) ([]byte, error) {
	options, challenge, state, err := c.WebAuthn.BeginRegistration(owner, userVerified)
	if err != nil {
		return nil, err
	}
	ceremony.UserID = owner.ID
	return options, c.remember(ctx, ceremony, challenge, state)
}

// ask begins a ceremony for the use of one of owner's keys or, when owner is nil, of any passkey.
func (c Ceremonies) ask(ctx context.Context, purpose domain.CeremonyPurpose, owner *port.KeyOwner, userVerified bool) ([]byte, error) {
	options, challenge, state, err := c.WebAuthn.BeginAssertion(owner, userVerified)
	if err != nil {
		return nil, err
	}
	ceremony := domain.Ceremony{Purpose: purpose}
	if owner != nil {
		ceremony.UserID = owner.ID
	}
	return options, c.remember(ctx, ceremony, challenge, state)
}

func (c Ceremonies) remember(ctx context.Context, ceremony domain.Ceremony, challenge, state string) error {
	ceremony.Challenge, ceremony.State, ceremony.ExpiresAt = challenge, state, c.Clock.Now().Add(domain.CeremonyLifetime)
	return c.Store.Ceremonies().Add(ctx, ceremony)
}

// take ends the ceremony that answer belongs to, whatever comes of it. bearer is whose it must be, "" where nobody is signed in.
// InvalidRequest.
func (c Ceremonies) take(ctx context.Context, purpose domain.CeremonyPurpose, bearer domain.UserID, answer []byte) (domain.Ceremony, error) {
	challenge, err := c.WebAuthn.Challenge(answer)
	if err != nil {
		return domain.Ceremony{}, err
	}
	ceremony, err := c.Store.Ceremonies().Take(ctx, challenge, purpose, bearer, c.Clock.Now())
	if errors.Is(err, port.ErrNotFound) {
		return domain.Ceremony{}, fmt.Errorf("%w: no such ceremony is open for %s: %w", domain.InvalidRequest, purpose, err)
	}
	return ceremony, err
}

// newKey checks the second half of a registration.
func (c Ceremonies) newKey(ceremony domain.Ceremony, answer []byte) (domain.SecurityKey, error) {
	key, err := c.WebAuthn.FinishRegistration(port.KeyOwner{ID: ceremony.UserID}, ceremony.State, answer)
	key.UserID, key.CreatedAt = ceremony.UserID, c.Clock.Now()
	return key, err
}

// prove checks the second half of an assertion, notes that the key was used, and returns whose it is. InvalidRequest.
func (c Ceremonies) prove(ctx context.Context, purpose domain.CeremonyPurpose, bearer domain.UserID, answer []byte) (domain.User, error) {
	ceremony, err := c.take(ctx, purpose, bearer, answer)
	if err != nil {
		return domain.User{}, err
	}
	var user domain.User
	owner, key, err := c.WebAuthn.FinishAssertion(ceremony.State, answer, func(id domain.UserID) (owner port.KeyOwner, err error) {
		if user, err = c.Store.Users().ByID(ctx, id); err != nil {
			return port.KeyOwner{}, err
		}
		return c.owner(ctx, user)
	})
	if errors.Is(err, port.ErrKeyCopied) {
		c.Journal.SecurityKeyCopied(string(owner), string(key.ID))
		c.Audit.happened(ctx, domain.Event{Kind: domain.SecurityKeyCopied, Actor: domain.ActorClient, UserID: owner, Target: string(key.ID)})
	}
	if err != nil {
		return domain.User{}, err
	}
	key.LastUsedAt = c.Clock.Now()
	err = c.Store.SecurityKeys().Use(ctx, key)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, fmt.Errorf("%w: the key was removed, or its counter was reached by another use: %w", domain.InvalidRequest, err)
	}
	return user, err
}

// owner returns a user as authenticators see them, with all their keys.
func (c Ceremonies) owner(ctx context.Context, user domain.User) (port.KeyOwner, error) {
	keys, err := c.Store.SecurityKeys().List(ctx, user.ID)
	name := cmp.Or(user.DisplayName, string(user.Email))
	return port.KeyOwner{ID: user.ID, Name: name, DisplayName: name, Keys: keys}, err
}
