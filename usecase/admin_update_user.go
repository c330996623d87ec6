package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminUpdateUser changes an account.
type AdminUpdateUser struct {
	Administration
	Policy domain.SignUpPolicy
}

// Do changes what is not nil and returns the account as it is then. A default role that no longer is among the roles gives way to
// the configured one, or to the first of them, unless one is stated. A new address counts as not verified unless that is stated, too.
// All sessions, and whatever was mailed, end when the account is disabled or its address changes. Errors: NotFound,
// EmailAlreadyInUse, DefaultRoleMustBeInAllowedRoles.
func (uc *AdminUpdateUser) Do(ctx context.Context, ref domain.UserRef, change domain.UserChange) (domain.Account, error) {
	before, err := uc.account(ctx, uc.Store, ref)
	if err != nil {
		return domain.Account{}, err
	}
	if change.Roles != nil || change.DefaultRole != nil {
		if change, err = uc.withDefaultRole(before, change); err != nil {
			return domain.Account{}, err
		}
	}
	moved := change.Email != nil && change.Email.Canonical() != before.Email.Canonical()
	if unverified := false; moved && change.EmailVerified == nil {
		change.EmailVerified = &unverified
	}
	after, err := uc.changed(ctx, before.ID, change)
	if err == nil && (moved || change.Disabled != nil && *change.Disabled) {
		err = uc.endSessions(ctx, before.ID)
	}
	return after, err
}

func (uc *AdminUpdateUser) withDefaultRole(before domain.Account, change domain.UserChange) (domain.UserChange, error) {
	roles, stated := change.Roles, domain.Role("")
	if roles == nil {
		roles = before.Roles
	}
	if change.DefaultRole != nil {
		stated = *change.DefaultRole
	}
	role, err := domain.DefaultRoleAmong(roles, stated, before.DefaultRole, uc.Policy.DefaultRole)
	change.DefaultRole = &role
	return change, err
}
