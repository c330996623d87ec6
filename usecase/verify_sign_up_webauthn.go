package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// VerifySignUpWebauthn finishes a sign-up with a security key: it creates the account.
type VerifySignUpWebauthn struct {
	Ceremonies Ceremonies
	Random     port.Random
	Enrolment  Enrolment
}

// VerifySignUpWebauthnInput is the new key and what the account shall be.
type VerifySignUpWebauthnInput struct {
	Answer   []byte // of navigator.credentials.create, as JSON
	Nickname string
	Options  domain.SignUpOptions // what is stated here goes before what the first half stated

	CodeChallenge string // for the link that verifies the address
}

// Do returns the first session, or nil when the address must be verified first. The authenticator must have verified the user, for
// the key is the only factor. Errors: DisabledEndpoint, SignupDisabled, InvalidRequest, RedirectToNotAllowed, RoleNotAllowed,
// DefaultRoleMustBeInAllowedRoles, InvalidEmailPassword (the address is refused), EmailAlreadyInUse, DisabledUser (the account was
// created, but disabled).
func (uc *VerifySignUpWebauthn) Do(ctx context.Context, in VerifySignUpWebauthnInput) (*Session, error) {
	if err := uc.Ceremonies.allowed(); err != nil {
		return nil, err
	}
	policy := uc.Enrolment.Policy
	if err := policy.MaySignUp(); err != nil {
		return nil, err
	}
	ceremony, err := uc.Ceremonies.take(ctx, domain.CeremonySignUp, "", in.Answer)
	if err != nil {
		return nil, err
	}
	profile, err := resolveWithKey(policy, ceremony.Email, in.Options.Over(ceremony.Options))
	if err != nil {
		return nil, err
	}
	key, err := uc.Ceremonies.newKey(ceremony, in.Answer)
	if err != nil {
		return nil, err
	}
	key.ID, key.Nickname = domain.SecurityKeyID(uc.Random.UUID()), in.Nickname
	user := policy.WithEmail(ceremony.UserID, ceremony.Email, "", profile)
	session, err := uc.Enrolment.create(ctx, port.NewUser{User: user, Key: &key}, profile.RedirectTo, in.CodeChallenge)
	if errors.Is(err, domain.EmailAlreadyInUse) {
		return nil, uc.whatIsTaken(ctx, ceremony.Email)
	}
	return session, err
}

// whatIsTaken tells an address that somebody has from a credential that somebody has, which no honest authenticator makes.
func (uc *VerifySignUpWebauthn) whatIsTaken(ctx context.Context, email domain.Email) error {
	_, err := uc.Ceremonies.Store.Users().ByEmail(ctx, email)
	if errors.Is(err, port.ErrNotFound) {
		return errKeyTaken()
	}
	return firstError(err, domain.EmailAlreadyInUse)
}

// errKeyTaken says that a credential is somebody's key already.
func errKeyTaken() error {
	return &domain.FieldError{Code: domain.InvalidRequest, Field: "credential", Reason: "belongs to a key that is registered already"}
}
