package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// actingUser returns the account of an access token's bearer if it may still be acted upon: a token outlives what happens to
// its account for a quarter of an hour. The codes are those of domain.SignInPolicy.MayAct, and InvalidEmailPassword when the
// account is gone.
func actingUser(ctx context.Context, users port.Users, policy domain.SignInPolicy, bearer domain.UserID) (domain.User, error) {
	user, err := users.ByID(ctx, bearer)
	if errors.Is(err, port.ErrNotFound) {
		return domain.User{}, domain.InvalidEmailPassword
	}
	if err != nil {
		return domain.User{}, err
	}
	return user, policy.MayAct(user)
}

// claim notes that whoever is here receives mail at the account's address. Where addresses must be verified, the first who does
// is its owner, and whoever made the account may have been somebody else: what they set is removed, so that nobody keeps a way
// into an account that they made for another's address. The owner has lost nothing by it: the account could not be used before.
// port.ErrNotFound: the account is gone or has another address.
func claim(ctx context.Context, repos port.Repos, policy domain.SignInPolicy, id domain.UserID, email domain.Email) error {
	user, err := repos.Users().ByID(ctx, id)
	if err != nil {
		return err
	}
	if policy.RequireVerified && !user.EmailVerified {
		if err := repos.Users().Claim(ctx, id); err != nil {
			return err
		}
	}
	return repos.Users().MarkEmailVerified(ctx, id, email)
}

// ticketError translates what is not, or no longer, there.
func ticketError(err error) error {
	if errors.Is(err, port.ErrNotFound) {
		return domain.InvalidTicket
	}
	return err
}

// firstError returns err or, when all went well, what the client must be told all the same.
func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// PasswordChecks says which new passwords are good enough.
type PasswordChecks struct {
	Policy   domain.PasswordPolicy
	Breached port.BreachedPasswords
	FailOpen bool // let a password pass when nobody can be asked
}

// check answers PasswordTooShort, PasswordInHIBPDatabase, what domain.PasswordPolicy answers besides, or nil.
func (c PasswordChecks) check(ctx context.Context, field, password string) error {
	if err := c.Policy.Check(field, password); err != nil {
		return err
	}
	known, err := c.Breached.Contains(ctx, password)
	switch {
	case err != nil && !c.FailOpen:
		return fmt.Errorf("%w: %w", domain.InternalServerError, err)
	case err == nil && known:
		return domain.PasswordInHIBPDatabase
	}
	return nil
}
