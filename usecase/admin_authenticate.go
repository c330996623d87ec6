package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminAuthenticate tells whether a request comes from an administrator.
type AdminAuthenticate struct {
	Secret domain.AdminSecret
	Audit  Audit
}

// Do answers DisabledEndpoint when no secret is configured, and InvalidAdminSecret.
func (uc *AdminAuthenticate) Do(ctx context.Context, presented string) error {
	err := uc.Secret.Check(presented)
	if err == domain.InvalidAdminSecret {
		uc.Audit.happened(ctx, domain.Event{Kind: domain.AdministrationRefused, Actor: domain.ActorClient, Reason: domain.InvalidAdminSecret})
	}
	return err
}
