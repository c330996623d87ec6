package usecase

import "github.com/hexauth/hexauth/domain"

// AdminAuthenticate tells whether a request comes from an administrator.
type AdminAuthenticate struct{ Secret domain.AdminSecret }

// Do answers DisabledEndpoint when no secret is configured, and InvalidAdminSecret.
func (uc *AdminAuthenticate) Do(presented string) error { return uc.Secret.Check(presented) }
