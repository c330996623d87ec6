package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// CreatePAT makes a personal access token.
type CreatePAT struct {
	Store  port.Store
	Clock  port.Clock
	Random port.Random
	SignIn domain.SignInPolicy
	Policy domain.PATPolicy
	Audit  Audit
}

// CreatePATInput is what the token shall be.
type CreatePATInput struct {
	Bearer    domain.UserID
	ExpiresAt time.Time
	Metadata  domain.Metadata
}

// Do returns the token, which is shown once, and its id. Errors: InvalidRequest (the expiry, or there are domain.MaxPATs already; calls
// at the same time may add one each beyond that), those of domain.SignInPolicy.MayAct.
func (uc *CreatePAT) Do(ctx context.Context, in CreatePATInput) (id, token string, err error) {
	now := uc.Clock.Now()
	if err := uc.Policy.Check(in.ExpiresAt, now); err != nil {
		return "", "", err
	}
	user, err := actingUser(ctx, uc.Store.Users(), uc.SignIn, in.Bearer)
	if err != nil {
		return "", "", err
	}
	id, token = uc.Random.UUID(), uc.Random.UUID()
	return id, token, uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		others, err := repos.PersonalAccessTokens().List(ctx, user.ID)
		if err == nil {
			err = domain.RoomForPAT(others, now)
		}
		if err != nil {
			return err
		}
		repos.note(ctx, domain.Event{Kind: domain.PATCreated, UserID: user.ID, Target: id})
		return repos.PersonalAccessTokens().Add(ctx, domain.PersonalAccessToken{
			ID: id, UserID: user.ID, TokenHash: domain.RefreshToken(token).Hash(), Metadata: in.Metadata, CreatedAt: now, ExpiresAt: in.ExpiresAt.UTC(),
		})
	})
}
