package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// RefreshToken replaces the refresh token of a session and gives it a new access token.
//
// The session's id stays. A token that was replaced moments ago (two tabs, a lost answer) leads to the same successor, on any
// instance; one that was replaced earlier is in somebody else's hands, and ends the session (RFC 9700 §4.14.2).
type RefreshToken struct {
	Store    port.Store
	Sessions Sessions
	Policy   domain.SignInPolicy
	Journal  port.Journal
	Meter    port.RefreshMeter
}

// Do returns the session with its new tokens. Errors: InvalidRefreshToken, DisabledUser, UnverifiedUser.
func (uc *RefreshToken) Do(ctx context.Context, token domain.RefreshToken) (Session, error) {
	session, err := uc.rotate(ctx, token)
	if err == nil {
		uc.Meter.Refreshed(domain.RefreshRotated)
	}
	if !errors.Is(err, port.ErrNotFound) {
		return session, err
	}
	trails, err := uc.Store.Sessions().Trails(ctx, token.Hash(), uc.Sessions.Key.Family(token))
	if err != nil {
		return Session{}, err
	}
	session, outcome, err := uc.judge(ctx, token, trails)
	uc.Meter.Refreshed(outcome)
	return session, err
}

// rotate is the case that matters for speed: one statement and one signature. port.ErrNotFound: anything but a good token.
func (uc *RefreshToken) rotate(ctx context.Context, token domain.RefreshToken) (Session, error) {
	if uc.Sessions.ClaimsPolicy.OnFailure == domain.ClaimsDemanded {
		return uc.rotateWithClaims(ctx, token)
	}
	o, err := uc.replace(ctx, token)
	if err != nil {
		return Session{}, err
	}
	return uc.Sessions.issue(ctx, o)
}

// rotateWithClaims replaces the token only when the app's claims are there: whoever is refused for lack of them must be able to come
// again with the same token, however long that takes.
func (uc *RefreshToken) rotateWithClaims(ctx context.Context, token domain.RefreshToken) (Session, error) {
	trails, err := uc.Store.Sessions().Trails(ctx, token.Hash(), "")
	if err != nil {
		return Session{}, err
	}
	if len(trails) == 0 {
		return Session{}, port.ErrNotFound
	}
	custom, err := uc.Sessions.custom(ctx, trails[0].Session.UserID)
	if err != nil {
		return Session{}, err
	}
	o, err := uc.replace(ctx, token)
	if err != nil {
		return Session{}, err
	}
	return uc.Sessions.sign(ctx, o, custom)
}

func (uc *RefreshToken) replace(ctx context.Context, token domain.RefreshToken) (opened, error) {
	now := uc.Sessions.Clock.Now()
	nonce := domain.NewRefreshNonce(uc.Sessions.Random.Nonce())
	successor := uc.Sessions.Key.Successor(token, nonce)
	user, id, err := uc.Store.Sessions().Rotate(ctx, port.Rotation{
		Token:           token.Hash(),
		Successor:       successor.Hash(),
		Family:          uc.Sessions.Key.Family(successor),
		Past:            domain.NewPastRotation(token, nonce, now),
		Now:             now,
		ExpiresAt:       now.Add(uc.Sessions.Policy.RefreshTokenTTL),
		KeepSince:       now.Add(-uc.Sessions.Policy.Grace),
		RequireVerified: uc.Policy.RequireVerified,
	})
	return opened{user: user, id: id, token: successor}, err
}

// judge answers a token that could not be replaced, by what is known of the session it belongs or belonged to. Two sessions
// share a family about once in 2^56 pairs; then the one that knows the token decides.
func (uc *RefreshToken) judge(ctx context.Context, token domain.RefreshToken, trails []domain.Trail) (Session, domain.RefreshOutcome, error) {
	var reused []domain.Session
	outcome := domain.RefreshUnknown
	for _, trail := range trails {
		switch verdict, nonce := trail.Judge(token, uc.Sessions.Clock.Now(), uc.Sessions.Policy.Grace); verdict {
		case domain.TokenCurrent:
			return Session{}, domain.RefreshRefused, uc.refusal(ctx, trail.Session.UserID)
		case domain.TokenReplaced:
			session, err := uc.repeat(ctx, trail.Session, uc.Sessions.Key.Successor(token, nonce))
			return session, domain.RefreshRepeated, err
		case domain.TokenExpired:
			outcome = domain.RefreshExpired
		case domain.TokenReused:
			reused = append(reused, trail.Session)
		}
	}
	for _, session := range reused {
		if err := uc.endReused(ctx, session); err != nil {
			return Session{}, domain.RefreshReused, err
		}
		outcome = domain.RefreshReused
		uc.Journal.RefreshTokenReused(string(session.UserID), string(session.ID))
	}
	return Session{}, outcome, domain.InvalidRefreshToken
}

// endReused ends a session whose token somebody has a copy of, unless another request has just done so.
func (uc *RefreshToken) endReused(ctx context.Context, session domain.Session) error {
	err := uc.Sessions.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.RefreshTokenReused, Actor: domain.ActorClient, UserID: session.UserID, SessionID: session.ID})
		return repos.Sessions().EndOwn(ctx, session.UserID, session.ID)
	})
	if errors.Is(err, port.ErrNotFound) {
		return nil
	}
	return err
}

// repeat answers once more what the first caller with the same token was answered.
func (uc *RefreshToken) repeat(ctx context.Context, session domain.Session, successor domain.RefreshToken) (Session, error) {
	user, err := uc.user(ctx, session.UserID)
	if err != nil {
		return Session{}, err
	}
	return uc.Sessions.issue(ctx, opened{user: user, id: session.ID, token: successor})
}

// refusal says why a good token was not replaced: the account's state forbids it. When the state has changed in between,
// the client does best to ask again.
func (uc *RefreshToken) refusal(ctx context.Context, id domain.UserID) error {
	if _, err := uc.user(ctx, id); err != nil {
		return err
	}
	return domain.Unavailable
}

func (uc *RefreshToken) user(ctx context.Context, id domain.UserID) (domain.User, error) {
	user, err := uc.Store.Users().ByID(ctx, id)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, domain.InvalidRefreshToken
	}
	if err != nil {
		return domain.User{}, err
	}
	return user, uc.Policy.MayRefresh(user)
}
