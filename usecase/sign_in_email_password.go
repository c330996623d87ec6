package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// SignInEmailPassword signs a user in who knows the account's address and password.
type SignInEmailPassword struct {
	Store     port.Store
	Passwords port.Passwords
	Sessions  Sessions
	Policy    domain.SignInPolicy
}

// SignInEmailPasswordInput is a request to sign in.
type SignInEmailPasswordInput struct {
	Email    domain.Email
	Password string
}

// Do returns a new session, or the ticket for the second step. An unknown address, an account without a password and a wrong password cost one hash each and are
// all InvalidEmailPassword; the state of the account (DisabledUser, UnverifiedUser) is told only to who knows the password.
func (uc *SignInEmailPassword) Do(ctx context.Context, in SignInEmailPasswordInput) (signedIn SignedIn, err error) {
	try := uc.Sessions.Audit.signIn(domain.MethodPassword)
	defer func() { try.ended(ctx, signedIn, err) }()
	signedIn, err = uc.attempt(ctx, in, try)
	if errors.Is(err, port.ErrNotFound) { // the account changed while the password was looked at: look again
		signedIn, err = uc.attempt(ctx, in, try)
	}
	if errors.Is(err, port.ErrNotFound) {
		return SignedIn{}, domain.InvalidEmailPassword
	}
	return signedIn, err
}

func (uc *SignInEmailPassword) attempt(ctx context.Context, in SignInEmailPasswordInput, try *signInTry) (SignedIn, error) {
	user, err := uc.Store.Users().ByEmail(ctx, in.Email)
	if err != nil && !errors.Is(err, port.ErrNotFound) {
		return SignedIn{}, err
	}
	try.user = user.ID
	ok, rehash, err := uc.Passwords.Verify(ctx, user.PasswordHash, in.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, domain.InvalidEmailPassword
	}
	if err := uc.Policy.MaySignIn(user); err != nil {
		return SignedIn{}, err
	}
	signedIn, err := uc.Sessions.signIn(ctx, uc.Store, user, domain.ByPassword, user.PasswordHash)
	if err == nil && rehash {
		uc.rehash(ctx, user, in.Password)
	}
	return signedIn, err
}

// rehash brings an old hash up to today's parameters. When that fails the old one is still good, and the next sign-in tries again.
func (uc *SignInEmailPassword) rehash(ctx context.Context, user domain.User, password string) {
	if hash, err := uc.Passwords.Hash(ctx, password); err == nil {
		_ = uc.Store.Users().ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash)
	}
}
